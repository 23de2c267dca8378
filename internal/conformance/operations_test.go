package conformance_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
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

// doGetDraft works whatever happened to the image and the draft.
func doGetDraft(ctx context.Context, f *fixture) error {
	_, err := f.client.ImagesV1.Get(ctx, "draft")
	return err
}

// waitFor waits for an upload that somebody else makes after a time.
func waitFor(d time.Duration) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		defer time.AfterFunc(d, func() { f.server.AddImages(cfimages.Image{ID: "draft"}) }).Stop()
		img, err := f.client.DirectUploads.Wait(ctx, "draft")
		if err == nil && img.Draft {
			return errors.New("it is still a draft")
		}
		return err
	}
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

// retryRule says after which failures a call of an operation is retried.
type retryRule int

const (
	always      retryRule = iota // a read, or a write that may be done twice
	unprocessed                  // a write that the server is known to have done nothing for
	unsent                       // a write of which not a byte was sent
)

// operation is an operation of the API.
type operation struct {
	op    imagestest.Operation
	call  func(context.Context, *fixture) error
	after string // stored, after a success
	retry retryRule
}

// operations are all of them. Each meets every status, and every failure of a
// connection or a response.
var operations = []operation{
	{imagestest.OpList, doList, before, always},
	{imagestest.OpGet, doGet, before, always},
	{imagestest.OpBlob, doBlob, before, always},
	{imagestest.OpDelete, doDelete, "(draft)", always},
	{imagestest.OpCreate, doCreate, before + " (new)", unprocessed},
	{imagestest.OpUpload, doUpload, "image draft", unsent},
}

// unknown returns the sentinels of a failure that leaves open whether the
// operation was done: ErrOutcomeUnknown for a write, and others.
func (o operation) unknown(others ...error) []error {
	if o.retry == always {
		return others
	}
	return append(others, cfimages.ErrOutcomeUnknown)
}

// storedAt returns what is stored when an operation failed at a position.
func (o operation) storedAt(position imagestest.Position) string {
	if position >= imagestest.AfterCommit {
		return o.after
	}
	return before
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

// loses makes a call that is to fail with an unknown outcome, and goes on.
func loses(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		if err := call(ctx, f); !errors.Is(err, cfimages.ErrOutcomeUnknown) {
			return fmt.Errorf("not of an unknown outcome: %w", cmp.Or(err, errors.New("a success")))
		}
		return nil
	}
}

// together makes several calls at the same time.
func together(calls ...func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		errs := make([]error, len(calls))
		var running sync.WaitGroup
		for i, call := range calls {
			running.Go(func() { errs[i] = call(ctx, f) })
		}
		running.Wait()
		return errors.Join(errs...)
	}
}

// atOnce makes a call n times at the same time.
func atOnce(n int, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return together(slices.Repeat([]func(context.Context, *fixture) error{call}, n)...)
}

// after makes a call after a pause.
func after(pause time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		time.Sleep(pause)
		return call(ctx, f)
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
