// Package canned provides an HTTP transport with prepared responses for tests of the library.
package canned

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Bodies of responses of the API.
const (
	Image     = `{"success":true,"errors":[],"messages":[],"result":{"id":"img"}}`
	EmptyPage = `{"success":true,"errors":[],"messages":[],"result":{"continuation_token":null,"images":[]}}`
	Created   = `{"success":true,"errors":[],"messages":[],"result":{"id":"img","uploadURL":"https://upload.example/hash/img"}}`
)

// PNG is a picture of one pixel.
const PNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

// Page returns the body of a page with the given image IDs. token must be JSON.
func Page(token string, ids ...string) string {
	images := make([]string, len(ids))
	for i, id := range ids {
		images[i] = fmt.Sprintf(`{"id":%q}`, id)
	}
	return fmt.Sprintf(`{"result":{"continuation_token":%s,"images":[%s]},"success":true,"errors":[],"messages":[]}`, token, strings.Join(images, ","))
}

// Response returns a response. header contains names and values in turn.
func Response(status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// Transport responds to requests with a list of prepared responses and records the
// requests. Once the list is exhausted, the last response is used again.
type Transport struct {
	Requests []*http.Request
	Bodies   []string // of the requests

	mu        sync.Mutex
	responses []func(*http.Request) (*http.Response, error)
}

// JSON returns a transport that responds with the given bodies and status 200.
func JSON(bodies ...string) *Transport {
	t := new(Transport)
	for _, body := range bodies {
		t.Then(http.StatusOK, body)
	}
	return t
}

// Then adds a response.
func (t *Transport) Then(status int, body string, header ...string) *Transport {
	return t.ThenDo(func(*http.Request) (*http.Response, error) {
		return Response(status, body, header...), nil
	})
}

// ThenDo adds a function that handles one request.
func (t *Transport) ThenDo(respond func(*http.Request) (*http.Response, error)) *Transport {
	t.responses = append(t.responses, respond)
	return t
}

// RoundTrip reads the request, records it, and returns the next response.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	t.mu.Lock()
	respond := t.responses[min(len(t.Requests), len(t.responses)-1)]
	t.Requests = append(t.Requests, req)
	t.Bodies = append(t.Bodies, string(body))
	t.mu.Unlock()
	return respond(req)
}
