package gallery_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// requests returns a request for each endpoint, and the first call that it makes.
func requests() map[string]imagestest.Operation {
	return map[string]imagestest.Operation{
		"POST /uploads":        imagestest.OpCreate,
		"POST /uploads/x/done": imagestest.OpGet,
		"GET /images":          imagestest.OpList,
		"DELETE /images/x":     imagestest.OpGet,
	}
}

func TestRejections(t *testing.T) {
	for _, test := range []struct {
		name, request, body string
		status              int
	}{
		{"not JSON", "POST /uploads", "title=cat", http.StatusBadRequest},
		{"too much metadata", "POST /uploads", `{"title":"` + strings.Repeat("x", 1024) + `"}`, http.StatusBadRequest},
		{"too large a body", "POST /uploads", strings.Repeat(" ", 4<<10+1), http.StatusRequestEntityTooLarge},
		{"private without a key", "POST /uploads", `{"private":true}`, http.StatusBadRequest},
		{"unknown upload", "POST /uploads/unknown/done", "", http.StatusNotFound},
		{"an upload that has not completed", "POST /uploads/draft/done", "", http.StatusConflict},
		{"an upload of another user", "POST /uploads/bobs/done", "", http.StatusNotFound},
		{"unknown image", "DELETE /images/unknown", "", http.StatusNotFound},
		{"an image of another user", "DELETE /images/bobs", "", http.StatusNotFound},
		{"an image of another application", "DELETE /images/foreign", "", http.StatusNotFound},
		{"an image with odd metadata", "DELETE /images/odd", "", http.StatusNotFound},
		{"an invalid ID", "DELETE /images/%2E%2E", "", http.StatusBadRequest},
	} {
		a := newApp(t, false)
		a.server.AddImages(
			cfimages.Image{ID: "draft", Creator: "demo", Meta: meta("uploadpage"), Draft: true},
			cfimages.Image{ID: "bobs", Creator: "bob", Meta: meta("uploadpage")},
			cfimages.Image{ID: "foreign", Creator: "demo", Meta: meta("another")},
			cfimages.Image{ID: "odd", Creator: "demo", Meta: []byte(`{"app":"uploadpage","title":7}`)})
		w := a.do(test.request, test.body)
		assert.Equal(t, test.status, w.Code, test.name)
		assert.Regexp(t, `^\{"error":"[A-Z].*\."\}\n$`, w.Body.String(), "%s: a sentence for the user", test.name)
		assert.Len(t, a.server.Images(), 4, test.name)
	}
}

func TestFailuresOfTheService(t *testing.T) {
	for _, test := range []struct {
		kind       imagestest.Kind
		status     int
		retryAfter string
		message    string
	}{
		{imagestest.Refusal(http.StatusTooManyRequests).With("Retry-After", "300"), http.StatusServiceUnavailable, "300", "busy"},
		{imagestest.Refusal(http.StatusTooManyRequests), http.StatusServiceUnavailable, "1", "busy"},
		{imagestest.Refusal(http.StatusUnauthorized), http.StatusBadGateway, "", "failed"},
		{imagestest.Reset{}, http.StatusBadGateway, "", "The image service"},
	} {
		for request, op := range requests() {
			a := newApp(t, true)
			a.server.Inject(imagestest.Fault{Operation: op, Kind: test.kind})
			w := a.do(request, "")
			assert.Equal(t, test.status, w.Code, request)
			assert.Equal(t, test.retryAfter, w.Header().Get("Retry-After"), request)
			assert.Contains(t, w.Body.String(), test.message, request)
			assert.NotContains(t, a.log.String(), imagestest.APIToken)
		}
	}
	a := newApp(t, true)
	a.server.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterCommit, Kind: imagestest.Reset{}})
	assert.Contains(t, a.do("POST /uploads", "").Body.String(), "no clear response")
}

func TestSlowServiceEndsInGatewayTimeout(t *testing.T) {
	for request := range requests() {
		synctest.Test(t, func(t *testing.T) {
			a := newApp(t, true, imagestest.WithLatency(time.Minute))
			started := time.Now()
			assert.Equal(t, http.StatusGatewayTimeout, a.do(request, "").Code, request)
			assert.Equal(t, 10*time.Second, time.Since(started), request)
		})
	}
}

func TestOtherSitesAreRejected(t *testing.T) {
	a := newApp(t, true)
	for request := range requests() {
		method, target, _ := strings.Cut(request, " ")
		if method == http.MethodGet {
			continue
		}
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		assert.Equal(t, http.StatusForbidden, w.Code, request)
		assert.Empty(t, a.server.Requests(), request)
	}
}

func TestClosedConnectionIsNotLoggedAsAnError(t *testing.T) {
	a := newApp(t, true)
	ctx, disconnect := context.WithCancel(t.Context())
	disconnect()
	a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/uploads", nil))
	assert.Contains(t, a.log.String(), "level=INFO")
	assert.NotContains(t, a.log.String(), "level=ERROR")
}
