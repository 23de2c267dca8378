package conformance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestBlobWithABrokenBody(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		body   io.Reader
		size   int
		want   error
		arrive string // before the error
	}{
		"shorter than said":    {strings.NewReader("pix"), 6, io.ErrUnexpectedEOF, "pix"},
		"longer than said":     {strings.NewReader("pixels, and more"), 6, io.ErrUnexpectedEOF, "pixels, and more"},
		"cut":                  {io.MultiReader(strings.NewReader("pix"), iotest.ErrReader(io.ErrUnexpectedEOF)), 6, io.ErrUnexpectedEOF, "pix"},
		"broken otherwise":     {iotest.ErrReader(broken), -1, broken, ""},
		"over the bound":       {flood{}, -1, cfimages.ErrResponseTooLarge, strings.Repeat("x", 32<<20)},
		"canceled by a reader": {iotest.ErrReader(context.Canceled), -1, context.Canceled, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := new(canned.Transport).ThenDo(picture(tt.body, tt.size))
			blob, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
			require.NoError(t, err)
			got, err := io.ReadAll(blob)
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, "cfimages: ImagesV1.Blob: ")
			assert.NotContains(t, err.Error(), "pix")
			assert.True(t, tt.arrive == string(got), "%d bytes arrived", len(got))

			_, again := blob.Read(make([]byte, 1))
			assert.Equal(t, err, again)
			assert.NoError(t, blob.Close())
		})
	}
}

func TestBlobClosedOrCanceledEarly(t *testing.T) {
	server := new(canned.Transport).ThenDo(picture(flood{}, -1))
	blob, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
	require.NoError(t, err)
	require.NoError(t, blob.Close())
	_, err = blob.Read(make([]byte, 1))
	assert.ErrorContains(t, err, "read after Close")
	require.NoError(t, blob.Close())

	ctx, cancel := context.WithCancel(t.Context())
	server = new(canned.Transport).ThenDo(picture(iotest.ErrReader(errors.New("connection closed")), -1))
	blob, err = newClient(t, server).ImagesV1.Blob(ctx, "img")
	require.NoError(t, err)
	cancel()
	_, err = blob.Read(make([]byte, 1))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestBlobIsRetriedUntilItBegins(t *testing.T) {
	server := new(canned.Transport).Then(http.StatusServiceUnavailable, "").ThenDo(picture(strings.NewReader("pixels"), 6))
	blob, err := newClient(t, server, cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2})).ImagesV1.Blob(t.Context(), "img")
	require.NoError(t, err)
	defer blob.Close()
	assert.Len(t, server.Requests, 2)
}

func TestBlobAnsweredWithJSON(t *testing.T) {
	tests := map[string]struct {
		body string
		want error
	}{
		"a refusal":       {`{"success":false,"errors":[{"code":5000,"message":"no"}],"result":null}`, nil},
		"a success":       {canned.Image, cfimages.ErrMalformedResponse},
		"not an envelope": {`[]`, cfimages.ErrMalformedResponse},
		"nothing":         {``, cfimages.ErrMalformedResponse},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := new(canned.Transport).Then(http.StatusOK, tt.body, "Content-Type", "application/json; charset=utf-8")
			_, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
			var refused *cfimages.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "ImagesV1.Blob", refused.Op)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
			} else {
				assert.Equal(t, 5000, refused.Errors[0].Code)
			}
		})
	}
}

func TestBlobAcceptsOnlyImages(t *testing.T) {
	tests := map[string]struct {
		status      int
		contentType string
		ok          bool
	}{
		"a picture":             {200, "image/svg+xml; charset=utf-8", true},
		"bytes":                 {200, "application/octet-stream", true},
		"a page":                {200, "text/html", false},
		"JSON of another name":  {200, "text/json", false},
		"of no type":            {200, "", false},
		"nothing":               {204, "image/png", false},
		"a part not asked for":  {206, "image/png", false},
		"not there, perhaps so": {202, "image/png", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := new(canned.Transport).Then(tt.status, "pixels", "Content-Type", tt.contentType)
			blob, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
			if tt.ok {
				require.NoError(t, err)
				require.NoError(t, blob.Close())
				return
			}
			assert.ErrorIs(t, err, cfimages.ErrMalformedResponse)
			assert.NotContains(t, err.Error(), "pixels")
		})
	}
}

// picture responds with the bytes of an image, and a Content-Length.
func picture(body io.Reader, size int) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"image/png"}, "Etag": {`"v1"`}}
		if size >= 0 {
			h.Set("Content-Length", strconv.Itoa(size))
		}
		return &http.Response{StatusCode: http.StatusOK, Header: h, Body: io.NopCloser(body)}, nil
	}
}

// flood is a body without an end.
type flood struct{}

func (flood) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
