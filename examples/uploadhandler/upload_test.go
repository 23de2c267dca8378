package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// watched is a request body that reports each read.
type watched struct {
	io.ReadCloser
	onRead func(n int, err error)
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.onRead(n, err)
	return n, err
}

// overHTTP serves the application, and the API that it calls, both over real HTTP.
func overHTTP(t *testing.T, api http.Handler) (backendURL string, log *bytes.Buffer, closeBackend func()) {
	t.Helper()
	upstream := httptest.NewServer(api)
	t.Cleanup(upstream.Close)
	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(upstream.URL+"/client/v4"),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken))
	require.NoError(t, err)
	log = new(bytes.Buffer)
	backend := httptest.NewServer(newHandler(client, slog.New(slog.NewTextHandler(log, nil))))
	t.Cleanup(backend.Close)
	return backend.URL, log, backend.Close
}

func TestFormIsStreamedToCloudflare(t *testing.T) {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	received := make(chan struct{})
	backend, _, _ := overHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		total := 0
		r.Body = watched{r.Body, func(n int, _ error) {
			if total < 64<<10 && total+n >= 64<<10 {
				close(received)
			}
			total += n
		}}
		server.Handler().ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // reached if the form is not streamed
	defer cancel()
	resp, err := streamForm(ctx, http.DefaultClient, backend,
		titled("my cat"),
		field{"creator", "", strings.NewReader("bob")},
		field{"file", "cat.png", io.MultiReader(strings.NewReader(pngHeader), zeros(256<<10), readerFunc(func([]byte) (int, error) {
			select {
			case <-received: // Cloudflare has received the beginning before the form ends
				return 0, io.EOF
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}), zeros(1000))})
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusCreated, resp.StatusCode)
	images := server.Images()
	require.Len(t, images, 1)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), images[0].ID)
	assert.Equal(t, creator, images[0].Creator, "and not the one of the form")
	assert.Equal(t, "cat.png", images[0].Filename)
	assert.JSONEq(t, `{"title":"my cat"}`, string(images[0].Meta))
}

func TestFormIsNotHeldInMemory(t *testing.T) {
	var received int64
	backend, _, _ := overHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received, _ = io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"success":true,"errors":[],"messages":[],"result":{"id":"x"}}`)
	}))
	upload := func() {
		resp, err := streamForm(t.Context(), http.DefaultClient, backend, field{"file", "cat.png", zeros(maxFile)})
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusCreated, resp.StatusCode)
		require.Greater(t, received, int64(maxFile))
	}
	upload() // connects
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	upload()
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(maxFile/10), "bytes allocated by browser, backend and API together")
}

func TestFormsThatAreRejected(t *testing.T) {
	const formType = "multipart/form-data; boundary=x"
	const head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.png\"\r\n\r\n"
	for _, test := range []struct {
		name, contentType, body string
		status                  int
		message                 string
	}{
		{"no form", "application/json", `{"file":"cat.png"}`, http.StatusUnsupportedMediaType, "multipart/form-data"},
		{"no boundary", "multipart/form-data", "--x--\r\n", http.StatusUnsupportedMediaType, "multipart/form-data"},
		{"no field", formType, "--x--\r\n", http.StatusBadRequest, "the form has no file"},
		{"file in another field", formType, strings.Replace(head, "file", "image", 1) + pngHeader + "\r\n--x--\r\n", http.StatusBadRequest, "the form has no file"},
		{"no file chosen", formType, strings.Replace(head, "cat.png", "", 1) + "\r\n--x--\r\n", http.StatusBadRequest, "the form has no file"},
		{"empty body", formType, "", http.StatusBadRequest, "the form has no file"},
		{"ends in the file", formType, head + pngHeader, http.StatusBadRequest, "malformed or incomplete"},
		{"ends in a header", formType, "--x\r\nContent-Dis", http.StatusBadRequest, "malformed or incomplete"},
		{"empty file", formType, head + "\r\n--x--\r\n", http.StatusUnsupportedMediaType, "rejected the file"},
		{"unknown format", formType, head + "no image\r\n--x--\r\n", http.StatusUnsupportedMediaType, "rejected the file"},
		{"invalid file name", formType, strings.Replace(head, "cat", "\xff", 1) + pngHeader + "\r\n--x--\r\n", http.StatusBadRequest, "Name"},
		{"a title that is too long", formType, "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n" +
			strings.Repeat("t", 2*maxBody) + "\r\n" + head + pngHeader + "\r\n--x--\r\n", http.StatusBadRequest, "Metadata"},
		{"too large for Cloudflare", formType, head + pngHeader + strings.Repeat("x", 1<<10) + "\r\n--x--\r\n", http.StatusRequestEntityTooLarge, "10 MB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, imagestest.WithMaxFileSize(1<<10))
			w := postImage(b, test.contentType, strings.NewReader(test.body))
			assert.Equal(t, test.status, w.Code)
			assert.Contains(t, w.Body.String(), test.message)
			assert.NotContains(t, b.log.String(), "level=ERROR")
			assert.Empty(t, b.server.Images())
		})
	}
}

func TestFileSizeLimit(t *testing.T) {
	for _, test := range []struct {
		size   int64
		status int
		early  bool // rejected before anything is sent to Cloudflare, if the length of the form is known
	}{
		{maxFile, http.StatusCreated, false},
		{maxFile + 1, http.StatusRequestEntityTooLarge, false},
		{maxForm, http.StatusRequestEntityTooLarge, true},
	} {
		picture := func() field {
			return field{"file", "cat.png", io.MultiReader(strings.NewReader(pngHeader), zeros(test.size-int64(len(pngHeader))))}
		}
		b := newBackend(t)
		w := postForm(b, picture())
		assert.Equal(t, test.status, w.Code, test.size)
		if test.early {
			assert.Empty(t, b.server.Requests(), test.size)
		}

		web := httptest.NewServer(b)
		resp, err := streamForm(t.Context(), http.DefaultClient, web.URL, picture())
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		web.Close()
		assert.Equal(t, test.status, resp.StatusCode, "%d, of unknown length", test.size)
		if test.status != http.StatusCreated {
			assert.Contains(t, string(text), "the file is too large: the limit is 10 MB")
			assert.Empty(t, b.server.Images())
		}
		assert.NotContains(t, b.log.String(), "level=ERROR")
	}
}

func TestUploadFailuresOfTheAPI(t *testing.T) {
	lost := func() (*http.Response, error) { return nil, errors.New("connection lost") }
	for _, test := range []struct {
		name       string
		respond    func() (*http.Response, error)
		status     int
		retryAfter string
		message    string
	}{
		{"rate limited", response(http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}), http.StatusServiceUnavailable, "300", "busy"},
		{"wrong token", response(http.StatusUnauthorized, nil), http.StatusBadGateway, "", "failed"},
		{"no such account", response(http.StatusNotFound, nil), http.StatusBadGateway, "", "failed"},
		{"server error", response(http.StatusInternalServerError, nil), http.StatusBadGateway, "", "no clear response"},
		{"outcome unknown", lost, http.StatusBadGateway, "", "no clear response"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := failing(t, test.respond)
			w := postForm(b, pictured(pngHeader))
			assert.Equal(t, test.status, w.Code)
			assert.Equal(t, test.retryAfter, w.Header().Get("Retry-After"))
			assert.Contains(t, w.Body.String(), test.message)
			assert.NotContains(t, w.Body.String(), "cfimages", "the browser gets no internals")
			assert.Contains(t, b.log.String(), "level=ERROR")
			assert.NotContains(t, b.log.String(), "secret-token")
		})
	}
}

func TestDisconnectedUploadIsNotStored(t *testing.T) {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	ctx, disconnect := context.WithCancel(t.Context())
	broken := make(chan error, 1)
	backend, log, closeBackend := overHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = watched{r.Body, func(n int, err error) {
			switch {
			case n > 0:
				disconnect()
			case err != nil:
				broken <- err
			}
		}}
		server.Handler().ServeHTTP(w, r)
	}))
	_, err := streamForm(ctx, http.DefaultClient, backend, field{"file", "cat.png", io.MultiReader(
		strings.NewReader(pngHeader), zeros(64<<10), readerFunc(func([]byte) (int, error) {
			<-ctx.Done()
			return 0, fmt.Errorf("the form ends here: %w", ctx.Err())
		}))})
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, <-broken, io.EOF, "Cloudflare does not get the end of the form")
	closeBackend() // waits for the handler
	assert.Contains(t, log.String(), "level=INFO")
	assert.NotContains(t, log.String(), "level=ERROR")
	assert.Empty(t, server.Images())
}
