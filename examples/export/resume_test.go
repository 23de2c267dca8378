package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestFilesThatAreGoneAreFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 10, "-workers", "1")
		network := new(lossy)
		b.wrap = network.wrap
		network.left.Store(1 + 5)
		_, code := b.run()
		require.Equal(t, 1, code)
		recorded := readLines[savedFile](t, b.opts.out+".files")
		require.Len(t, recorded, 5)
		path := func(i int) string { return filepath.Join(b.opts.download, recorded[i].File) }
		require.NoError(t, os.Remove(path(1)))
		require.NoError(t, os.Truncate(path(3), 7))
		require.NoError(t, os.MkdirAll(filepath.Join(b.opts.download, partial), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(b.opts.download, partial, "1"), []byte("of a crash"), 0o600))

		network.left.Store(1000)
		text, code := b.run()
		require.Zero(t, code, text)
		assert.Equal(t, 5+10, b.server.Count(imagestest.OpDeliver), "one request each")
		b.wantFiles()
	})
}

func TestReplacedImagesAreFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 5, "-workers", "1")
		network := new(lossy)
		b.wrap = network.wrap
		network.left.Store(1 + 3)
		_, code := b.run()
		require.Equal(t, 1, code)
		saved := readLines[savedFile](t, b.opts.out+".files")
		require.Len(t, saved, 3)

		id := saved[1].ID
		require.NoError(t, b.server.Client().ImagesV1.Delete(t.Context(), id))
		b.server.AddImages(cfimages.Image{ID: id, Filename: "anew", Uploaded: saved[0].Uploaded.Add(time.Hour)})
		network.left.Store(1000)
		text, code := b.run()
		require.Zero(t, code, text)
		b.wantAll()
		want := make(map[string]string)
		for _, img := range b.server.Images() {
			want[fileName(img.ID)] = fetchVariant(t, b.server.HTTPClient(), &img)
		}
		assert.Equal(t, want, readFiles(t, b.opts.download))
		assert.Len(t, readLines[savedFile](t, b.opts.out+".files"), 6, "the later record counts")
	})
}

func TestKeptFilesAreCompared(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*http.Response)
		kept   bool
	}{
		"same":             {func(*http.Response) {}, true},
		"other ETag":       {func(r *http.Response) { r.Header.Set("Etag", `"another"`) }, false},
		"no ETag":          {func(r *http.Response) { r.Header.Del("Etag") }, true},
		"other size":       {func(r *http.Response) { grow(r, 1) }, false},
		"no ETag, no size": {func(r *http.Response) { r.Header.Del("Etag"); r.ContentLength = -1 }, true},
		"no ETag, other size": {func(r *http.Response) {
			r.Header.Del("Etag")
			grow(r, 1)
		}, false},
	} {
		for _, variant := range []string{"", "public"} {
			synctest.Test(t, func(t *testing.T) {
				b := newDownload(t, 5, "-workers", "1")
				b.opts.variant = variant
				network := new(lossy)
				b.wrap = network.wrap
				network.left.Store(1 + 2)
				_, code := b.run()
				require.Equal(t, 1, code)
				before := b.stat()
				require.Len(t, before, 2)

				b.wrap = changed(test.change)
				text, code := b.run()
				require.Zero(t, code, text)
				after := b.stat()
				assert.Len(t, after, 5)
				for file, info := range before {
					assert.Equal(t, test.kept, os.SameFile(info, after[file]), "%s, variant %q", name, variant)
				}
			})
		}
	}
}

// changed changes the replies that have images.
func changed(change func(*http.Response)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil && !strings.HasSuffix(r.URL.Path, "/images/v2") {
				change(resp)
			}
			return resp, err
		})
	}
}

// grow adds bytes to a reply.
func grow(r *http.Response, n int) {
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(r.Body, strings.NewReader(strings.Repeat("x", n))), r.Body}
	r.ContentLength += int64(n)
	r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
}

// stat returns the files that are complete.
func (b *bench) stat() map[string]os.FileInfo {
	b.t.Helper()
	infos := make(map[string]os.FileInfo)
	entries, err := os.ReadDir(b.opts.download)
	require.NoError(b.t, err)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(b.t, err)
		if !entry.IsDir() {
			infos[entry.Name()] = info
		}
	}
	return infos
}

// atWrite is a moment at which the program could be killed.
type atWrite func()

func (f atWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestNothingIsLeftAfterTheLastCheckpoint(t *testing.T) {
	b := newDownload(t, 15)
	written := 0
	lastWords := atWrite(func() {
		written++
		b.wantFiles() // no later run would remove the rest
	})
	require.NoError(t, export(t.Context(), connectServer(b.server, b.opts), b.opts, lastWords, io.Discard))
	assert.Equal(t, 1, written)
}
