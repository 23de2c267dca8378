package main

import (
	"context"
	"encoding/json"
	"fmt"
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

// stopped returns a bench whose export has stopped after two of four pages.
func stopped(t *testing.T, flags ...string) *bench {
	t.Helper()
	b := newBench(t, 35, flags...)
	b.inject(list, 2, 1, imagestest.Refusal(400))
	b.ends(1, "20 images are safe in "+b.opts.out, "if the continuation token is not accepted any more")
	return b
}

// newFailures makes a bench whose export is finished but for n private images,
// which it can download now.
func newFailures(t *testing.T, n int) *bench {
	t.Helper()
	b := newDownload(t, 5, "-workers", "1")
	for i := range n {
		b.server.AddImages(cfimages.Image{ID: fmt.Sprint("private-", i), RequireSignedURLs: true})
	}
	b.ends(1, fmt.Sprint(n, " images could not be downloaded"))
	b.server.ResetRequests()
	b.signer = newSigner(t, imagestest.SigningKey)
	return b
}

// checkpoint returns the checkpoint, which the output has to agree with.
func (b *bench) checkpoint() (c checkpoint) {
	b.Helper()
	require.NoError(b, json.Unmarshal([]byte(b.read(".checkpoint")), &c))
	require.Equal(b, c.Images.Lines, strings.Count(b.read(""), "\n"))
	require.Len(b, b.read(""), int(c.Images.Bytes))
	return c
}

// Every export is stopped at every request, and resumed.
func TestStoppedExportLosesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		begin func(*testing.T) *bench
		from  imagestest.Operation
		calls int
	}{
		"list":      {func(t *testing.T) *bench { return newBench(t, 35) }, list, 4},
		"variants":  {func(t *testing.T) *bench { return downloadFrom(t, deliver, 12) }, deliver, 2 + 12},
		"originals": {func(t *testing.T) *bench { return downloadFrom(t, blob, 12) }, blob, 2 + 12},
		"retry":     {func(t *testing.T) *bench { return newFailures(t, 12) }, deliver, 12},
	} {
		for at := range test.calls {
			t.Run(fmt.Sprint(name, " at ", at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { stopAndResume(t, test.begin(t), test.from, at, test.calls) })
				synctest.Test(t, func(t *testing.T) { interruptAndResume(t, test.begin(t), at) })
			})
		}
	}
}

// stopAndResume loses the network after some requests. The run after that makes
// those that are left, one more for each file of an unfinished page, and one for
// its list.
func stopAndResume(t *testing.T, b *bench, from imagestest.Operation, at, calls int) {
	failed := b.listOfFailures()
	b.loseNetwork(int64(at))
	text := b.ends(1, "connection refused", toResume)
	assert.NotContains(t, text, "/cdn-cgi/imagedelivery/", "URLs may be signed")
	assert.Equal(t, failed, b.listOfFailures())
	c := b.checkpoint()
	again := 0
	if b.opts.download != "" {
		assert.Len(t, readFiles(t, b.opts.download, false), len(b.saved()))
		again = len(b.saved()) - c.Files.Lines
		if asked := b.server.Count(list); asked > c.Pages {
			again += asked - c.Pages
		}
	}
	b.send = nil
	b.ends(0)
	assert.Len(t, b.server.Requests(), calls+again, "no page is requested twice, and no file is written twice")
	assert.NotZero(t, b.server.Count(from))
	b.wantAll()
}

func interruptAndResume(t *testing.T, b *bench, at int) {
	failed := b.listOfFailures()
	ctx, interrupt := context.WithCancel(t.Context())
	b.after(int64(at), func(r *http.Request) (*http.Response, error) {
		interrupt()
		return nil, r.Context().Err()
	})
	text, code := b.run(ctx)
	require.Equal(t, 130, code, text)
	assert.Contains(t, text, "export: interrupted: ")
	assert.Contains(t, text, fmt.Sprintf("%d images are safe in %s; %s", b.checkpoint().Images.Lines, b.opts.out, toResume))
	assert.Equal(t, failed, b.listOfFailures())
	b.finishes()
}

// listOfFailures returns what an export that is stopped has to leave unchanged.
func (b *bench) listOfFailures() string {
	b.Helper()
	assert.NoFileExists(b, b.opts.out+".failed.new")
	data, err := os.ReadFile(b.opts.out + ".failed")
	if !os.IsNotExist(err) {
		require.NoError(b, err)
	}
	return string(data)
}

func TestChangedFilesAreRefused(t *testing.T) {
	failures := func(t *testing.T) *bench { return newFailures(t, 3) }
	list := func(t *testing.T) *bench { return stopped(t) }
	half := func(s string) string { return s[:len(s)/2] }
	short := func(s string) string { return s[:len(s)-1] }
	before := func(text string) func(string) string { return func(s string) string { return text + s } }
	for _, test := range []struct {
		begin  func(*testing.T) *bench
		suffix string
		change func(string) string
		want   string
	}{
		{list, ".checkpoint", func(string) string { return "" }, "images.jsonl.checkpoint is damaged"},
		{list, ".checkpoint", func(string) string { return "[]" }, "images.jsonl.checkpoint is damaged"},
		{list, ".checkpoint", half, "images.jsonl.checkpoint is damaged"},
		{list, ".checkpoint", short, "images.jsonl.checkpoint is damaged"},
		{list, ".checkpoint", before("{}"), "images.jsonl.checkpoint is damaged"},
		{list, "", short, "images.jsonl was changed: it has"},
		{list, "", before("{}\n"), "images.jsonl was changed: it has no end of a line"},
		{failures, ".failed", func(s string) string { return s[:len(s)-10] }, ".failed was changed"},
		{failures, ".failed", before("}"), ".failed was changed"},
		{failures, ".failed", before("[]\n"), ".failed was changed"},
	} {
		b := test.begin(t)
		out, whole := b.read(""), b.read(test.suffix)
		b.write(test.suffix, test.change(whole))
		b.ends(1, test.want)
		assert.Equal(t, test.change(whole), b.read(test.suffix))
		b.write(test.suffix, whole)
		assert.Equal(t, out, b.read(""))
		b.finishes()
	}
}

func TestUnfinishedLinesAreRemoved(t *testing.T) {
	b := stopped(t)
	b.write("", b.read("")+strings.Repeat("{\"id\":\"of an unfinished page\"}\n", 1000)+"{\"id")
	b.finishes()
}

func TestOtherSettingsAreRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		flags, others []string
		want          string
	}{
		{nil, []string{"-per-page", "20"}, `-per-page 20 `},
		{nil, []string{"-creator", "bob"}, `-creator "bob" `},
		{nil, []string{"-creator", ""}, `-creator "" `},
		{nil, []string{"-sort", "asc"}, `-sort "asc" `},
		{nil, []string{"-download", t.TempDir(), "-variant", "public"}, `-variant "public"; resume`},
		{[]string{"-download", "files", "-variant", "public"}, []string{"-download", "other/files", "-variant", "public"}, `/other/files" `},
	} {
		b := stopped(t, test.flags...)
		out, saved := b.read(""), b.read(".checkpoint")
		b.with(b.opts.out, test.others...).ends(2, fmt.Sprintf(`was started with account %s at %s, -creator any -per-page 10 -sort "" -download %q -variant %q, and this is`,
			imagestest.AccountID, b.server.URL(), b.opts.download, b.opts.variant), test.want)
		assert.Equal(t, out, b.read(""))
		assert.Equal(t, saved, b.read(".checkpoint"))
		assert.Equal(t, 3, b.server.Count(list))
		t.Chdir(t.TempDir()) // the directory is the same wherever the export resumes
		b.finishes()
	}
}

func TestFilesWithoutCheckpointAreRefused(t *testing.T) {
	for _, suffix := range []string{"", ".files", ".failed", "/x"} {
		b := newDownload(t, 3)
		name := b.opts.out + suffix
		if suffix == "/x" {
			require.NoError(t, os.Mkdir(b.opts.download, 0o777))
			name = b.opts.download + suffix
		}
		require.NoError(t, os.WriteFile(name, []byte("mine\n"), 0o600))
		b.ends(1, "no checkpoint to resume from")
		kept, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "mine\n", string(kept))
		assert.Zero(t, b.server.Count(list))
		require.NoError(t, os.Remove(name))
		b.ends(0)
	}
}

func TestOutputMustBeAFile(t *testing.T) {
	for _, out := range []string{os.DevNull, t.TempDir(), filepath.Join(t.TempDir(), "missing", "images.jsonl")} {
		newBench(t, 3).with(out).ends(1, out)
	}
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
		b.wantAll() // no later run would remove the rest
	})
	require.NoError(t, export(t.Context(), connectServer(b.server, b.opts), b.opts, lastWords, io.Discard))
	assert.Equal(t, 1, written)
}
