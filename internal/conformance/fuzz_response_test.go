package conformance_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// lenient are the options by which responses are read.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// fuzzResponse is a transport that gives one response: whole, or cut with an
// error after some bytes.
type fuzzResponse struct {
	status int
	header http.Header
	body   []byte
	broken bool
	open   int
}

func (r *fuzzResponse) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	r.open++
	var body io.Reader = bytes.NewReader(r.body)
	if r.broken {
		body = io.MultiReader(body, iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	return &http.Response{StatusCode: r.status, Header: r.header, Body: &closing{body, &r.open}}, nil
}

// closing counts down when it is first closed.
type closing struct {
	io.Reader
	open *int
}

func (c *closing) Close() error {
	if c.open != nil {
		*c.open--
		c.open = nil
	}
	return nil
}

var fuzzSeeds = []string{
	"", "{}", "null", "<!DOCTYPE html><title>502</title>", canned.Image, canned.EmptyPage, canned.Created, canned.Image + " x",
	`{"success":false,"errors":[{"code":5400,"message":"no\u0000\u202e","documentation_url":"d","source":{"pointer":"/p"}}],"messages":null}`,
	`{"success":true,"id":"img"}`,
	`{"result":{"count":{"allowed":100000,"current":1000}},"success":true}`,
	`{"result":{"variants":{"thumb":{"id":"thumb","options":{"fit":"scale-down","height":768,"metadata":"none","width":1366,"browser_ttl":3600},"neverRequireSignedURLs":true}}},"success":true}`,
	`{"result":{"variant":{"id":"thumb","options":{"fit":"scale-down","height":768,"metadata":"none","width":1366,"blur":20}}},"success":true}`,
	`{"result":{"count":{"allowed":1e5,"current":1.0}},"success":true,"errors":[{"code":54e2}]}`,
	`{"result":{"variant":{"id":"a","options":{"width":1366.0,"height":1e999999999,"browser_ttl":0.5}}},"success":true}`,
	`{"result":{"keys":[{"name":"default","value":"Oix0bbNaT8Rge9PuyxUBrjI6zrgnsyJ5="},{"name":"new","value":"b"}]},"success":true}`,
	`{"result":{"continuation_token":"t","images":[{"id":"a","creator":"c","filename":"f\ud800","meta":{"k":1},"requireSignedURLs":true,"uploaded":"2026-11-02T02:20:01.123Z","variants":["v","w"]},{"id":"b","metadata":{},"draft":false}]},"success":true}`,
	`{"result":{"images":[{"id":"a","id":"b","meta":null,"creator":null,"variants":null,"uploaded":null}],"continuation_token":""},"success":null,"success":true}`,
	`{"result":{"images":[]},"result":null,"success":true,"errors":[null]}`,
	"{\"result\":{\"images\":[{\"id\":\"a\",\"uploaded\":\"a control character: \x7f\"}]},\"success\":true}",
	"{\"result\":{\"\\u0069mages\":[{\"\\u0069d\":\"\\u0061\xff\"}]},\"success\":true}",
}

// FuzzResponse gives every call a response of any bytes, whole or cut. There is
// no panic, no success that the response does not state, no body left open, and no
// error that is unfit for a log.
func FuzzResponse(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add(200, []byte(seed), len(seed), false)
		f.Add(201, []byte(seed), len(seed)/2, false)
		f.Add(200, []byte(seed), len(seed), true)
		f.Add(503, []byte(seed), len(seed)-1, true)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, cut int, broken bool) {
		transport := &fuzzResponse{
			status: 200 + abs(status)%400,
			header: http.Header{},
			body:   body[:abs(cut)%(len(body)+1)],
			broken: broken,
		}
		client := newClient(t, transport)
		all := calls(client)
		maps.Copy(all, callsWithoutResult(client))
		for name, call := range all {
			err := call(t.Context())
			require.Zero(t, transport.open, "open bodies of %s", name)
			if err == nil {
				require.True(t, transport.isSuccess(name), "%s took %d %q for a success", name, transport.status, transport.body)
				continue
			}
			requirePrintable(t, err.Error())
		}
	})
}

// isSuccess reports whether a response says that the call has succeeded, with
// whatever result.
func (r *fuzzResponse) isSuccess(call string) bool {
	var envelope struct {
		Success bool         `json:"success"`
		ID      string       `json:"id"`
		Result  objectMarker `json:"result"`
	}
	if r.broken || r.status/100 != 2 || jsonv2.Unmarshal(r.body, &envelope, lenient) != nil || !envelope.Success {
		return false
	}
	_, needsNoResult := callsWithoutResult(nil)[call]
	return needsNoResult || bool(envelope.Result) || call == "Upload" && envelope.ID != ""
}

// objectMarker becomes true when it is decoded from an object.
type objectMarker bool

func (m *objectMarker) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*m = *m || dec.PeekKind() == '{'
	return dec.SkipValue()
}

// FuzzErrorBody gives any body with a status of failure.
func FuzzErrorBody(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add(502, []byte(seed), "7", "ray")
	}
	f.Add(404, []byte(strings.Repeat("ä\n", 40_000)), "Fri, 31 Dec 1999 23:59:59 GMT", "\x1b[31m")
	f.Fuzz(func(t *testing.T, status int, body []byte, retryAfter, ray string) {
		transport := &fuzzResponse{
			status: 300 + abs(status)%700,
			header: http.Header{"Retry-After": {retryAfter}, "Cf-Ray": {ray}},
			body:   body,
		}
		client := newClient(t, transport)
		_, err := client.ImagesV1.Get(t.Context(), "img")
		require.Zero(t, transport.open)
		e, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, transport.status, e.StatusCode)
		assert.Equal(t, 1, e.Attempts)
		assert.GreaterOrEqual(t, e.RetryAfter, time.Duration(0))
		for _, sentinel := range sentinelOf(transport.status) {
			assert.ErrorIs(t, err, sentinel)
		}
		assert.NotErrorIs(t, err, cfimages.ErrMalformedResponse)
		assert.LessOrEqual(t, utf8.RuneCountInString(e.Body), 201)
		assert.Equal(t, len(body) > 64<<10, errors.Is(err, cfimages.ErrResponseTooLarge))
		requirePrintable(t, e.Error()+e.Body+e.RayID)
		for _, info := range append(e.Errors, e.Messages...) {
			requirePrintable(t, info.Message+info.DocumentationURL+info.Pointer)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
