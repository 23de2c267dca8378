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

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/send"
)

// ImagesV1 looks after one image: the API keeps these calls on its v1 paths.
type ImagesV1 struct{ sender *send.Sender }

// Blob is an image as it was uploaded, while it arrives: [ImagesV1.Blob] returns
// it. It is for one goroutine.
type Blob struct {
	ContentType string
	Size        int64  // in bytes; -1: the server did not say
	ETag        string // "": the server did not send one

	exchange *send.Exchange
	response *send.Response
	err      error // what every further Read returns
}

// Get returns the details of one image. Draft is true until a direct upload to it
// has completed.
//
// id may have subpaths. One that cannot be addressed is rejected with
// [ErrInvalidParams]: an empty, "." or ".." segment, a slash at an end, control
// characters, more than 1024 characters, and what Cloudflare has beside the images:
// stats, batch_token, keys, variants, all below the last two, and what ends in
// /blob. An unknown image is [ErrNotFound].
func (s *ImagesV1) Get(ctx context.Context, id string) (*Image, error) {
	c, err := imageCall("ImagesV1.Get", http.MethodGet, id, imagepath.CheckReadable)
	if err != nil {
		return nil, err
	}
	c.Batched = true
	return doImage(ctx, s.sender, c)
}

// Delete removes one image and all its variants, or the draft of one. It cannot
// be undone. id is as for Get, and may end in /blob.
//
// A nil error means that the image does not exist any more: when an attempt got
// no clear answer and the next one finds no such image, that is a success.
// Otherwise an unknown image is [ErrNotFound].
func (s *ImagesV1) Delete(ctx context.Context, id string) error {
	c, err := imageCall("ImagesV1.Delete", http.MethodDelete, id, imagepath.CheckID)
	if err != nil {
		return err
	}
	c.Batched = true
	return doDelete(ctx, s.sender, c)
}

// Blob returns the bytes of one image as they were uploaded. Close what it
// returns. For a variant, get one of the image's delivery URLs instead: these
// need no credentials and do not count against the API's rate limit.
//
// id is as for Get, and may end in /blob. An unknown image, or a draft, is
// [ErrNotFound]. A call is retried by the retry policy until the response
// begins; what fails after that fails a Read, and the whole image has to be
// requested again. More than 32 MiB is [ErrResponseTooLarge].
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

// Read reads what has arrived of the image. Its error is io.EOF only when the
// image is complete.
func (b *Blob) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.response.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && b.Size >= 0 && b.response.Size() != b.Size:
		err = fmt.Errorf("%d bytes arrived instead of %d: %w", b.response.Size(), b.Size, io.ErrUnexpectedEOF)
	case err == io.EOF:
		b.exchange.Finish(b.response, nil)
		b.err = err
		return n, err
	}
	b.err = newError(b.exchange.Finish(b.response, err))
	return n, b.err
}

// Close ends the reading. Closing twice does no harm.
func (b *Blob) Close() error {
	if b.err == nil {
		b.err = errors.New("cfimages: ImagesV1.Blob: read after Close")
		b.exchange.Finish(b.response, send.ErrStop)
	}
	return nil
}

// Stats are how many images an account stores.
type Stats struct {
	Current int64 // images that are stored
	Allowed int64 // images that may be stored
}

// Stats returns how many images the account stores, and how many it may.
func (s *ImagesV1) Stats(ctx context.Context) (*Stats, error) {
	const path = "images/v1/stats"
	stats := new(Stats)
	failed := s.sender.Do(ctx, &send.Call{Op: "ImagesV1.Stats", Method: http.MethodGet, Path: path, Template: path}, stats.read)
	if failed != nil {
		return nil, newError(failed)
	}
	return stats, nil
}

// read decodes the response to a call for the counts. Both must be there: a
// count of 0 that nobody has told would be believed.
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
				return envelope.ReadInt(dec, &s.Current)
			case "allowed":
				return envelope.ReadInt(dec, &s.Allowed)
			}
			return dec.SkipValue()
		})
	})
	if err == nil && (s.Current < 0 || s.Allowed < 0) {
		return errors.New("the result lacks a count")
	}
	return err
}

// imageCall returns a call on the path of one image, whose ID passes check.
func imageCall(op, method, id string, check func(string) error) (*send.Call, error) {
	if err := check(id); err != nil {
		return nil, &ParamError{Param: "id", Reason: err.Error()}
	}
	return &send.Call{Op: op, Method: method, Path: "images/v1/" + imagepath.Escape(id), Template: "images/v1/{id}"}, nil
}

// doDelete sends a call that removes something. If an attempt before may have
// removed it, that it does not exist is a success.
func doDelete(ctx context.Context, sender *send.Sender, c *send.Call) error {
	failed := sender.Do(ctx, c, func(r *send.Response) error { return envelope.ReadNoResult(r.Decoder()) })
	switch {
	case failed == nil:
		return nil
	case failed.EarlierUnclear && failed.Status == http.StatusNotFound && len(failed.Errors) > 0:
		return nil // only the API's own word counts: its envelope has errors
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

// isImage reports whether a response is an image, rather than what the API or the
// edge before it says instead. Cloudflare's OpenAPI document promises image/*.
func isImage(r *send.Response) bool {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Status == http.StatusOK && (strings.HasPrefix(mediaType, "image/") || mediaType == "application/octet-stream")
}

// readNoImage reads a response that has no image, perhaps a refusal. It always fails.
func readNoImage(r *send.Response) error {
	if err := envelope.ReadNoResult(r.Decoder()); err != nil {
		return err
	}
	return errors.New("a success without an image")
}

// contentLength returns the size that the headers name, -1 if they do not.
// net/http has compared it with the body's already; other transports may not.
func contentLength(h http.Header) int64 {
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return -1
	}
	return size
}
