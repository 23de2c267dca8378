package conformance_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// uploadCases are uploads. One to a one-time URL is never retried once a byte was
// sent; one from a backend is retried like a create, if its file can be resent.
func uploadCases() []testCase {
	i := slices.IndexFunc(operations, func(o operation) bool { return o.op == imagestest.OpUpload })
	cases := operations[i].writeCases()
	for i := range cases {
		cases[i].server = []imagestest.Option{imagestest.WithSimulatorReplies()}
	}
	return slices.Concat(cases, backendUploadCases(), []testCase{
		{
			name:   "an upload to a link that was used",
			faults: faults(on(imagestest.OpUpload, imagestest.Reset{}, at(imagestest.AfterCommit))),
			call: func(ctx context.Context, f *fixture) error {
				if err := doUpload(ctx, f); err == nil {
					return nil
				}
				return doUpload(ctx, f)
			},
			want: outcome{is: targets(cfimages.ErrConflict), status: 409, attempts: 1, requests: 2, stored: "image draft"},
		},
		{
			name:   "a stream that connections are refused for is sent from its start",
			refuse: 2,
			call: func(ctx context.Context, f *fixture) error {
				_, err := f.client.DirectUploads.Upload(ctx, f.uploadURL, cfimages.File{Body: unseekable{strings.NewReader(canned.PNG)}})
				return err
			},
			want: outcome{requests: 1, dials: 3, stored: "image draft", atMost: backoffs(2)},
		},
		{
			name:   "a large upload that is refused before it was read",
			faults: faults(on(imagestest.OpUpload, imagestest.Refusal(413))),
			call:   largeUpload,
			want:   outcome{status: 413, attempts: 1, requests: 1},
		},
		{
			name:   "a large upload that is reset before it was read",
			faults: faults(on(imagestest.OpUpload, imagestest.Reset{})),
			call:   largeUpload,
			want:   outcome{is: targets(cfimages.ErrOutcomeUnknown), requests: 1},
		},
	})
}

// largeUpload sends more than the buffers of a connection.
func largeUpload(ctx context.Context, f *fixture) error {
	file := cfimages.File{Body: strings.NewReader(canned.PNG + strings.Repeat("x", 1<<20))}
	_, err := f.client.DirectUploads.Upload(ctx, f.uploadURL, file)
	return err
}

// A second attempt sends the whole file. If the first one read of a file that cannot
// seek, there is no second attempt.
func TestUploadIsNeverTruncated(t *testing.T) {
	content := strings.Repeat("0123456789", 1000)
	for _, read := range []int64{0, 4096} {
		for name, body := range map[string]io.Reader{"seekable": strings.NewReader(content), "stream": unseekable{strings.NewReader(content)}} {
			transport := &readsFirst{read: read}
			client := newClient(t, transport,
				cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3}))

			_, err := client.DirectUploads.Upload(t.Context(), "https://upload.example/x", cfimages.File{Body: body})
			if read > 0 && name == "stream" {
				assert.ErrorIs(t, err, syscall.ECONNREFUSED)
				assert.Empty(t, transport.got.String())
				assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
				continue
			}
			require.NoError(t, err, "%s, %d bytes read", name, read)
			assert.Contains(t, transport.got.String(), content)
		}
	}
}

// readsFirst is a transport that reads some of the body before it cannot connect.
type readsFirst struct {
	read     int64
	attempts int
	got      bytes.Buffer
}

func (r *readsFirst) RoundTrip(req *http.Request) (*http.Response, error) {
	defer req.Body.Close()
	if r.attempts++; r.attempts == 1 {
		io.CopyN(io.Discard, req.Body, r.read)
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	if _, err := io.Copy(&r.got, req.Body); err != nil {
		return nil, err
	}
	return canned.Response(http.StatusOK, canned.Image), nil
}

// After Upload has returned, the caller may use its reader and Progress again.
func TestUploadDoesNotReadAfterItReturned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict) // before the body was read
	}))
	defer server.Close()
	for range 20 {
		body := &counting{ReadSeeker: bytes.NewReader(make([]byte, 8<<20))}
		progress := 0 // the race detector watches
		_, err := new(cfimages.Uploader).Upload(t.Context(), server.URL+"/x", cfimages.File{Body: body, Progress: func(_, _ int64) { progress++ }})
		require.Error(t, err)
		reads := body.reads.Load()
		progress++
		time.Sleep(time.Millisecond)
		require.Equal(t, reads, body.reads.Load())
	}
}

// counting counts the reads of a body while they happen.
type counting struct {
	io.ReadSeeker
	reads atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.ReadSeeker.Read(p)
}

func TestUploadCanceledWhileItsBodyBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		transport := new(canned.Transport).ThenDo(nil) // never gets so far
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, transport).DirectUploads.Upload(ctx, "https://upload.example/x", cfimages.File{Body: r})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.LessOrEqual(t, time.Since(start), time.Minute+time.Second)
	})
}

// The response may begin before the upload has ended, and arrive slowly.
func TestUploadWithAnEarlyResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, earlyResponse{}, cfimages.WithRequestTimeout(time.Second))
		img, err := client.DirectUploads.Upload(t.Context(), "https://upload.example/x", cfimages.File{Body: strings.NewReader(strings.Repeat("x", 1000))})
		require.NoError(t, err)
		assert.Equal(t, "img", img.ID)
	})
}

// earlyResponse responds while it still reads the request, and slowly.
type earlyResponse struct{}

func (earlyResponse) RoundTrip(req *http.Request) (*http.Response, error) {
	go func() {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(&dripping{text: canned.Image})}, nil
}

// dripping delivers a byte every 100 ms.
type dripping struct{ text string }

func (d *dripping) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	if d.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:1], d.text)
	d.text = d.text[n:]
	return n, nil
}

// unseekable hides every method but Read.
type unseekable struct{ io.Reader }
