package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// The calls of the cases. Each checks the result of a success.

func doList(ctx context.Context, f *fixture) error {
	page, err := f.client.ImagesV2.List(ctx, cfimages.ListParams{})
	if err == nil && (len(page.Images) != 1 || page.Images[0].ID != "image") {
		return fmt.Errorf("not the list: %v", page)
	}
	return err
}

func doGet(ctx context.Context, f *fixture) error {
	img, err := f.client.ImagesV1.Get(ctx, "image")
	if err == nil && (img.ID != "image" || len(img.Variants) != 1) {
		return fmt.Errorf("not the image: %v", img)
	}
	return err
}

func doBlob(ctx context.Context, f *fixture) error {
	blob, err := f.client.ImagesV1.Blob(ctx, "image")
	if err != nil {
		return err
	}
	defer blob.Close()
	picture, err := io.ReadAll(blob)
	if err == nil && (int64(len(picture)) != blob.Size || !strings.HasPrefix(string(picture), "\x89PNG")) {
		return fmt.Errorf("not the picture: %q", picture)
	}
	return err
}

func doDelete(ctx context.Context, f *fixture) error {
	return f.client.ImagesV1.Delete(ctx, "image")
}

func doCreate(ctx context.Context, f *fixture) error {
	created, err := f.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "new"})
	if err == nil && (created.ID != "new" || !strings.HasSuffix(created.UploadURL, "/new")) {
		return fmt.Errorf("not the draft: %#v", created)
	}
	return err
}

func doUpload(ctx context.Context, f *fixture) error {
	img, err := f.client.DirectUploads.Upload(ctx, f.uploadURL, cfimages.File{Name: "a.png", Body: strings.NewReader(canned.PNG)})
	if err == nil && img.ID != "draft" {
		return fmt.Errorf("not the image: %v", img)
	}
	return err
}

// operations are all operations of the API. Each meets every status, and every
// failure of a connection or a response.
var operations = []struct {
	op    imagestest.Operation
	call  func(context.Context, *fixture) error
	after string // stored, after a success
}{
	{imagestest.OpList, doList, before},
	{imagestest.OpGet, doGet, before},
	{imagestest.OpBlob, doBlob, before},
	{imagestest.OpDelete, doDelete, "(draft)"},
	{imagestest.OpCreate, doCreate, before + " (new)"},
	{imagestest.OpUpload, doUpload, "image draft"},
}

// then makes one call of several. The first error ends them.
func then(calls ...func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		for _, call := range calls {
			if err := call(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}
}

// within gives a call a deadline.
func within(d time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return call(ctx, f)
	}
}

// errEnough is the cause with which canceledAfter cancels.
var errEnough = errors.New("enough")

// canceledAfter cancels a call after a time.
func canceledAfter(d time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer time.AfterFunc(d, func() { cancel(errEnough) }).Stop()
		return call(ctx, f)
	}
}

// once is a client that makes one attempt.
func once() []cfimages.Option {
	return []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
}
