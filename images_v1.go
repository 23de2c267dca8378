package cfimages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/send"
)

// ImagesV1 reads, uploads, changes and deletes single images. Its calls use the v1
// paths of the API.
type ImagesV1 struct{ sender *send.Sender }

// Blob is a reader of the uploaded file of an image. [ImagesV1.Blob] returns it. It is
// not safe for concurrent use.
type Blob struct {
	ContentType string
	Size        int64  // in bytes; -1 if unknown
	ETag        string // "" if the response has none

	exchange *send.Exchange
	response *send.Response
	err      error // the result of every further Read
}

// Get returns the details of an image. For an unknown image, the error matches
// [ErrNotFound]. Draft is true until the direct upload completes. Cloudflare does not
// document what it returns for a draft whose upload URL has expired: store the time of
// expiry if you need it.
//
// The ID may contain slashes. IDs that cannot be part of a request path are rejected
// with [ErrInvalidParams]: more than 1024 characters, control characters, a slash at
// the start or end, and the segments "", "." and "..". IDs that are other paths of the
// API are rejected, too: stats, batch_token, keys, variants, IDs that start with keys/
// or variants/, and IDs that end in /blob.
func (s *ImagesV1) Get(ctx context.Context, id string) (*Image, error) {
	c, err := imageCall("ImagesV1.Get", http.MethodGet, id, imagepath.CheckReadable)
	if err != nil {
		return nil, err
	}
	c.Batched = true
	return doImage(ctx, s.sender, c)
}

// Delete deletes an image with all its variants, or a draft. It cannot be undone. The
// rules for the ID are those of [ImagesV1.Get], except that it may end in /blob.
//
// If Delete returns nil, the image no longer exists. For an unknown image, the error
// matches [ErrNotFound]. If a retry gets status 404 after an attempt that may have
// deleted the image, Delete returns nil. After a network failure, a status of 5xx, or
// the end of the context, the image may have been deleted: call Delete again. If it
// was, the error then matches ErrNotFound.
func (s *ImagesV1) Delete(ctx context.Context, id string) error {
	c, err := imageCall("ImagesV1.Delete", http.MethodDelete, id, imagepath.CheckID)
	if err != nil {
		return err
	}
	c.Batched = true
	return doDelete(ctx, s.sender, c)
}

// Blob returns a reader of the uploaded file of an image. The caller must close it. To
// get a variant, request a delivery URL instead: delivery URLs need no credentials and
// do not count against the rate limit.
//
// The rules for the ID are those of [ImagesV1.Get], except that it may end in /blob.
// For an unknown image, the error matches [ErrNotFound]. For a draft it probably does,
// too; this is not documented. For a file of more than 32 MiB, the error matches
// [ErrResponseTooLarge]. The call is retried by the [RetryPolicy] until the response
// starts. A later failure is returned by Read; then call Blob again and read from the
// start.
func (s *ImagesV1) Blob(ctx context.Context, id string) (*Blob, error) {
	c, err := imageCall("ImagesV1.Blob", http.MethodGet, id, imagepath.CheckID)
	if err != nil {
		return nil, err
	}
	c.Path += "/blob"
	c.Template += "/blob"
	c.Accept, c.MaxValue = "*/*", send.MaxBytes
	c.Streamed = true
	c.Private = true // no errors with bytes of a picture
	x := s.sender.Start(c)
	r, failed := x.Open(ctx)
	for failed == nil {
		if isImage(r) {
			return &Blob{
				ContentType: r.Header.Get("Content-Type"),
				Size:        contentLength(r.Header),
				ETag:        r.Header.Get("Etag"),
				exchange:    x,
				response:    r,
			}, nil
		}
		r, failed = x.Reopen(ctx, x.Finish(r, readNoImage(r)))
	}
	return nil, newError(failed)
}

// Read reads from the file. It returns io.EOF only if the file was received in full.
func (b *Blob) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.response.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && b.Size >= 0 && b.response.Size() != b.Size:
		err = fmt.Errorf("received %d bytes instead of %d: %w", b.response.Size(), b.Size, io.ErrUnexpectedEOF)
	case err == io.EOF:
		b.exchange.Finish(b.response, nil)
		b.err = err
		return n, err
	}
	b.err = newError(b.exchange.Finish(b.response, err))
	return n, b.err
}

// Close closes the reader. It may be called more than once.
func (b *Blob) Close() error {
	if b.err == nil {
		b.err = errors.New("cfimages: ImagesV1.Blob: read after Close")
		b.exchange.Finish(b.response, send.ErrStop)
	}
	return nil
}

// Stats has the number of images in an account.
type Stats struct {
	Current int64 // images stored; whether drafts count is not documented
	Allowed int64 // the largest number of images that may be stored
}

// Stats returns the number of images in the account, and the largest allowed number.
func (s *ImagesV1) Stats(ctx context.Context) (*Stats, error) {
	const path = "images/v1/stats"
	stats := new(Stats)
	failed := s.sender.Do(ctx, &send.Call{Op: "ImagesV1.Stats", Method: http.MethodGet, Path: path, Template: path}, stats.read)
	if failed != nil {
		return nil, newError(failed)
	}
	return stats, nil
}

// read decodes the response to Stats. Both counts must be present: a missing one must
// not become 0.
func (s *Stats) read(r *send.Response) error {
	dec := r.Decoder()
	s.Current, s.Allowed = -1, -1
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		if string(name) != "count" {
			return dec.SkipValue()
		}
		return envelope.ReadObject(dec, func(name []byte) error {
			switch string(name) {
			case "current":
				return readCount(dec, &s.Current)
			case "allowed":
				return readCount(dec, &s.Allowed)
			}
			return dec.SkipValue()
		})
	})
	if err == nil && (s.Current < 0 || s.Allowed < 0) {
		return errors.New("the result lacks a count")
	}
	return err
}

// readCount reads a count. null does not change dst.
func readCount(dec *jsontext.Decoder, dst *int64) error {
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return envelope.ReadInt(dec, dst)
}

// imageCall returns a call on the path of an image, if check accepts its ID.
func imageCall(op, method, id string, check func(string) error) (*send.Call, error) {
	if err := check(id); err != nil {
		return nil, &ParamError{Param: "id", Reason: err.Error()}
	}
	return &send.Call{Op: op, Method: method, Path: "images/v1/" + imagepath.Escape(id), Template: "images/v1/{id}"}, nil
}

// doDelete sends a call that deletes something. Not found is a success if an earlier
// attempt may have deleted it.
func doDelete(ctx context.Context, sender *send.Sender, c *send.Call) error {
	failed := sender.Do(ctx, c, func(r *send.Response) error { return envelope.ReadNoResult(r.Decoder()) })
	switch {
	case failed == nil:
		return nil
	case failed.EarlierUnclear && failed.Status == http.StatusNotFound && len(failed.Errors) > 0:
		return nil // a 404 of the API has errors in its envelope; one of a proxy does not
	}
	return newError(failed)
}

// doImage sends a call whose result is an image.
func doImage(ctx context.Context, sender *send.Sender, c *send.Call) (*Image, error) {
	img := new(Image)
	if failed := sender.Do(ctx, c, img.read); failed != nil {
		return nil, newError(failed)
	}
	return img, nil
}

// isImage reports whether a response is an image, not a message of the API or a proxy.
// Cloudflare's OpenAPI document has the media type image/*.
func isImage(r *send.Response) bool {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Status == http.StatusOK && (strings.HasPrefix(mediaType, "image/") || mediaType == "application/octet-stream")
}

// readNoImage returns the error for a response that is not an image.
func readNoImage(r *send.Response) error {
	if err := envelope.ReadNoResult(r.Decoder()); err != nil {
		return err
	}
	return errors.New("a success without an image")
}

// contentLength returns the Content-Length, -1 without one. net/http compares it with
// the body; other transports may not.
func contentLength(h http.Header) int64 {
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return -1
	}
	return size
}
