package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing/iotest"
	"testing/synctest"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// largeFile is larger than the buffers of a connection.
var largeFile = []byte(canned.PNG + strings.Repeat("x", 1<<20))

// errReader is what fails a caller's own reader.
var errReader = errors.New("the disk is broken")

// backendUploadCases are uploads by ImagesV1.Upload. What is stored is the whole file, or
// nothing.
func backendUploadCases() []testCase {
	const op = imagestest.OpUploadImage
	limited, stored := imagestest.Refusal(429), before+" uploaded"
	return []testCase{
		{
			name:   "a large file is resent after it was rate limited unread",
			faults: faults(on(op, limited, times(2))),
			call:   uploadLarge(seekable),
			want:   outcome{requests: 4, stored: stored, atMost: backoffs(2)},
		},
		{
			name:   "a large file is resent after it was read and rate limited",
			faults: faults(on(op, limited, at(imagestest.AfterRead), times(2))),
			call:   uploadLarge(seekable),
			want:   outcome{requests: 4, stored: stored, atMost: backoffs(2)},
		},
		{
			name: "a stream of unknown length",
			call: uploadLarge(stream),
			want: outcome{requests: 2, stored: stored},
		},
		{
			name:   "a stream that was read and rate limited is not sent in part",
			faults: faults(on(op, limited, at(imagestest.AfterRead))),
			call:   uploadLarge(stream),
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, requests: 1},
		},
		{
			name:   "a stream whose connections are refused is sent from its start",
			refuse: 2,
			call:   uploadLarge(stream),
			want:   outcome{requests: 2, dials: 3, stored: stored, atMost: backoffs(2)},
		},
		{
			name: "a reader that fails in the middle",
			call: settled(uploadLarge(func(r io.Reader) io.Reader {
				return io.MultiReader(io.LimitReader(r, 1<<19), iotest.ErrReader(errReader))
			})),
			want: outcome{is: targets(errReader, cfimages.ErrOutcomeUnknown), requests: 1},
		},
		{
			name: "a reader that ends before the given size",
			call: settled(func(ctx context.Context, f *fixture) error {
				return f.uploadImage(ctx, cfimages.File{Body: stream(bytes.NewReader(largeFile)), Size: int64(len(largeFile)) + 1}, 0)
			}),
			want: outcome{is: targets(cfimages.ErrOutcomeUnknown), says: "but its Size is", requests: 1},
		},
		{
			name:   "a large file on a connection that is reset before it was read",
			faults: faults(on(op, imagestest.Reset{})),
			call:   uploadLarge(seekable),
			want:   outcome{is: targets(cfimages.ErrOutcomeUnknown), requests: 1},
		},
		{
			name:   "a large file that is rejected before it was read",
			faults: faults(on(op, imagestest.Refusal(413))),
			call:   uploadLarge(seekable),
			want:   outcome{status: 413, attempts: 1, requests: 1},
		},
		{
			name: "a file that is too large",
			call: func(ctx context.Context, f *fixture) error {
				return f.uploadImage(ctx, cfimages.File{Body: strings.NewReader(strings.Repeat("x", 10_000_001))}, 10_000_001)
			},
			want: outcome{status: 413, attempts: 1, requests: 1},
		},
		{
			name: "an ID that is taken",
			call: then(doUploadImage, doUploadFromURL),
			want: outcome{is: targets(cfimages.ErrConflict), status: 409, attempts: 1, requests: 2, stored: stored},
		},
		{
			name:   "an error that quotes the source and its password",
			faults: faults(on(op, imagestest.Reply{Status: 400, Body: `{"success":false,"errors":[{"code":1,"message":"no image at ` + sourceURL + `"}]}`})),
			call:   doUploadFromURL,
			want:   outcome{is: targets(cfimages.ErrBadRequest), says: "no image at", status: 400, attempts: 1, requests: 1},
		},
		{
			name:   "a page of HTML that quotes the source and its password",
			faults: faults(on(op, imagestest.Reply{Status: 422, Body: "<title>no image at " + sourceURL})),
			call:   doUploadFromURL,
			want:   outcome{says: "status 422 Unprocessable Entity; ray ID", status: 422, attempts: 1, requests: 1}, // no excerpt
		},
		{
			name: "a source that cannot be fetched",
			call: func(ctx context.Context, f *fixture) error {
				f.server.FailSource(sourceURL, 503)
				return doUploadFromURL(ctx, f)
			},
			want: outcome{is: targets(cfimages.ErrBadRequest), status: 400, attempts: 1, requests: 1},
		},
	}
}

// seekable and stream are readers that can, or cannot, be read again from their start.
func seekable(r io.Reader) io.Reader { return r }
func stream(r io.Reader) io.Reader   { return unseekable{r} }

// uploadLarge uploads the large file through a reader, and reads what is stored.
func uploadLarge(through func(io.Reader) io.Reader) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		if err := f.uploadImage(ctx, cfimages.File{Body: through(bytes.NewReader(largeFile))}, len(largeFile)); err != nil {
			return err
		}
		blob, err := f.client.ImagesV1.Blob(ctx, newImage.ID)
		if err != nil {
			return err
		}
		defer blob.Close()
		stored, err := io.ReadAll(blob)
		if err == nil && !bytes.Equal(stored, largeFile) {
			return fmt.Errorf("%d bytes are stored of %d", len(stored), len(largeFile))
		}
		return err
	}
}

// settled makes a call, and waits until the server is done with it, too.
func settled(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		defer synctest.Wait()
		return call(ctx, f)
	}
}
