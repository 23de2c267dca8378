package main

import (
	"context"
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

// stopped returns a bench whose export has stopped after two of four pages.
func stopped(t *testing.T, flags ...string) *bench {
	t.Helper()
	b := newBench(t, 35, flags...)
	b.inject(imagestest.OpList, 2, 1, imagestest.Refusal(400))
	b.ends(1, "20 images are safe in "+b.opts.out, "if the place to go on from is not accepted any more")
	return b
}

func TestDamagedCheckpointIsRejected(t *testing.T) {
	b := stopped(t)
	out, whole := b.read(""), b.read(".checkpoint")
	for _, damaged := range []string{"", whole[:len(whole)/2], whole[:len(whole)-1], whole + whole, "[]"} {
		b.write(".checkpoint", damaged)
		b.ends(1, "images.jsonl.checkpoint is damaged")
		assert.Equal(t, out, b.read(""))
		assert.Equal(t, damaged, b.read(".checkpoint"))
	}
	b.write(".checkpoint", whole)
	b.finishes()
}

func TestOtherSettingsAreRejected(t *testing.T) {
	b := stopped(t)
	out, saved := b.read(""), b.read(".checkpoint")
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"-per-page", "20"}, `-per-page 20 `},
		{[]string{"-creator", "bob"}, `-creator "bob" `},
		{[]string{"-creator", ""}, `-creator "" `},
		{[]string{"-sort", "asc"}, `-sort "asc" `},
		{[]string{"-download", t.TempDir(), "-variant", "public"}, `-variant "public"; go on`},
	} {
		b.with(b.opts.out, test.flags...).ends(2, `was begun with account `+imagestest.AccountID+
			` at , -creator any -per-page 10 -sort "" -download "" -variant "", and this is`, test.want)
		assert.Equal(t, out, b.read(""))
		assert.Equal(t, saved, b.read(".checkpoint"))
	}
	assert.Equal(t, 3, b.server.Count(imagestest.OpList))
	b.finishes()
}

func TestOtherWorkingDirectoryIsRejected(t *testing.T) {
	flags := []string{"-download", "files", "-variant", "public"}
	t.Chdir(t.TempDir())
	b := stopped(t, flags...)
	t.Chdir(t.TempDir())
	b.with(b.opts.out, flags...).ends(2, "was begun with account")
	b.finishes()
}

func TestChangedOutput(t *testing.T) {
	b := stopped(t)
	out := b.read("")
	for changed, want := range map[string]string{out[:len(out)-1]: "the checkpoint says", "{}\n" + out: "has no end of a line"} {
		b.write("", changed)
		b.ends(1, "images.jsonl was changed: ", want)
		assert.Equal(t, changed, b.read(""))
	}
	b.write("", out+strings.Repeat("{\"id\":\"of an unfinished page\"}\n", 1000)+"{\"id")
	b.finishes()
}

func TestFilesWithoutCheckpointAreRejected(t *testing.T) {
	for _, suffix := range []string{"", ".files", ".failed", "/x"} {
		b := newDownload(t, 3)
		name := b.opts.out + suffix
		if suffix == "/x" {
			require.NoError(t, os.Mkdir(b.opts.download, 0o777))
			name = b.opts.download + suffix
		}
		require.NoError(t, os.WriteFile(name, []byte("mine\n"), 0o600))
		b.ends(1, "no checkpoint to go on from")
		kept, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "mine\n", string(kept))
		assert.Zero(t, b.server.Count(imagestest.OpList))
		require.NoError(t, os.Remove(name))
		b.ends(0)
	}
}

func TestOutputMustBeAFile(t *testing.T) {
	for _, out := range []string{os.DevNull, t.TempDir(), filepath.Join(t.TempDir(), "missing", "images.jsonl")} {
		newBench(t, 3).with(out).ends(1, out)
	}
}

func TestInterrupt(t *testing.T) {
	b := newBench(t, 60)
	ctx, interrupt := context.WithCancel(t.Context())
	left := 3
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if left--; left == 0 {
			interrupt()
		}
		return next.RoundTrip(r)
	}
	text, code := b.run(ctx)
	assert.Equal(t, 130, code)
	assert.Contains(t, text, "export: interrupted: ")
	assert.Contains(t, text, goOn)
	saved, err := loadCheckpoint(b.opts.out + ".checkpoint")
	require.NoError(t, err)
	require.NotZero(t, saved.Pages)
	assert.Equal(t, saved.Images.Lines, strings.Count(b.read(""), "\n"))
	assert.Len(t, b.read(""), int(saved.Images.Bytes), "the output has what the checkpoint says, and no more")
	b.finishes()
}

// unfinishedPage returns a bench of which n files of the first page are there.
func unfinishedPage(t *testing.T, n int) *bench {
	t.Helper()
	b := newDownload(t, 10, "-workers", "1")
	b.loseNetwork(int64(1 + n))
	b.ends(1)
	require.Len(t, b.saved(), n)
	return b
}

func TestFilesThatAreGoneAreFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := unfinishedPage(t, 5)
		recorded := b.saved()
		path := func(name string) string { return filepath.Join(b.opts.download, name) }
		require.NoError(t, os.Remove(path(recorded[1].File)))
		require.NoError(t, os.Truncate(path(recorded[3].File), 7))
		require.NoError(t, os.MkdirAll(path(partial), 0o777))
		require.NoError(t, os.WriteFile(path(partial+"/1"), []byte("of a crash"), 0o600))
		b.send = nil
		b.ends(0)
		assert.Equal(t, 5+10, b.server.Count(imagestest.OpDeliver), "one request each")
		assert.Equal(t, b.images(), readFiles(t, b.opts.download, false))
	})
}

func TestReplacedImagesAreFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := unfinishedPage(t, 3)
		saved := b.saved()
		id := saved[1].ID
		require.NoError(t, b.server.Client().ImagesV1.Delete(t.Context(), id))
		b.server.AddImages(cfimages.Image{ID: id, Filename: "anew", Uploaded: saved[0].Uploaded.Add(time.Hour)})
		b.send = nil
		b.ends(0)
		b.wantAll()
		assert.Equal(t, b.images(), readFiles(t, b.opts.download, false))
		assert.Len(t, b.saved(), 11, "the later record counts")
	})
}

func TestKeptFilesAreCompared(t *testing.T) {
	for name, test := range map[string]struct {
		etag string // "": none, "same": as it is
		grow int64  // the size; -1: it is not known
		kept bool
	}{
		"same":                {"same", 0, true},
		"other ETag":          {`"another"`, 0, false},
		"no ETag":             {"", 0, true},
		"other size":          {"same", 1, false},
		"no ETag, no size":    {"", -1, true},
		"no ETag, other size": {"", 1, false},
	} {
		for _, variant := range []string{"", "public"} {
			synctest.Test(t, func(t *testing.T) {
				b := newDownload(t, 5, "-workers", "1")
				b.opts.variant = variant
				b.loseNetwork(1 + 2)
				b.ends(1)
				before := b.stat()
				require.Len(t, before, 2)
				b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if err == nil && !strings.HasSuffix(r.URL.Path, "/images/v2") {
						change(resp, test.etag, test.grow)
					}
					return resp, err
				}
				b.ends(0)
				after := b.stat()
				assert.Len(t, after, 5)
				for file, info := range before {
					assert.Equal(t, test.kept, os.SameFile(info, after[file]), "%s, variant %q", name, variant)
				}
			})
		}
	}
}

// change changes the ETag and the size of a response.
func change(r *http.Response, etag string, grow int64) {
	if etag == "" {
		r.Header.Del("Etag")
	} else if etag != "same" {
		r.Header.Set("Etag", etag)
	}
	if grow < 0 {
		r.ContentLength = -1
		return
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(r.Body, strings.NewReader(strings.Repeat("x", int(grow)))), r.Body}
	r.ContentLength += grow
	r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
}

// stat returns the files that are complete.
func (b *bench) stat() map[string]os.FileInfo {
	b.Helper()
	infos := make(map[string]os.FileInfo)
	entries, err := os.ReadDir(b.opts.download)
	require.NoError(b, err)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(b, err)
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
