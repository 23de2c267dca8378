package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestOriginals(t *testing.T) {
	b := newBench(t, 25, "-download", filepath.Join(t.TempDir(), "files"))
	b.server.AddImages(cfimages.Image{ID: "a/../b"}, cfimages.Image{ID: "private", RequireSignedURLs: true})
	text, code := b.run()
	require.Equal(t, 1, code, text)
	failed := readLines[failedFile](t, b.opts.out+".failed")
	require.Len(t, failed, 1)
	assert.Equal(t, "a/../b", failed[0].ID)
	assert.Contains(t, failed[0].Reason, "would lead to another path")
	b.wantFiles("a/../b")
	assert.Equal(t, 26, b.server.Count(imagestest.OpBlob))
}

func TestOriginalThatIsTooLarge(t *testing.T) {
	b := newBench(t, 2, "-download", filepath.Join(t.TempDir(), "files"))
	asked := 0
	b.wrap = func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "<1>/blob") {
				return next.RoundTrip(r)
			}
			asked++
			body := io.NopCloser(strings.NewReader(strings.Repeat("x", 33<<20)))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
		})
	}
	text, code := b.run()
	require.Equal(t, 1, code, text)
	assert.Equal(t, 1, asked)
	b.wantFiles("album 0/Photo <1>")
}

func TestErrorsOfOriginals(t *testing.T) {
	for status, want := range map[int]struct {
		stops bool
		text  string
	}{
		401: {true, "mend the credentials"},
		403: {true, "mend the credentials"},
		404: {false, "404"},
		503: {true, "10 images in a row have failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, 12, "-per-page", "20", "-download", filepath.Join(t.TempDir(), "files"))
			b.wrap = func(next http.RoundTripper) http.RoundTripper {
				return transport(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/blob") {
						return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
					}
					return next.RoundTrip(r)
				})
			}
			text, code := b.run()
			assert.Equal(t, 1, code)
			failed, err := os.ReadFile(b.opts.out + ".failed")
			require.NoError(t, err)
			if want.stops {
				assert.Contains(t, text, want.text)
				assert.Contains(t, text, "0 images are safe")
				return
			}
			assert.Contains(t, string(failed), want.text)
			b.wantAll()
		})
	}
}
