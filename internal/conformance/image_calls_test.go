package conformance_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// The calls of the cases that change or upload images from a backend.

func doUpdate(ctx context.Context, f *fixture) error {
	img, err := f.client.ImagesV1.Update(ctx, imageID, cfimages.UpdateParams{Creator: new("alice"), Metadata: map[string]int{"n": 1}})
	if err == nil && (img.ID != imageID || img.Creator != "alice" || string(img.Meta) != `{"n":1}`) {
		return fmt.Errorf("not the changed image: %v", img)
	}
	return err
}

// doUpdateAccess makes the image private, which gives it a new ID.
func doUpdateAccess(ctx context.Context, f *fixture) error {
	img, err := f.client.ImagesV1.Update(ctx, imageID, cfimages.UpdateParams{RequireSignedURLs: new(true)})
	if err == nil && (img.ID == imageID || !img.RequireSignedURLs) {
		return fmt.Errorf("not the image with a new ID: %v", img)
	}
	return err
}

func doStats(ctx context.Context, f *fixture) error {
	stats, err := f.client.ImagesV1.Stats(ctx)
	if err == nil && (stats.Current < 1 || stats.Allowed <= stats.Current) {
		return fmt.Errorf("not the counts: %+v", stats)
	}
	return err
}

// newImage is what the uploads store.
var newImage = cfimages.UploadParams{ID: "uploaded", Metadata: map[string]int{"n": 1}}

// doUploadImage uploads a file that can be resent from its start.
func doUploadImage(ctx context.Context, f *fixture) error {
	return f.uploadImage(ctx, cfimages.File{Name: "a.png", Body: strings.NewReader(canned.PNG)}, len(canned.PNG))
}

// uploadImage uploads a file of a size.
func (f *fixture) uploadImage(ctx context.Context, file cfimages.File, size int) error {
	var sent, of int64
	file.Progress = func(n, total int64) { sent, of = n, total }
	img, err := f.client.ImagesV1.Upload(ctx, file, newImage)
	switch {
	case err != nil:
		return err
	case img.ID != newImage.ID || string(img.Meta) != `{"n":1}`:
		return fmt.Errorf("not the image: %v", img)
	case sent != int64(size) || of != int64(size):
		return fmt.Errorf("the progress ended at %d of %d", sent, of)
	}
	return nil
}

// sourceURL has a password, and a signature in its query.
const sourceURL = "https://somebody:" + canaryPassword + "@source.example/cat.png?signature=" + canarySignature

func doUploadFromURL(ctx context.Context, f *fixture) error {
	img, err := f.client.ImagesV1.UploadFromURL(ctx, sourceURL, newImage)
	if err == nil && (img.ID != newImage.ID || img.Filename != "cat.png") {
		return fmt.Errorf("not the image: %v", img)
	}
	return err
}
