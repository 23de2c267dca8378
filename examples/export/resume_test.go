package main

import (
	"io"
	"os"
	"path/filepath"
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
		assert.Equal(t, 5+2+5, b.server.Count(imagestest.OpDeliver))
		assert.Len(t, readFiles(t, b.opts.download), 10)
		assert.Len(t, readLines[savedFile](t, b.opts.out+".files"), 12, "the later record counts")
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
		assert.Equal(t, 3+3+5, b.server.Count(imagestest.OpDeliver), "only the one that was replaced was fetched twice")
	})
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
