package cfimages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// received is what a server got in an upload.
type received struct {
	name, contentType, content string
	length                     int64
	header                     http.Header
}

// uploadServer accepts uploads at any path.
func uploadServer(t *testing.T, response string) (url string, last *received) {
	t.Helper()
	last = new(received)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		content, _ := io.ReadAll(file)
		*last = received{header.Filename, header.Header.Get("Content-Type"), string(content), r.ContentLength, r.Header.Clone()}
		io.WriteString(w, response)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hash/id", last
}

// unseekable hides everything but Read, and fails the test when it is closed.
type unseekable struct{ io.Reader }

func TestUpload(t *testing.T) {
	url, got := uploadServer(t, canned.Image)
	onDisk := filepath.Join(t.TempDir(), "logo.png")
	require.NoError(t, os.WriteFile(onDisk, []byte("skipped, sent"), 0o600))
	half, err := os.Open(onDisk)
	require.NoError(t, err)
	defer half.Close()
	_, err = half.Seek(9, io.SeekStart)
	require.NoError(t, err)

	tests := []struct {
		name  string
		file  cfimages.File
		want  received
		known bool
	}{
		{"bytes", cfimages.File{Name: "a.png", ContentType: "image/png", Body: strings.NewReader("png")}, received{name: "a.png", contentType: "image/png", content: "png"}, true},
		{"no name, no type", cfimages.File{Body: strings.NewReader("png"), Size: -1}, received{name: "image", contentType: "application/octet-stream", content: "png"}, true},
		{"a file from where it stands", cfimages.File{Name: "b", Body: half}, received{name: "b", contentType: "application/octet-stream", content: "sent"}, true},
		{"a stream", cfimages.File{Name: "c", Body: unseekable{strings.NewReader("png")}}, received{name: "c", contentType: "application/octet-stream", content: "png"}, false},
		{"a stream of a given size", cfimages.File{Name: "c", Body: unseekable{strings.NewReader("png")}, Size: 3}, received{name: "c", contentType: "application/octet-stream", content: "png"}, true},
		{"a name from afar", cfimages.File{Name: "Überraschung 😀.png", Body: strings.NewReader("png")}, received{name: "Überraschung 😀.png", contentType: "application/octet-stream", content: "png"}, true},
		{"a hostile name", cfimages.File{Name: "a\"; filename=\"b\r\nX: y", Body: strings.NewReader("png")}, received{name: "a%22; filename=%22b%0D%0AX: y", contentType: "application/octet-stream", content: "png"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent, total int64
			tt.file.Progress = func(s, n int64) {
				require.GreaterOrEqual(t, s, sent)
				sent, total = s, n
			}
			img, err := new(cfimages.Uploader).Upload(t.Context(), url, tt.file)
			require.NoError(t, err)
			assert.Equal(t, "img", img.ID)
			assert.Equal(t, int64(len(tt.want.content)), sent)
			assert.Equal(t, sent, total, "known at the end")
			for _, name := range []string{"Authorization", "X-Auth-Email", "X-Auth-Key", "Cookie"} {
				assert.NotContains(t, got.header, name)
			}
			assert.Equal(t, tt.known, got.length > 0)
			got.header, got.length = nil, 0
			assert.Equal(t, tt.want, *got)
		})
	}
	_, err = half.Seek(0, io.SeekStart)
	assert.NoError(t, err, "the caller's file is still open")
}

func TestUploadByClientSendsNoCredentials(t *testing.T) {
	for _, login := range []cfimages.Option{cfimages.WithAPIToken("token"), cfimages.WithAPIKey("me@example.com", "key")} {
		transport := canned.JSON(canned.Image)
		_, err := newClient(t, transport, login).DirectUploads.Upload(t.Context(), "https://upload.example/hash/img", cfimages.File{Body: strings.NewReader("png")})
		require.NoError(t, err)
		for _, name := range []string{"Authorization", "X-Auth-Email", "X-Auth-Key"} {
			assert.NotContains(t, transport.Requests[0].Header, name)
		}
	}
}

func TestUploadResponses(t *testing.T) {
	for body, want := range map[string]cfimages.Image{
		`{"id":"short","success":true}`:                                       {ID: "short"},
		`{"result":{"id":"img","filename":"a.png","meta":{}},"success":true}`: {ID: "img", Filename: "a.png", Meta: []byte("{}")},
	} {
		img, err := newClient(t, canned.JSON(body)).DirectUploads.Upload(t.Context(), "https://u.example/x", cfimages.File{Body: strings.NewReader("png")})
		require.NoError(t, err)
		assert.Equal(t, want, *img)
	}
}

func TestUploadRejects(t *testing.T) {
	png := func() io.Reader { return strings.NewReader("png") }
	tests := []struct {
		name, url string
		file      cfimages.File
		param     string
	}{
		{"no URL", "", cfimages.File{Body: png()}, "uploadURL"},
		{"plain http", "http://upload.example/canary-canary-canary", cfimages.File{Body: png()}, "uploadURL"},
		{"userinfo", "https://canary@upload.example/x", cfimages.File{Body: png()}, "uploadURL"},
		{"not a URL", "https://upload.example/canary%zz", cfimages.File{Body: png()}, "uploadURL"},
		{"no body", "https://u.example/x", cfimages.File{}, "Body"},
		{"negative size", "https://u.example/x", cfimages.File{Body: png(), Size: -2}, "Size"},
		{"another size than the file has", "https://u.example/x", cfimages.File{Body: png(), Size: 4}, "Size"},
		{"nothing to send", "https://u.example/x", cfimages.File{Body: strings.NewReader("")}, "Body"},
		{"content type with a line break", "https://u.example/x", cfimages.File{Body: png(), ContentType: "image/png\r\nX: y"}, "ContentType"},
		{"name with a NUL", "https://u.example/x", cfimages.File{Body: png(), Name: "a\x00"}, "Name"},
		{"name not UTF-8", "https://u.example/x", cfimages.File{Body: png(), Name: "a\xff"}, "Name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			transport := canned.JSON(canned.Image)
			uploader := &cfimages.Uploader{HTTPClient: &http.Client{Transport: transport}}
			_, err := uploader.Upload(t.Context(), tt.url, tt.file)
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			assert.NotNil(t, paramError(err, tt.param), "%v", err)
			assert.NotContains(t, err.Error(), "canary")
			assert.Empty(t, transport.Requests)
		})
	}
}

func TestUploadStatuses(t *testing.T) {
	for status, want := range map[int]error{404: cfimages.ErrNotFound, 409: cfimages.ErrConflict, 410: cfimages.ErrGone} {
		transport := new(canned.Transport).Then(status, `{"success":false,"errors":[{"code":1,"message":"https://u.example/secret-secret-secret"}]}`)
		uploader := &cfimages.Uploader{HTTPClient: &http.Client{Transport: transport}}
		_, err := uploader.Upload(t.Context(), "https://u.example/secret-secret-secret", cfimages.File{Body: strings.NewReader("png")})
		require.ErrorIs(t, err, want)
		assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "secret")
		assert.Len(t, transport.Requests, 1)
	}
}

// An upload is not retried when a byte may have been sent, and its error says so.
func TestUploadLost(t *testing.T) {
	cause := errors.New("lost on the way to https://u.example/secret-secret-secret")
	transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) { return nil, cause })
	client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
	_, err := client.DirectUploads.Upload(t.Context(), "https://u.example/secret-secret-secret", cfimages.File{Body: strings.NewReader("png")})
	require.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	assert.NotContains(t, err.Error(), "secret")
	assert.Len(t, transport.Requests, 1)
}

func TestUploadOfABrokenFile(t *testing.T) {
	url, _ := uploadServer(t, canned.Image)
	broken := errors.New("disk on fire")
	for name, file := range map[string]cfimages.File{
		"fails":             {Body: io.MultiReader(strings.NewReader("png"), unseekable{&failing{broken}})},
		"shorter than told": {Body: unseekable{strings.NewReader("png")}, Size: 1 << 20},
		"longer than told":  {Body: unseekable{bytes.NewReader(make([]byte, 1<<20))}, Size: 10},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := new(cfimages.Uploader).Upload(t.Context(), url, file)
			require.Error(t, err)
			if name == "fails" {
				assert.ErrorIs(t, err, broken)
			}
		})
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestUploadCanceled(t *testing.T) {
	url, _ := uploadServer(t, canned.Image)
	ctx, cancel := context.WithCancel(t.Context())
	body, feed := io.Pipe()
	defer feed.Close()
	go func() {
		feed.Write([]byte("some"))
		cancel()
	}()
	_, err := new(cfimages.Uploader).Upload(ctx, url, cfimages.File{Body: body})
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
}
