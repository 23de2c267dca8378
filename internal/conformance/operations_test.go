package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// The calls of the cases. Each checks the result of a success.

func doList(ctx context.Context, f *fixture) error {
	page, err := f.client.ImagesV2.List(ctx, cfimages.ListParams{})
	if err == nil && (len(page.Images) != 1 || page.Images[0].ID != imageID) {
		return fmt.Errorf("not the list: %v", page)
	}
	return err
}

func doGet(ctx context.Context, f *fixture) error {
	img, err := f.client.ImagesV1.Get(ctx, imageID)
	if err == nil && (img.ID != imageID || len(img.Variants) != 2) {
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
	blob, err := f.client.ImagesV1.Blob(ctx, imageID)
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
	return f.client.ImagesV1.Delete(ctx, imageID)
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

// operation is a call of the API, as it is swept.
type operation struct {
	op      imagestest.Operation
	variety string // of the calls of op; "": there is one
	call    func(context.Context, *fixture) error
	after   string // stored, after a success
	retry   retryRule
	batched bool // the batch host serves it too
	length  int  // of the response, for a write that may not be retried
}

// operations are all of them. Each is tested with every status, and with every failure
// of a connection or a response.
var operations = []operation{
	{op: imagestest.OpList, call: doList, after: before, batched: true},
	{op: imagestest.OpGet, call: doGet, after: before, batched: true},
	{op: imagestest.OpBlob, call: doBlob, after: before},
	{op: imagestest.OpUpdate, call: doUpdate, after: "image:alice (draft)", batched: true},
	{op: imagestest.OpUpdate, variety: "of the access", call: doUpdateAccess, after: "generated:private (draft)", retry: unprocessed, batched: true, length: 431},
	{op: imagestest.OpDelete, call: doDelete, after: "(draft)", batched: true},
	{op: imagestest.OpStats, call: doStats, after: before},
	{op: imagestest.OpUploadImage, call: doUploadImage, after: before + " uploaded", retry: unprocessed, batched: true, length: 358},
	{op: imagestest.OpUploadImage, variety: "from a URL", call: doUploadFromURL, after: before + " uploaded", retry: unprocessed, batched: true, length: 360},
	{op: imagestest.OpCreate, call: doCreate, after: before + " (new)", retry: unprocessed, batched: true, length: len(wholeCreate)},
	{op: imagestest.OpUpload, call: doUpload, after: "image draft", retry: unsent, length: len(wholeUpload)},
	{op: imagestest.OpListVariants, call: doListVariants, after: before},
	{op: imagestest.OpGetVariant, call: doGetVariant, after: before},
	{op: imagestest.OpCreateVariant, call: doCreateVariant, after: before + "; variants new public thumb", retry: unprocessed, length: 182},
	{op: imagestest.OpUpdateVariant, call: doUpdateVariant, after: before + "; variants public thumb:64"},
	{op: imagestest.OpDeleteVariant, call: doDeleteVariant, after: before + "; variants public"},
	{op: imagestest.OpConfigure, call: doSetFlexible, after: before + "; flexible"},
	{op: imagestest.OpListKeys, call: doListKeys, after: before},
	{op: imagestest.OpCreateKey, call: doCreateKey, after: before + "; keys default key-2 new", retry: unprocessed, length: 250},
	{op: imagestest.OpDeleteKey, call: doDeleteKey, after: before + "; keys default"},
}

// String returns what the operation is called in the names of cases.
func (o operation) String() string { return strings.TrimSpace(string(o.op) + " " + o.variety) }

// needsResult reports whether a success has a result.
func (o operation) needsResult() bool {
	return !slices.Contains([]imagestest.Operation{
		imagestest.OpDelete, imagestest.OpDeleteVariant, imagestest.OpDeleteKey, imagestest.OpConfigure,
	}, o.op)
}

// restore brings back what the operation has deleted.
func (o operation) restore(f *fixture) {
	switch o.op {
	case imagestest.OpDelete:
		f.server.AddImages(cfimages.Image{ID: imageID})
	case imagestest.OpDeleteKey:
		f.server.Account(imagestest.AccountID).AddSigningKey(canarySigningKey)
	case imagestest.OpDeleteVariant:
		f.look("POST", "variants", thumbJSON, nil)
	}
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
