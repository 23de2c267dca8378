package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestCheckpointSurvivesItsFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "checkpoint")
	_, err := loadCheckpoint(name)
	require.True(t, isMissing(err))
	want := checkpoint{
		Settings: "-creator \"al\\\"ice\"",
		Token:    "tøken", Pages: 3,
		Images: mark{30, 3000}, Files: mark{29, 290}, Failed: mark{1, 9},
	}
	require.NoError(t, (&checkpoint{}).save(name))
	require.NoError(t, want.save(name))
	got, err := loadCheckpoint(name)
	require.NoError(t, err)
	assert.Equal(t, &want, got)
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left beside it")
}

// stopped returns a bench whose export has stopped after two of four pages.
func stopped(t *testing.T, flags ...string) *bench {
	t.Helper()
	b := newBench(t, 35, flags...)
	b.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 2, Kind: imagestest.Refusal(400)})
	text, code := b.run()
	require.Equal(t, 1, code)
	require.Contains(t, text, "20 images are safe in "+b.opts.out)
	require.Contains(t, text, "if the place to go on from is not accepted any more")
	return b
}

// snapshot returns the output and the checkpoint.
func (b *bench) snapshot() [2]string {
	b.t.Helper()
	out, err := os.ReadFile(b.opts.out)
	require.NoError(b.t, err)
	saved, err := os.ReadFile(b.opts.out + ".checkpoint")
	require.NoError(b.t, err)
	return [2]string{string(out), string(saved)}
}

func TestDamagedCheckpointIsRefused(t *testing.T) {
	b := stopped(t)
	whole := b.snapshot()[1]
	for _, damaged := range []string{"", whole[:len(whole)/2], whole[:len(whole)-1], whole + whole, "[]"} {
		require.NoError(t, os.WriteFile(b.opts.out+".checkpoint", []byte(damaged), 0o600))
		before := b.snapshot()
		text, code := b.run()
		assert.Equal(t, 1, code)
		assert.Contains(t, text, "images.jsonl.checkpoint is damaged")
		assert.Equal(t, before, b.snapshot())
	}
	require.NoError(t, os.WriteFile(b.opts.out+".checkpoint", []byte(whole), 0o600))
	_, code := b.run()
	assert.Zero(t, code)
	b.wantAll()
}

func TestOtherSettingsAreRefused(t *testing.T) {
	b := stopped(t)
	asked := b.server.Count(imagestest.OpList)
	before := b.snapshot()
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
		opts, err := parseArgs(append([]string{"-o", b.opts.out, "-per-page", "10"}, test.flags...), nil)
		require.NoError(t, err)
		other := &bench{t: t, server: b.server, opts: opts}
		text, code := other.run()
		assert.Equal(t, 2, code)
		assert.Contains(t, text, `was begun with account `+imagestest.AccountID+` at , -creator any -per-page 10 -sort "" -download "" -variant "", and this is`)
		assert.Contains(t, text, test.want)
		assert.Equal(t, before, b.snapshot())
	}
	assert.Equal(t, asked, b.server.Count(imagestest.OpList))
	_, code := b.run()
	assert.Zero(t, code)
	b.wantAll()
}

func TestOtherWorkingDirectoryIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	b := stopped(t, "-download", "files", "-variant", "public")
	t.Chdir(t.TempDir())
	opts, err := parseArgs([]string{"-o", b.opts.out, "-per-page", "10", "-download", "files", "-variant", "public"}, nil)
	require.NoError(t, err)
	text, code := (&bench{t: t, server: b.server, opts: opts}).run()
	assert.Equal(t, 2, code)
	assert.Contains(t, text, "was begun with account")
	_, code = b.run()
	assert.Zero(t, code)
	b.wantFiles()
}

func TestChangedFilesAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(out string) string
		want   string
	}{
		"shorter":     {func(out string) string { return out[:len(out)-1] }, "the checkpoint says"},
		"other lines": {func(out string) string { return "{}\n" + out }, "has no end of a line"},
		"more is cut off": {func(out string) string {
			return out + strings.Repeat("{\"id\":\"of an unfinished page\"}\n", 1000) + "{\"id"
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := stopped(t)
			require.NoError(t, os.WriteFile(b.opts.out, []byte(test.change(b.snapshot()[0])), 0o600))
			text, code := b.run()
			if test.want == "" {
				require.Zero(t, code, text)
				b.wantAll()
				return
			}
			assert.Equal(t, 1, code)
			assert.Contains(t, text, "images.jsonl was changed: ")
			assert.Contains(t, text, test.want)
		})
	}
}

func TestFilesWithoutCheckpointAreRefused(t *testing.T) {
	for _, suffix := range []string{"", ".files", ".failed", "/x"} {
		files := t.TempDir()
		b := newBench(t, 3, "-download", files, "-variant", "public")
		name := b.opts.out + suffix
		if suffix == "/x" {
			name = files + suffix
		}
		require.NoError(t, os.WriteFile(name, []byte("mine\n"), 0o600))
		text, code := b.run()
		assert.Equal(t, 1, code)
		assert.Contains(t, text, "no checkpoint to go on from")
		kept, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "mine\n", string(kept))
		assert.Zero(t, b.server.Count(imagestest.OpList))

		require.NoError(t, os.Remove(name))
		text, code = b.run()
		assert.Zero(t, code, text)
	}
}

func TestOutputMustBeAFile(t *testing.T) {
	for _, out := range []string{os.DevNull, t.TempDir(), filepath.Join(t.TempDir(), "missing", "images.jsonl")} {
		b := newBench(t, 3)
		b.opts.out = out
		text, code := b.run()
		assert.Equal(t, 1, code)
		assert.Contains(t, text, out)
	}
}
