package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
)

const (
	imageCount    = 26
	uploadsAtOnce = 5
	perPage       = 10

	linkLifetime    = 10 * time.Minute
	uploadPatience  = time.Minute
	listPatience    = time.Minute
	listPause       = time.Second
	cleanUpPatience = 2 * time.Minute
)

// photo is the metadata of the tour's images.
type photo struct {
	Run      string `json:"run"` // tells the images of this run from all others
	Region   region `json:"region"`
	Priority int    `json:"priority"`
}

type region struct {
	Name string `json:"name"`
}

// tour is one run of the program.
type tour struct {
	client  *cfimages.Client
	out     io.Writer
	run     string
	usedURL string // a one-time upload URL that has done its work

	mu   sync.Mutex
	made []string // IDs of all that is to be deleted in the end
}

func newTour(client *cfimages.Client, out io.Writer) *tour {
	return &tour{client: client, out: out, run: strings.ToLower(rand.Text()[:10])}
}

// take goes through all steps but the last, cleanUp.
func (t *tour) take(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		t.uploadOne, t.uploadRest, t.awaitList, t.filter, t.walk, t.showErrors,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// uploadOne goes through a direct upload step by step.
func (t *tour) uploadOne(ctx context.Context) error {
	t.printf("\n1. Hand out a one-time upload URL, good for %v, for an image with an ID of our own", linkLifetime)
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

	t.printf("\n2. Upload to it, which needs no credentials, and wait until the image is there")
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

// uploadRest uploads the other images, several at once. After an error it
// begins no more, but lets those under way end, so that it is known how they did.
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
	return <-failed // nil if there is none
}

// upload makes one image.
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
		t.made = append(t.made, id)
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
	ctx, cancel := context.WithTimeout(ctx, uploadPatience)
	defer cancel()
	return t.client.DirectUploads.Wait(ctx, id)
}

// awaitList waits until the list shows the images: Cloudflare does not say how
// soon after an upload it does.
func (t *tour) awaitList(ctx context.Context) error {
	for start := time.Now(); ; {
		listed, err := t.find(ctx, t.ours())
		if err != nil {
			return err
		}
		if len(listed) == imageCount || time.Since(start) > listPatience {
			t.printf("   the list shows %d of our %d images", len(listed), imageCount)
			return nil
		}
		select {
		case <-time.After(listPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *tour) filter(ctx context.Context) error {
	t.printf("\n4. Find images by metadata: region.name is eu-west, priority is at least 4")
	found, err := t.find(ctx, t.ours(),
		cfimages.Eq("region.name", "eu-west"),
		cfimages.Gte("priority", 4))
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b cfimages.Image) int { return strings.Compare(a.Filename, b.Filename) })
	for _, img := range found {
		var p photo
		if err := img.DecodeMeta(&p); err != nil {
			return err
		}
		t.printf("   %s  %s, priority %d", img.Filename, p.Region.Name, p.Priority)
	}
	return nil
}

func (t *tour) walk(ctx context.Context) error {
	t.printf("\n5. Walk all our images, newest first, %d a page", perPage)
	n := 0
	for page, err := range t.client.ImagesV2.Pages(ctx, cfimages.ListParams{
		PerPage:   perPage,
		SortOrder: cfimages.SortDescending,
		Meta:      cfimages.Where(t.ours()),
	}) {
		if err != nil {
			return err
		}
		n++
		t.printf("   page %d: %d images", n, len(page.Images))
	}
	return nil
}

// ours is the condition that only images of this run meet.
func (t *tour) ours() cfimages.Condition { return cfimages.Eq("run", t.run) }

// find returns all images that meet the conditions.
func (t *tour) find(ctx context.Context, conditions ...cfimages.Condition) ([]cfimages.Image, error) {
	var found []cfimages.Image
	for img, err := range t.client.ImagesV2.All(ctx, cfimages.ListParams{Meta: cfimages.Where(conditions...)}) {
		if err != nil {
			return nil, err
		}
		found = append(found, img)
	}
	return found, nil
}

// cleanUp deletes what the tour made, and nothing else.
func (t *tour) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanUpPatience)
	defer cancel()
	t.printf("\n7. Delete what we made")
	var errs []error
	deleted := 0
	for _, id := range t.made {
		switch err := t.client.ImagesV1.Delete(ctx, id); {
		case err == nil:
			deleted++
		case !errors.Is(err, cfimages.ErrNotFound):
			errs = append(errs, fmt.Errorf("image %q remains, delete it by hand: %w", id, err))
		}
	}
	t.printf("   %d images deleted", deleted)
	return errors.Join(errs...)
}

func (t *tour) printf(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }
