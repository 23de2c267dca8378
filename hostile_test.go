package cfimages_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// A reply of few bytes must not fill the memory with many small things.
func TestRepliesOfManyParts(t *testing.T) {
	many := func(part string) string { return strings.Repeat(part+",", 20_000) + part }
	for name, body := range map[string]string{
		"images":   `{"success":true,"result":{"images":[` + many(`{"id":"a"}`) + `]}}`,
		"variants": `{"success":true,"result":{"images":[{"id":"a","variants":[` + many(`""`) + `]}]}}`,
		"a value":  `{"success":true,"result":{"images":[{"id":"` + strings.Repeat("x", 5<<20) + `"}]}}`,
	} {
		_, err := newClient(t, canned.JSON(body)).ImagesV2.List(t.Context(), cfimages.ListParams{})
		assert.ErrorIs(t, err, cfimages.ErrResponseTooLarge, name)
	}
	_, err := newClient(t, canned.JSON(canned.Page(`"`+strings.Repeat("t", 2000)+`"`, "a"))).ImagesV2.List(t.Context(), cfimages.ListParams{})
	assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, "a token")
	_, err = newClient(t, canned.JSON(`{"success":false,"errors":[`+many(`{"code":1,"message":"m"}`)+`]}`)).ImagesV1.Get(t.Context(), "img")
	refused, ok := errors.AsType[*cfimages.Error](err)
	require.True(t, ok)
	assert.Len(t, refused.Errors, 100)
	assert.Contains(t, err.Error(), "and 95 more")
}

// What is no JSON because it is broken below JSON is malformed all the same.
func TestGarbageBelowJSON(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "this is no gzip")
	}))
	defer server.Close()
	client, err := cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"), cfimages.WithBaseURL(server.URL))
	require.NoError(t, err)
	_, err = client.ImagesV1.Get(t.Context(), "img")
	requireMalformed(t, err)
	assert.ErrorIs(t, err, gzip.ErrHeader)
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
	return stub(canned.Image).RoundTrip(req)
}

// A second attempt sends the whole file, or nothing when the first one read of it.
func TestUploadIsNeverTruncated(t *testing.T) {
	content := strings.Repeat("0123456789", 1000)
	for _, read := range []int64{0, 4096} {
		for name, body := range map[string]io.Reader{"seekable": strings.NewReader(content), "stream": unseekable{strings.NewReader(content)}} {
			transport := &readsFirst{read: read}
			client := newClient(t, transport,
				cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3}))

			_, err := client.DirectUploads.Upload(t.Context(), "https://upload.example/x", cfimages.File{Body: body})
			if read > 0 {
				assert.ErrorContains(t, err, "is not read again", name)
				assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
				continue
			}
			require.NoError(t, err, "%s, %d bytes read", name, read)
			assert.Contains(t, transport.got.String(), content)
		}
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

// After Upload has returned, the caller's reader and Progress are the caller's again.
func TestUploadLetsGoOfTheBody(t *testing.T) {
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

// The reply may come before the upload has ended, and then takes its time.
func TestUploadAnsweredEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, earlyReply{}, cfimages.WithRequestTimeout(time.Second))
		img, err := client.DirectUploads.Upload(t.Context(), "https://upload.example/x", cfimages.File{Body: strings.NewReader(strings.Repeat("x", 1000))})
		require.NoError(t, err)
		assert.Equal(t, "img", img.ID)
	})
}

// earlyReply replies while it still reads the request, and slowly.
type earlyReply struct{}

func (earlyReply) RoundTrip(req *http.Request) (*http.Response, error) {
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

// A page asked for ahead that failed long before the consumer came to it says
// nothing of now.
func TestOutdatedFailureOfThePageAhead(t *testing.T) {
	for _, pause := range []time.Duration{0, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			first, second, third := canned.Page(`"2"`, "a"), canned.Page(`"3"`, "b", "c"), canned.Page("null", "d")
			transport := canned.JSON(first, second).Then(503, "", "Ratelimit", `"default";r=0;t=200`).Then(200, third)
			var got []string
			var last error
			retrying := cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2})
			for img, err := range newClient(t, transport, retrying).ImagesV2.All(t.Context(), cfimages.ListParams{}) {
				if last = err; err != nil {
					break
				}
				got = append(got, img.ID)
				if img.ID == "b" {
					time.Sleep(pause)
				}
			}
			if pause == 0 {
				failed, ok := errors.AsType[*cfimages.PageError](last)
				require.True(t, ok)
				assert.Equal(t, "3", failed.ContinuationToken)
				assert.Equal(t, []string{"a", "b", "c"}, got)
				return
			}
			require.NoError(t, last)
			assert.Equal(t, []string{"a", "b", "c", "d"}, got)
		})
	}
}

// The rate limit does not make a call forget what went wrong before.
func TestHeldBackAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(canned.Transport).Then(503, `{"success":false,"errors":[{"code":7,"message":"down"}]}`,
			"Ratelimit", `"default";r=0;t=200`, "Cf-Ray", "8f-AMS")
		client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		failed, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 503, failed.StatusCode)
		assert.Equal(t, "8f-AMS", failed.RayID)
		assert.Equal(t, 7, failed.Errors[0].Code)
		assert.InDelta(t, 200, failed.RetryAfter.Seconds(), 1)
		assert.Equal(t, 1, failed.Attempts)

		_, err = client.ImagesV1.Get(t.Context(), "img")
		require.ErrorIs(t, err, cfimages.ErrRateLimited)
		failed, ok = errors.AsType[*cfimages.Error](err)
		require.True(t, ok)
		assert.Zero(t, failed.StatusCode, "nothing was sent")
		assert.Len(t, transport.Requests, 1)
		assert.Equal(t, cfimages.RateLimit{Reset: time.Now().Add(failed.RetryAfter)}, client.RateLimit())
	})
}

// Cancellation while an error's body is read is still a cancellation.
func TestCanceledInAnErrorBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(canned.Transport).ThenDo(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 500, Header: http.Header{}, Body: io.NopCloser(untilDone{req.Context()})}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := newClient(t, transport).ImagesV1.Get(ctx, "img")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		failed, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok)
		assert.Equal(t, 500, failed.StatusCode)
	})
}

type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

// A secret at the place where a text is cut does not remain in part.
func TestSecretAtACut(t *testing.T) {
	const token = "canary-0123456789-0123456789"
	for pad := range 100 {
		body := strings.Repeat(" ", 1024-pad) + token + strings.Repeat("x", 2000)
		_, err := newClient(t, new(canned.Transport).Then(502, body), cfimages.WithAPIToken(token)).ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary", pad)
	}
	err := fmt.Errorf("%+v", func() error {
		_, err := newClient(t, canned.JSON(canned.Page(`"`+token+`"`, "a"), ""), cfimages.WithAPIToken(token)).ImagesV2.List(t.Context(), cfimages.ListParams{})
		return err
	}())
	assert.NotContains(t, err.Error(), "canary")
}

// A failure is judged by what it is, whatever was taken out of its text.
func TestRedactedErrorsAreStillKnown(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("proxy says canary-token: %w", syscall.ECONNREFUSED)}
	transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) { return nil, refused })
	client := newClient(t, transport, cfimages.WithAPIToken("canary-token"), cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3}))
	_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	assert.NotContains(t, err.Error(), "canary")
	assert.Len(t, transport.Requests, 3)
}

// endless is a reply of 512 MiB that repeats a part, as it comes out of the gzip of a few.
type endless struct {
	start, part string
	left        int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	if e.start == "" {
		e.start = strings.Repeat(e.part, 1000)
	}
	n := copy(p, e.start)
	e.start = e.start[n:]
	e.left -= n
	return n, nil
}

// What a bomb makes the library allocate, freed or not, is within the promised heap.
func TestBombsAreCheap(t *testing.T) {
	const page = `{"success":true,"result":{"images":[`
	tests := []struct {
		name, start, part string
		status            int
		limit             uint64
	}{
		{"an error", "", "x", 502, 1 << 20},
		{"an error of errors", `{"success":false,"errors":[`, `{},`, 502, 1 << 20},
		{"a string", page + `{"id":"`, "x", 200, 80 << 20},
		{"images", page, `{"id":"a"},`, 200, 80 << 20},
		{"fields that nobody knows", page + `{`, `"x":1,`, 200, 80 << 20},
	}
	for _, tt := range tests {
		transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) {
			body := &endless{tt.start, tt.part, 512 << 20}
			return &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(body)}, nil
		})
		client := newClient(t, transport)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, cfimages.ErrResponseTooLarge, tt.name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, tt.limit, tt.name)
	}
}
