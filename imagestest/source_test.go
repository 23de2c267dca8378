package imagestest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestUploadFromASource(t *testing.T) {
	srv := newServer(t)
	const source = "https://user:pass%20word@example.com/pictures/caf%C3%A9.png?size=5"
	content := []byte(png)
	srv.ServeSource(source, content)
	content[0] = 'x' // the server has a copy

	resp := uploadImage(t, srv, "url", source, "id", "a", "metadata", `{"a":1}`)

	require.Equal(t, 200, resp.Status, resp.Body)
	assert.Equal(t, "café.png", resp.Result.Filename)
	assert.Equal(t, `{"a":1}`, string(resp.Result.Meta))
	assert.Equal(t, png, api(t, srv, "GET", "/images/v1/a/blob").Body)
	assert.Equal(t, "https://example.com/pictures/caf%C3%A9.png?[redacted]", srv.Requests()[0].SourceURL)

	srv.ServeSource("https://example.com", []byte(png))
	assert.Empty(t, uploadImage(t, srv, "url", "https://example.com").Result.Filename)
}

func TestSourcesThatFail(t *testing.T) {
	srv := newServer(t, imagestest.WithMaxFileSize(64))
	const source = "https://example.com/a.png"
	check := func(message string, status int, url string) {
		t.Helper()
		resp := uploadImage(t, srv, "url", url)
		assert.Equal(t, message, resp.message())
		assert.Equal(t, status, resp.Status)
	}
	check("The image could not be fetched: no content was set for its url with ServeSource", 400, source)
	srv.FailSource(source, 503)
	check("The image could not be fetched: its server responded with status 503", 400, source)
	srv.ServeSource(source, []byte("text"))
	check("Unsupported image format: expected PNG, JPEG, GIF, WebP, SVG, HEIC or AVIF", 415, source)
	srv.ServeSource(source, []byte(png+strings.Repeat("x", 64)))
	check("File too large: 85 bytes, maximum 64 allowed", 413, source)
	srv.ServeSource(source, []byte(png))
	check("The image could not be fetched: no content was set for its url with ServeSource", 400, "https://user:wrong@example.com/a.png")
	for _, invalid := range []string{"a.png", "//example.com/a.png", "ftp://example.com/a.png", "https://", "file:///etc/passwd", "https://example.com/%zz"} {
		check("Invalid url: expected an absolute http or https URL", 400, invalid)
	}
	assert.Empty(t, srv.Images())
	check("", 200, source)
}

func TestBadSourcesPanic(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	assert.Panics(t, func() { srv.ServeSource("example.com/a.png", nil) })
	assert.Panics(t, func() { srv.FailSource("example.com/a.png", 404) })
	for _, status := range []int{0, 200, 299, 600} {
		assert.Panics(t, func() { srv.FailSource("https://example.com/a.png", status) })
	}
}
