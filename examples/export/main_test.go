package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// beProgram is the environment variable that makes the test binary run the program.
const beProgram = "EXPORT_TEST_BE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// runExport runs the program as a shell would, and returns its output and exit code.
func runExport(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, progress, errs bytes.Buffer
	code = program.ExitCode("export", run(t.Context(), args, &out, &progress), &errs)
	return out.String(), errs.String(), code
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "images.jsonl")
	args := []string{"-demo", "-images", "35", "-per-page", "10", "-o", out, "-download", filepath.Join(dir, "files"), "-variant", "public"}
	var written []byte
	for _, want := range []string{"exported 35 images to " + out + "\n", "already complete: 35 images"} {
		stdout, stderr, code := runExport(t, args...)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, want)
		before := written
		var err error
		written, err = os.ReadFile(out)
		require.NoError(t, err)
		assert.Equal(t, 35, bytes.Count(written, []byte("\n")))
		assert.True(t, bytes.HasPrefix(written, []byte(`{"id":"`)), "the field names of the API")
		assert.True(t, before == nil || bytes.Equal(before, written))
		assert.Len(t, readFiles(t, filepath.Join(dir, "files"), false), 35)
	}
}

func TestListParametersAreSent(t *testing.T) {
	f := newFixture(t, 3, "-sort", "asc", "-creator", "")
	f.ends(0)
	requests := f.server.Requests()
	require.Len(t, requests, 1)
	assert.Equal(t, "creator=&per_page=10&sort_order=asc", requests[0].Query.Encode())
}

func TestPageSize(t *testing.T) {
	for args, want := range map[string]int{
		"-o x": 0, "-o x -download y": 100, "-o x -download y -per-page 1000": 1000, "-o x -per-page 20": 20,
	} {
		opts, err := parseArgs(strings.Fields(args), nil)
		require.NoError(t, err)
		assert.Equal(t, want, opts.params.PerPage, args)
	}
}

func TestBatch(t *testing.T) {
	f := newFixture(t, 25, "-batch", "-download", filepath.Join(t.TempDir(), "files"))
	f.ends(0)
	for _, r := range f.server.Requests() {
		assert.Equal(t, r.Operation == imagestest.OpList, r.Batch, r.Operation)
	}
	f.wantFiles()
}

func TestUsage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "images.jsonl")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-demo"}, "-o file is required"},
		{[]string{"-demo", "-o", out, "-per-page", "5"}, "PerPage"},
		{[]string{"-demo", "-o", out, "-sort", "up"}, "SortOrder"},
		{[]string{"-demo", "-o", out, "-workers", "0", "-download", "x"}, "-workers must be 1 to 64"},
		{[]string{"-demo", "-o", out, "-images", "-1"}, "-images must not be negative"},
		{[]string{"-demo", "-o", out, "-variant", "public"}, "require -download"},
		{[]string{"-demo", "-o", out, "-workers", "2"}, "require -download"},
		{[]string{"-demo", "-o", out, "-download", ""}, "must name a directory"},
		{[]string{"-demo", "-o", out, "images"}, `unexpected argument "images"`},
		{[]string{"-o", out, "-images", "5"}, "-images requires -demo"},
		{[]string{"-unknown"}, "-unknown"},
	} {
		stdout, stderr, code := runExport(t, test.args...)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want, test.args)
	}
	_, stderr, code := runExport(t, "-demo", "-o", out)
	assert.Zero(t, code, "a usage error leaves no files that block the next run: %s", stderr)

	stdout, stderr, code := runExport(t, "-help")
	assert.Zero(t, code)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "-download directory")
}

func TestAccountFromTheEnvironment(t *testing.T) {
	server := imagestest.NewServer()
	t.Cleanup(server.Close)
	server.Seed(3, func(int) cfimages.Image { return cfimages.Image{} })
	out := filepath.Join(t.TempDir(), "images.jsonl")
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL())
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	for _, test := range []struct {
		account, key string
		code         int
		want         string
	}{
		{"", "", 1, "CLOUDFLARE_ACCOUNT_ID"},
		{imagestest.AccountID, "two\nlines", 1, "key"},
		{"another", "", 1, "fix the credentials"},
		{imagestest.AccountID, "", 0, "3 images"},
	} {
		t.Setenv("CLOUDFLARE_ACCOUNT_ID", test.account)
		t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", test.key)
		stdout, stderr, code := runExport(t, "-o", out)
		assert.Equal(t, test.code, code, stderr)
		assert.Contains(t, stdout+stderr, test.want)
		assert.NotContains(t, stderr, "lines")
		if test.account == "" || test.key != "" {
			assert.NoFileExists(t, out)
		}
	}
}
