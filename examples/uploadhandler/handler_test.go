package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// backend is the handler with a test server of its own.
type backend struct {
	http.Handler
	server *imagestest.Server
	log    bytes.Buffer
}

func newBackend(t *testing.T, opts ...imagestest.Option) *backend {
	t.Helper()
	b := &backend{server: imagestest.NewServer(append(opts, imagestest.InMemory())...)}
	t.Cleanup(b.server.Close)
	b.Handler = newHandler(b.server.Client(), slog.New(slog.NewTextHandler(&b.log, nil)))
	return b
}

// failing returns a backend whose calls to the API all get the same result.
func failing(t *testing.T, respond func() (*http.Response, error)) *backend {
	t.Helper()
	client, err := cfimages.NewClient(
		cfimages.WithAccountID("account"),
		cfimages.WithAPIToken("secret-token"),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
		cfimages.WithHTTPClient(&http.Client{Transport: transport(respond)}))
	require.NoError(t, err)
	b := new(backend)
	b.Handler = newHandler(client, slog.New(slog.NewTextHandler(&b.log, nil)))
	return b
}

type transport func() (*http.Response, error)

func (f transport) RoundTrip(*http.Request) (*http.Response, error) { return f() }

func response(status int, header http.Header) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("no"))}, nil
	}
}

func post(h http.Handler, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, target, strings.NewReader(body)))
	return w
}

func TestUploadIsCreatedForTheUser(t *testing.T) {
	b := newBackend(t)
	w := post(b, "/uploads", `{"title":"my cat","creator":"bob"}`)
	require.Equal(t, http.StatusCreated, w.Code)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	images := b.server.Images()
	require.Len(t, images, 1)
	assert.Equal(t, creator, images[0].Creator)
	assert.JSONEq(t, `{"title":"my cat"}`, string(images[0].Meta))
}

func TestRejections(t *testing.T) {
	for _, test := range []struct {
		name, target, body string
		status             int
	}{
		{"not JSON", "/uploads", "title=cat", http.StatusBadRequest},
		{"not an object", "/uploads", `["cat"]`, http.StatusBadRequest},
		{"rejected by the library", "/uploads", `{"title":"` + strings.Repeat("x", 1024) + `"}`, http.StatusBadRequest},
		{"too large a body", "/uploads", strings.Repeat(" ", maxBody+1), http.StatusRequestEntityTooLarge},
		{"unknown upload", "/uploads/unknown/done", "", http.StatusNotFound},
		{"somebody else's upload", "/uploads/theirs/done", "", http.StatusNotFound},
		{"an invalid ID", "/uploads/%2E%2E/done", "", http.StatusBadRequest},
		{"no such path", "/image", "", http.StatusNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t)
			b.server.AddImages(cfimages.Image{ID: "theirs", Creator: "bob"})
			assert.Equal(t, test.status, post(b, test.target, test.body).Code)
			assert.Zero(t, b.server.Count(imagestest.OpCreate))
		})
	}
}

func TestOtherSitesAreRejected(t *testing.T) {
	b := newBackend(t)
	r := httptest.NewRequest(http.MethodPost, "/uploads", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Empty(t, b.server.Requests())
}

func TestFailuresOfTheAPI(t *testing.T) {
	for _, test := range []struct {
		name         string
		respond      func() (*http.Response, error)
		create, done int // the statuses that the browser gets
		retryAfter   string
		message      string // for a create
	}{
		{"rate limited", response(http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}),
			http.StatusServiceUnavailable, http.StatusServiceUnavailable, "300", "busy"},
		{"rate limited, no time given", response(http.StatusTooManyRequests, nil),
			http.StatusServiceUnavailable, http.StatusServiceUnavailable, "1", "busy"},
		{"wrong token", response(http.StatusUnauthorized, nil), http.StatusBadGateway, http.StatusBadGateway, "", "failed"},
		{"no such account", response(http.StatusNotFound, nil), http.StatusBadGateway, http.StatusNotFound, "", "failed"},
		{"outcome unknown", func() (*http.Response, error) { return nil, errors.New("connection lost") },
			http.StatusBadGateway, http.StatusBadGateway, "", "no clear response"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := failing(t, test.respond)
			for target, status := range map[string]int{"/uploads": test.create, "/uploads/x/done": test.done} {
				w := post(b, target, "")
				assert.Equal(t, status, w.Code, target)
				assert.Equal(t, test.retryAfter, w.Header().Get("Retry-After"), target)
				assert.NotContains(t, w.Body.String(), "cfimages", "the browser gets no internals")
			}
			assert.Contains(t, post(b, "/uploads", "").Body.String(), test.message)
			assert.NotContains(t, b.log.String(), "secret-token")
		})
	}
}

func TestSlowAPIEndsInGatewayTimeout(t *testing.T) {
	for _, target := range []string{"/uploads", "/uploads/x/done"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, imagestest.WithLatency(time.Minute))
			started := time.Now()
			assert.Equal(t, http.StatusGatewayTimeout, post(b, target, "").Code)
			assert.Equal(t, callTimeout, time.Since(started))
		})
	}
}

func TestClosedConnectionIsNotLoggedAsAnError(t *testing.T) {
	b := newBackend(t)
	ctx, disconnect := context.WithCancel(t.Context())
	disconnect()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/uploads", nil))
	assert.Equal(t, statusClientClosed, w.Code)
	assert.Contains(t, b.log.String(), "level=INFO")
}
