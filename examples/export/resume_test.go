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

// stopped returns a fixture whose export stopped after two of four pages.
func stopped(t *testing.T, flags ...string) *fixture {
	t.Helper()
	f := newFixture(t, 35, flags...)
	f.inject(imagestest.OpList, 2, 1, imagestest.Refusal(400))
	f.ends(1, "20 images are saved in "+f.opts.out, "if the continuation token is no longer valid")
	return f
}

func TestDamagedCheckpointIsRejected(t *testing.T) {
	f := stopped(t)
	out, whole := f.read(""), f.read(".checkpoint")
	for _, damaged := range []string{"", whole[:len(whole)/2], whole[:len(whole)-1], whole + whole, "[]"} {
		f.write(".checkpoint", damaged)
		f.ends(1, "images.jsonl.checkpoint is damaged")
		assert.Equal(t, out, f.read(""))
		assert.Equal(t, damaged, f.read(".checkpoint"))
	}
	f.write(".checkpoint", whole)
	f.finishes()
}

func TestOtherSettingsAreRejected(t *testing.T) {
	f := stopped(t)
	out, saved := f.read(""), f.read(".checkpoint")
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"-per-page", "20"}, `-per-page 20 `},
		{[]string{"-creator", "bob"}, `-creator "bob" `},
		{[]string{"-creator", ""}, `-creator "" `},
		{[]string{"-sort", "asc"}, `-sort "asc" `},
		{[]string{"-download", t.TempDir(), "-variant", "public"}, `-variant "public"; use the same flags`},
	} {
		f.with(f.opts.out, test.flags...).ends(2, `was started with account `+imagestest.AccountID+
			` at , -creator any -per-page 10 -sort "" -download "" -variant "", but this run has`, test.want)
		assert.Equal(t, out, f.read(""))
		assert.Equal(t, saved, f.read(".checkpoint"))
	}
	assert.Equal(t, 3, f.server.Count(imagestest.OpList))
	f.finishes()
}

func TestOtherWorkingDirectoryIsRejected(t *testing.T) {
	flags := []string{"-download", "files", "-variant", "public"}
	t.Chdir(t.TempDir())
	f := stopped(t, flags...)
	t.Chdir(t.TempDir())
	f.with(f.opts.out, flags...).ends(2, "was started with account")
	f.finishes()
}

func TestChangedOutput(t *testing.T) {
	f := stopped(t)
	out := f.read("")
	for changed, want := range map[string]string{out[:len(out)-1]: "the checkpoint says", "{}\n" + out: "no line ends at byte"} {
		f.write("", changed)
		f.ends(1, "images.jsonl was changed: ", want)
		assert.Equal(t, changed, f.read(""))
	}
	f.write("", out+strings.Repeat("{\"id\":\"of an unfinished page\"}\n", 1000)+"{\"id")
	f.finishes()
}

func TestFilesWithoutCheckpointAreRejected(t *testing.T) {
	for _, suffix := range []string{"", ".files", ".failed", "/x"} {
		f := newDownload(t, 3)
		name := f.opts.out + suffix
		if suffix == "/x" {
			require.NoError(t, os.Mkdir(f.opts.download, 0o777))
			name = f.opts.download + suffix
		}
		require.NoError(t, os.WriteFile(name, []byte("mine\n"), 0o600))
		f.ends(1, "no checkpoint to resume from")
		kept, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "mine\n", string(kept))
		assert.Zero(t, f.server.Count(imagestest.OpList))
		require.NoError(t, os.Remove(name))
		f.ends(0)
	}
}

func TestOutputMustBeAFile(t *testing.T) {
	for _, out := range []string{os.DevNull, t.TempDir(), filepath.Join(t.TempDir(), "missing", "images.jsonl")} {
		newFixture(t, 3).with(out).ends(1, out)
	}
}

func TestInterrupt(t *testing.T) {
	f := newFixture(t, 60)
	ctx, interrupt := context.WithCancel(t.Context())
	left := 3
	f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if left--; left == 0 {
			interrupt()
		}
		return next.RoundTrip(r)
	}
	text, code := f.run(ctx)
	assert.Equal(t, 130, code)
	assert.Contains(t, text, "export: interrupted: ")
	assert.Contains(t, text, resumeHint)
	saved, err := loadCheckpoint(f.opts.out + ".checkpoint")
	require.NoError(t, err)
	require.NotZero(t, saved.Pages)
	assert.Equal(t, saved.Images.Lines, strings.Count(f.read(""), "\n"))
	assert.Len(t, f.read(""), int(saved.Images.Bytes), "the output ends where the checkpoint says")
	f.finishes()
}

// unfinishedPage returns a fixture whose export stopped after n downloads of the
// first page.
func unfinishedPage(t *testing.T, n int) *fixture {
	t.Helper()
	f := newDownload(t, 10, "-workers", "1")
	f.loseNetwork(int64(1 + n))
	f.ends(1)
	require.Len(t, f.saved(), n)
	return f
}

func TestDamagedFilesAreDownloadedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := unfinishedPage(t, 5)
		recorded := f.saved()
		path := func(name string) string { return filepath.Join(f.opts.download, name) }
		require.NoError(t, os.Remove(path(recorded[1].File)))
		require.NoError(t, os.Truncate(path(recorded[3].File), 7))
		require.NoError(t, os.MkdirAll(path(partial), 0o777))
		require.NoError(t, os.WriteFile(path(partial+"/1"), []byte("left by a crash"), 0o600))
		f.send = nil
		f.ends(0)
		assert.Equal(t, 5+10, f.server.Count(imagestest.OpDeliver), "one request each")
		assert.Equal(t, f.images(), readFiles(t, f.opts.download, false))
	})
}

func TestReplacedImagesAreDownloadedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := unfinishedPage(t, 3)
		saved := f.saved()
		id := saved[1].ID
		require.NoError(t, f.server.Client().ImagesV1.Delete(t.Context(), id))
		f.server.AddImages(cfimages.Image{ID: id, Filename: "anew", Uploaded: saved[0].Uploaded.Add(time.Hour)})
		f.send = nil
		f.ends(0)
		f.wantAll()
		assert.Equal(t, f.images(), readFiles(t, f.opts.download, false))
		assert.Len(t, f.saved(), 11, "the later record is valid")
	})
}

func TestFilesThatDifferAreReplaced(t *testing.T) {
	for name, test := range map[string]struct {
		etag string // "": none, "same": unchanged
		grow int64  // added to the size; -1: unknown size
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
				f := newDownload(t, 5, "-workers", "1")
				f.opts.variant = variant
				f.loseNetwork(1 + 2)
				f.ends(1)
				before := f.stat()
				require.Len(t, before, 2)
				f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if err == nil && !strings.HasSuffix(r.URL.Path, "/images/v2") {
						change(resp, test.etag, test.grow)
					}
					return resp, err
				}
				f.ends(0)
				after := f.stat()
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

// stat returns the complete files by name.
func (f *fixture) stat() map[string]os.FileInfo {
	f.Helper()
	infos := make(map[string]os.FileInfo)
	entries, err := os.ReadDir(f.opts.download)
	require.NoError(f, err)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(f, err)
		if !entry.IsDir() {
			infos[entry.Name()] = info
		}
	}
	return infos
}

// onWrite is a writer that calls a function at each write.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestTemporaryFilesAreRemovedBeforeTheLastCheckpoint(t *testing.T) {
	f := newDownload(t, 15)
	written := 0
	out := onWrite(func() {
		written++
		f.wantFiles() // a crash from here on would leave other files forever
	})
	require.NoError(t, export(t.Context(), connectServer(f.server, f.opts), f.opts, out, io.Discard))
	assert.Equal(t, 1, written)
}
