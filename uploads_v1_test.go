package cfimages_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// uploadOf parses a request's multipart body into its fields and its file.
func uploadOf(t *testing.T, contentType, body string) (fields map[string][]string, file *multipart.FileHeader, content string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	form, err := multipart.NewReader(strings.NewReader(body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Len(t, form.File["file"], 1)
	opened, err := form.File["file"][0].Open()
	require.NoError(t, err)
	raw, err := io.ReadAll(opened)
	require.NoError(t, err)
	return form.Value, form.File["file"][0], string(raw)
}

func TestImagesV1UploadSends(t *testing.T) {
	tests := map[string]struct {
		file   cfimages.File
		params cfimages.UploadParams
		want   map[string][]string
		known  bool
	}{
		"only the file": {cfimages.File{Name: "cat.png", ContentType: "image/png", Body: strings.NewReader("png")}, cfimages.UploadParams{}, map[string][]string{}, true},
		"a stream":      {cfimages.File{Name: "cat.png", ContentType: "image/png", Body: unseekable{strings.NewReader("png")}}, cfimages.UploadParams{}, map[string][]string{}, false},
		"a custom ID": {
			cfimages.File{Name: "cat.png", ContentType: "image/png", Body: strings.NewReader("png")},
			cfimages.UploadParams{ID: "a b/ü/100%", Creator: "alice", Metadata: map[string]any{"b": 1, "a": true}},
			map[string][]string{"id": {"a b/ü/100%"}, "creator": {"alice"}, "metadata": {`{"a":true,"b":1}`}}, true,
		},
		"a private image": {
			cfimages.File{Name: "cat.png", ContentType: "image/png", Body: strings.NewReader("png")},
			cfimages.UploadParams{RequireSignedURLs: true},
			map[string][]string{"requireSignedURLs": {"true"}}, true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(`{"success":true,"result":{"id":"img","filename":"cat.png","metadata":{"a":1}}}`)
			var sent, total int64
			tt.file.Progress = func(s, n int64) { sent, total = s, n }
			img, err := newClient(t, transport).ImagesV1.Upload(t.Context(), tt.file, tt.params)
			require.NoError(t, err)
			assert.Equal(t, &cfimages.Image{ID: "img", Filename: "cat.png", Meta: []byte(`{"a":1}`)}, img)
			assert.Equal(t, []int64{3, 3}, []int64{sent, total})

			req := transport.Requests[0]
			assert.Equal(t, "POST https://api.example/client/v4/accounts/acc/images/v1", req.Method+" "+req.URL.String())
			assert.Equal(t, "Bearer token", req.Header.Get("Authorization"))
			assert.Equal(t, tt.known, req.ContentLength == int64(len(transport.Bodies[0])))
			fields, file, content := uploadOf(t, req.Header.Get("Content-Type"), transport.Bodies[0])
			assert.Equal(t, tt.want, fields)
			assert.Equal(t, "cat.png", file.Filename)
			assert.Equal(t, "image/png", file.Header.Get("Content-Type"))
			assert.Equal(t, "png", content)
		})
	}
}

func TestUploadFromURLSends(t *testing.T) {
	for _, source := range []string{"https://example.com/cat.png", "http://user:p%40ss@example.com:8080/a/ü?w=1#x", "HTTPS://[::1]/"} {
		transport := canned.JSON(canned.Image)
		img, err := newClient(t, transport).ImagesV1.UploadFromURL(t.Context(), source, cfimages.UploadParams{ID: "cat", Metadata: struct{}{}})
		require.NoError(t, err)
		assert.Equal(t, "img", img.ID)
		req := transport.Requests[0]
		assert.Equal(t, "POST https://api.example/client/v4/accounts/acc/images/v1", req.Method+" "+req.URL.String())
		want := map[string][]string{"id": {"cat"}, "metadata": {"{}"}, "url": {source}}
		assert.Equal(t, want, formOf(t, req.Header.Get("Content-Type"), transport.Bodies[0]))
	}
}

func TestImagesV1UploadsReject(t *testing.T) {
	png := func() io.Reader { return strings.NewReader("png") }
	tests := map[string]struct {
		file     cfimages.File
		params   cfimages.UploadParams
		rejected []string
	}{
		"no body":                          {cfimages.File{}, cfimages.UploadParams{}, []string{"Body"}},
		"an empty body":                    {cfimages.File{Body: strings.NewReader("")}, cfimages.UploadParams{}, []string{"Body"}},
		"another size than the file has":   {cfimages.File{Body: png(), Size: 4}, cfimages.UploadParams{}, []string{"Size"}},
		"a UUID":                           {cfimages.File{Body: png()}, cfimages.UploadParams{ID: "107b9558-dd06-4bbd-5fef-9c2c16bb7900"}, []string{"ID"}},
		"a private image with a custom ID": {cfimages.File{Body: png()}, cfimages.UploadParams{ID: "a", RequireSignedURLs: true}, []string{"RequireSignedURLs"}},
		"metadata that is too large":       {cfimages.File{Body: png()}, cfimages.UploadParams{Metadata: map[string]string{"k": strings.Repeat("x", 1024)}}, []string{"Metadata"}},
		"everything at once":               {cfimages.File{Size: -2, Name: "\x00"}, cfimages.UploadParams{ID: "/", Creator: "\xff", Metadata: 1}, []string{"Size", "Name", "Body", "ID", "Creator", "Metadata"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(canned.Image)
			_, err := newClient(t, transport).ImagesV1.Upload(t.Context(), tt.file, tt.params)
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			for _, param := range tt.rejected {
				assert.NotNil(t, paramError(err, param), "%s in %v", param, err)
			}
			assert.Empty(t, transport.Requests)
		})
	}
}

func TestUploadFromURLRejects(t *testing.T) {
	for _, source := range []string{
		"", "example.com/canary.png", "/canary.png", "ftp://canary.example/cat.png", "file:///canary", "data:image/png;base64,canary",
		"https:///canary.png", "https://user:canary@example.com:port/", "https://example.com/canary%zz", "https://example.com/canary\n", "https://example.com/canary\xff",
	} {
		transport := canned.JSON(canned.Image)
		_, err := newClient(t, transport).ImagesV1.UploadFromURL(t.Context(), source, cfimages.UploadParams{ID: "/"})
		require.ErrorIs(t, err, cfimages.ErrInvalidParams, source)
		assert.NotNil(t, paramError(err, "sourceURL"), source)
		assert.NotNil(t, paramError(err, "ID"), source)
		assert.NotContains(t, err.Error(), "canary")
		assert.Empty(t, transport.Requests)
	}
}

func TestImagesV1UploadRetries(t *testing.T) {
	lost := func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }
	stream := func() io.Reader { return unseekable{strings.NewReader("png")} }
	seekable := func() io.Reader { return strings.NewReader("png") }
	tests := map[string]struct {
		body     func() io.Reader
		first    *canned.Transport
		requests int
		want     error
	}{
		"a file after 429":         {seekable, new(canned.Transport).Then(429, ""), 2, nil},
		"a stream after 429":       {stream, new(canned.Transport).Then(429, ""), 1, cfimages.ErrRateLimited},
		"a file after 503":         {seekable, new(canned.Transport).Then(503, ""), 1, cfimages.ErrOutcomeUnknown},
		"a file after a loss":      {seekable, new(canned.Transport).ThenDo(lost), 1, cfimages.ErrOutcomeUnknown},
		"a response without an ID": {seekable, canned.JSON(`{"success":true,"result":{}}`), 1, cfimages.ErrOutcomeUnknown},
		"a taken ID":               {seekable, new(canned.Transport).Then(409, ""), 1, cfimages.ErrConflict},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := tt.first.Then(200, canned.Image)
				client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
				_, err := client.ImagesV1.Upload(t.Context(), cfimages.File{Body: tt.body()}, cfimages.UploadParams{})
				assert.Len(t, transport.Requests, tt.requests)
				for i, body := range transport.Bodies {
					_, _, content := uploadOf(t, transport.Requests[i].Header.Get("Content-Type"), body)
					assert.Equal(t, "png", content)
				}
				if tt.want == nil {
					assert.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.want == cfimages.ErrOutcomeUnknown, errors.Is(err, cfimages.ErrOutcomeUnknown), "%v", err)
			})
		})
	}
}

// A stream that was read cannot be sent again, so its call neither waits nor retries.
func TestUploadOfAStreamFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(canned.Transport).Then(429, "", "Retry-After", "2")
		client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		start := time.Now()
		_, err := client.ImagesV1.Upload(t.Context(), cfimages.File{Body: unseekable{strings.NewReader("png")}}, cfimages.UploadParams{})
		failed, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, []int{429, 1}, []int{failed.StatusCode, failed.Attempts})
		assert.Equal(t, 2*time.Second, failed.RetryAfter)
		assert.NotContains(t, err.Error(), "already read")
		assert.Zero(t, time.Since(start))
	})
}
