package gallery_test

import (
	"context"
	"encoding/json"
	"fmt"
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

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, method, target, body string
		status                     int
	}{
		{"not JSON", "POST", "/uploads", "title=cat", http.StatusBadRequest},
		{"too much metadata", "POST", "/uploads", `{"title":"` + strings.Repeat("x", 1024) + `"}`, http.StatusBadRequest},
		{"too large a body", "POST", "/uploads", strings.Repeat(" ", 4<<10+1), http.StatusRequestEntityTooLarge},
		{"private without a key", "POST", "/uploads", `{"private":true}`, http.StatusBadRequest},
		{"unknown upload", "POST", "/uploads/unknown/done", "", http.StatusNotFound},
		{"an upload that has not come", "POST", "/uploads/draft/done", "", http.StatusConflict},
		{"an upload of somebody else", "POST", "/uploads/bobs/done", "", http.StatusNotFound},
		{"unknown image", "DELETE", "/images/unknown", "", http.StatusNotFound},
		{"an image of somebody else", "DELETE", "/images/bobs", "", http.StatusNotFound},
		{"an image of another application", "DELETE", "/images/foreign", "", http.StatusNotFound},
		{"an image with odd metadata", "DELETE", "/images/odd", "", http.StatusNotFound},
		{"an ID that cannot be", "DELETE", "/images/%2E%2E", "", http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAppWith(t, nil)
			a.server.AddImages(
				cfimages.Image{ID: "draft", Creator: "demo", Meta: meta("uploadpage"), Draft: true},
				cfimages.Image{ID: "bobs", Creator: "bob", Meta: meta("uploadpage")},
				cfimages.Image{ID: "foreign", Creator: "demo", Meta: meta("another")},
				cfimages.Image{ID: "odd", Creator: "demo", Meta: []byte(`{"app":"uploadpage","title":7}`)})
			w := a.do(test.method, test.target, test.body)
			assert.Equal(t, test.status, w.Code)
			assert.Regexp(t, `^\{"error":"[A-Z].*\."\}\n$`, w.Body.String(), "a sentence for a person")
			assert.Len(t, a.server.Images(), 4)
		})
	}
}

func meta(app string) json.RawMessage { return fmt.Appendf(nil, `{"app":%q,"title":"cat"}`, app) }

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
		for request, op := range map[string]imagestest.Operation{
			"POST /uploads":        imagestest.OpCreate,
			"POST /uploads/x/done": imagestest.OpGet,
			"GET /images":          imagestest.OpList,
			"DELETE /images/x":     imagestest.OpGet,
		} {
			a := newApp(t)
			a.server.Inject(imagestest.Fault{Operation: op, Kind: test.kind})
			method, target, _ := strings.Cut(request, " ")
			w := a.do(method, target, "")
			assert.Equal(t, test.status, w.Code, request)
			assert.Equal(t, test.retryAfter, w.Header().Get("Retry-After"), request)
			assert.Contains(t, w.Body.String(), test.message, request)
			assert.NotContains(t, a.log.String(), imagestest.APIToken)
		}
	}
}

func TestUnclearCreateSaysSo(t *testing.T) {
	a := newApp(t)
	a.server.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterCommit, Kind: imagestest.Reset{}})
	assert.Contains(t, a.do(http.MethodPost, "/uploads", "").Body.String(), "no clear answer")
}

func TestSlowServiceEndsInGatewayTimeout(t *testing.T) {
	for _, request := range []string{"POST /uploads", "POST /uploads/x/done", "GET /images", "DELETE /images/x"} {
		synctest.Test(t, func(t *testing.T) {
			a := newApp(t, imagestest.WithLatency(time.Minute))
			started := time.Now()
			method, target, _ := strings.Cut(request, " ")
			assert.Equal(t, http.StatusGatewayTimeout, a.do(method, target, "").Code, request)
			assert.Equal(t, 10*time.Second, time.Since(started), request)
		})
	}
}

func TestBrowserThatLeftIsNoFailureOfOurs(t *testing.T) {
	a := newApp(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/uploads", nil))
	assert.Contains(t, a.log.String(), "level=INFO")
	assert.NotContains(t, a.log.String(), "level=ERROR")
}
