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

// Each file of an unfinished page is compared with what its source has.
func TestKeptFilesAreCompared(t *testing.T) {
	path := func(b *bench) string { return filepath.Join(b.opts.download, b.saved()[1].File) }
	respond := func(etag string, size int64) func(b *bench) {
		return func(b *bench) { b.send = changed(etag, size) }
	}
	for name, test := range map[string]struct {
		change func(b *bench)
		kept   bool
	}{
		"same":                {respond("same", 0), true},
		"other ETag":          {respond(`"another"`, 0), false},
		"no ETag":             {respond("", 0), true},
		"other size":          {respond("same", 1), false},
		"no ETag, no size":    {respond("", -1), true},
		"no ETag, other size": {respond("", 1), false},
		"removed":             {func(b *bench) { os.Remove(path(b)) }, false},
		"truncated":           {func(b *bench) { os.Truncate(path(b), 7) }, false},
		"replaced image": {func(b *bench) {
			saved := b.saved()[1]
			require.NoError(b, b.server.Client().ImagesV1.Delete(b.Context(), saved.ID))
			b.server.AddImages(cfimages.Image{ID: saved.ID, Filename: "anew", Uploaded: saved.Uploaded.Add(time.Hour)})
		}, false},
	} {
		for _, from := range []imagestest.Operation{deliver, blob} {
			t.Run(name+" of "+string(from), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { compareKept(t, downloadFrom(t, from, 8), from, test.change, test.kept) })
			})
		}
	}
}

func compareKept(t *testing.T, b *bench, from imagestest.Operation, change func(b *bench), kept bool) {
	b.loseNetwork(1 + 3)
	b.ends(1)
	b.send = nil
	require.Len(t, b.saved(), 3)
	name := filepath.Join(b.opts.download, b.saved()[1].File)
	old := time.Unix(1, 0) // a file that is written again is newer
	require.NoError(t, os.Chtimes(name, old, old))
	require.NoError(t, os.MkdirAll(filepath.Join(b.opts.download, partial, "of a crash"), 0o777))
	change(b)
	b.ends(0)
	assert.Equal(t, 3+8, b.server.Count(from), "one request each")
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, kept, info.ModTime().Equal(old))
	if b.send == nil {
		b.wantAll()
	}
	assert.Len(t, readFiles(t, b.opts.download, false), 8)
}

// changed changes the ETag and the size of responses with images.
func changed(etag string, grow int64) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || strings.HasSuffix(r.URL.Path, "/images/v2") {
			return resp, err
		}
		if etag != "same" {
			resp.Header.Set("Etag", etag)
		}
		resp.ContentLength += grow
		if grow < 0 {
			resp.ContentLength = -1
		}
		resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(resp.Body, strings.NewReader(strings.Repeat("x", max(0, int(grow))))), resp.Body}
		return resp, nil
	}
}
