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

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

// Blob is an image as it was uploaded, while it arrives: [ImagesV1.Blob] returns
// it. It is for one goroutine.
type Blob struct {
	ContentType string
	Size        int64  // in bytes; -1: the server did not say
	ETag        string // "": the server did not send one

	exchange *exchange
	reply    *reply
	err      error // what every further Read returns
}

// Blob returns the bytes of one image as they were uploaded. Close what it
// returns. For a variant, get one of the image's delivery URLs instead: these
// need no credentials and do not count against the API's rate limit.
//
// id is as for Get, and may end in /blob. An unknown image, or a draft, is
// [ErrNotFound]. Calls are repeated as the retry policy says until the reply
// begins; what fails after that fails a Read, and all of it has to be asked for
// again. More than 32 MiB is [ErrResponseTooLarge].
func (s *ImagesV1) Blob(ctx context.Context, id string) (*Blob, error) {
	c, err := imageCall("ImagesV1.Blob", http.MethodGet, id, imagepath.CheckID)
	if err != nil {
		return nil, err
	}
	c.path += "/blob"
	c.template += "/blob"
	c.accept, c.maxValue = "*/*", maxReplyBytes
	c.private = true // no errors with bytes of a picture
	x := &exchange{sender: s.sender, call: c}
	r, err := x.open(ctx)
	for err == nil {
		if r.isImage() {
			return &Blob{
				ContentType: r.header.Get("Content-Type"),
				Size:        contentLength(r.header),
				ETag:        r.header.Get("Etag"),
				exchange:    x,
				reply:       r,
			}, nil
		}
		r, err = x.reopen(ctx, r.finish(readNoImage(r)))
	}
	return nil, err
}

// Read reads what has arrived of the image. Its error is io.EOF only when the
// image is complete.
func (b *Blob) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.reply.body.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && b.Size >= 0 && b.reply.body.Len() != b.Size:
		err = fmt.Errorf("%d bytes came instead of %d: %w", b.reply.body.Len(), b.Size, io.ErrUnexpectedEOF)
	case err == io.EOF:
		b.reply.finish(nil)
		b.err = err
		return n, err
	}
	b.err = b.exchange.fail(b.reply.finish(err))
	return n, b.err
}

// Close ends the reading. Closing twice does no harm.
func (b *Blob) Close() error {
	if b.err == nil {
		b.err = errors.New("cfimages: ImagesV1.Blob: read after Close")
		b.reply.close()
	}
	return nil
}

// readNoImage reads a reply that has no image, perhaps a refusal. It always fails.
func readNoImage(r *reply) error {
	if err := new(envelope).readSuccess(r.decoder, nil); err != nil {
		return err
	}
	return errors.New("a success without an image")
}

// contentLength returns the size that the headers tell, -1 when they do not.
// net/http has compared it with the body's already; other transports may not.
func contentLength(h http.Header) int64 {
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return -1
	}
	return size
}

// isImage reports whether a reply is an image, rather than what the API or the
// edge before it says instead. Cloudflare's OpenAPI document promises image/*.
func (r *reply) isImage() bool {
	mediaType, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	return r.status == http.StatusOK && (strings.HasPrefix(mediaType, "image/") || mediaType == "application/octet-stream")
}
