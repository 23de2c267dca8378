package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
)

const (
	imageCount    = 26
	uploadsAtOnce = 5
	perPage       = 10

	linkLifetime   = 10 * time.Minute
	uploadTimeout  = time.Minute
	listTimeout    = time.Minute
	pollInterval   = time.Second
	cleanUpTimeout = 2 * time.Minute
)

// photo is the metadata of the tour's images.
type photo struct {
	Run      string `json:"run"` // only images of this run have it
	Region   region `json:"region"`
	Priority int    `json:"priority"`
	Status   string `json:"status,omitempty"`
}

type region struct {
	Name string `json:"name"`
}

// tour is one run of the program.
type tour struct {
	client  *cfimages.Client
	out     io.Writer
	run     string
	usedURL string // a one-time upload URL that was used

	mu      sync.Mutex
	created []string // IDs of all images that cleanUp must delete
}

func newTour(client *cfimages.Client, out io.Writer) *tour {
	return &tour{client: client, out: out, run: strings.ToLower(rand.Text()[:10])}
}

// runSteps runs all steps except the last one, cleanUp.
func (t *tour) runSteps(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		t.uploadOne, t.uploadRest, t.awaitList, t.filter, t.update, t.listPages, t.showErrors,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// uploadOne shows a direct upload step by step.
func (t *tour) uploadOne(ctx context.Context) error {
	t.printf("\n1. Create a one-time upload URL, valid for %v, for an image with a custom ID", linkLifetime)
	upload, err := t.create(ctx, 0)
	if err != nil {
		return err
	}
	t.usedURL = upload.UploadURL
	t.printf("   printed without its secret: %v", upload)
	draft, err := t.client.ImagesV1.Get(ctx, upload.ID)
	if err != nil {
		return err
	}
	t.printf("   before the upload: draft = %t", draft.Draft)

	t.printf("\n2. Upload to it, which needs no credentials, and wait until the upload has completed")
	if err := t.send(ctx, upload, 0); err != nil {
		return err
	}
	img, err := t.wait(ctx, upload.ID)
	if err != nil {
		return err
	}
	t.printf("   after the upload:  draft = %t, file name %q, creator %q, metadata %s",
		img.Draft, img.Filename, img.Creator, img.Meta)
	return nil
}

// uploadRest uploads the other images, several concurrently. After an error it
// starts no more uploads, and waits for the running ones.
func (t *tour) uploadRest(ctx context.Context) error {
	t.printf("\n3. Upload %d more, %d at a time", imageCount-1, uploadsAtOnce)
	var uploads sync.WaitGroup
	slots := make(chan struct{}, uploadsAtOnce)
	failed := make(chan error, imageCount)
	for i := 1; i < imageCount && len(failed) == 0; i++ {
		slots <- struct{}{}
		uploads.Go(func() {
			defer func() { <-slots }()
			if err := t.upload(ctx, i); err != nil {
				failed <- err
			}
		})
	}
	uploads.Wait()
	close(failed)
	return <-failed // nil if no upload failed
}

// upload creates one image.
func (t *tour) upload(ctx context.Context, i int) error {
	created, err := t.create(ctx, i)
	if err != nil {
		return err
	}
	if err := t.send(ctx, created, i); err != nil {
		return err
	}
	_, err = t.wait(ctx, created.ID)
	return err
}

func (t *tour) create(ctx context.Context, i int) (*cfimages.DirectUpload, error) {
	id := fmt.Sprintf("quickstart-%s-%02d", t.run, i+1)
	created, err := t.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		ID:        id,
		Creator:   "quickstart",
		ExpiresIn: linkLifetime,
		Metadata: photo{
			Run:      t.run,
			Region:   region{Name: []string{"eu-west", "us-east", "ap-south"}[i%3]},
			Priority: i%5 + 1,
		},
	})
	if err == nil || errors.Is(err, cfimages.ErrOutcomeUnknown) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.created = append(t.created, id)
	}
	return created, err
}

func (t *tour) send(ctx context.Context, upload *cfimages.DirectUpload, i int) error {
	_, err := t.client.DirectUploads.Upload(ctx, upload.UploadURL, cfimages.File{
		Name:        fmt.Sprintf("photo-%02d.png", i+1),
		ContentType: "image/png",
		Body:        picture(i),
	})
	return err
}

func (t *tour) wait(ctx context.Context, id string) (*cfimages.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	return t.client.DirectUploads.Wait(ctx, id)
}

// cleanUp deletes the images that the tour created, and no others.
func (t *tour) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanUpTimeout)
	defer cancel()
	t.printf("\n8. Delete the images of this tour")
	var errs []error
	deleted := 0
	for _, id := range t.created {
		switch err := t.client.ImagesV1.Delete(ctx, id); {
		case err == nil:
			deleted++
		case !errors.Is(err, cfimages.ErrNotFound):
			errs = append(errs, fmt.Errorf("image %q was not deleted, delete it yourself: %w", id, err))
		}
	}
	t.printf("   %d images deleted", deleted)
	return errors.Join(errs...)
}

func (t *tour) printf(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }
