package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// beProgram makes the test binary be the program.
const beProgram = "EXPORT_TEST_BE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// runExport runs the program as a shell would, and returns what it wrote.
func runExport(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, progress, errs bytes.Buffer
	code = exitCode(run(t.Context(), args, &out, &progress), &errs)
	return out.String(), errs.String(), code
}

// bench is a server and an export of it.
type bench struct {
	t      *testing.T
	server *imagestest.Server
	opts   *options
	wrap   func(http.RoundTripper) http.RoundTripper // nil: nothing between program and server
	signer *cfimages.URLSigner
}

// newBench makes a server in memory with n images. Flags besides -o are as given.
func newBench(t *testing.T, n int, flags ...string) *bench {
	t.Helper()
	opts, err := parseArgs(append([]string{"-o", filepath.Join(t.TempDir(), "images.jsonl"), "-per-page", "10"}, flags...), nil)
	require.NoError(t, err)
	server := imagestest.NewServer(imagestest.InMemory())
	t.Cleanup(server.Close)
	server.Seed(n, func(i int) cfimages.Image {
		return cfimages.Image{ID: fmt.Sprintf("album %d/Photo <%d>", i/7, i), Creator: "alice", Meta: fmt.Appendf(nil, `{"n":%d}`, i)}
	})
	return &bench{t: t, server: server, opts: opts}
}

// run runs the export, and returns what it printed and its exit code.
func (b *bench) run() (text string, code int) {
	b.t.Helper()
	return b.runUntil(b.t.Context())
}

func (b *bench) runUntil(ctx context.Context) (text string, code int) {
	b.t.Helper()
	conn := connectServer(b.server, b.opts)
	conn.signer = b.signer
	if b.wrap != nil {
		transport := b.wrap(b.server.HTTPClient().Transport)
		conn.delivery = deliveryClient(transport)
		conn.client = b.server.Client(append(clientOptions(b.opts), cfimages.WithHTTPClient(&http.Client{Transport: transport}))...)
	}
	var out bytes.Buffer
	code = exitCode(export(ctx, conn, b.opts, &out, &out), &out)
	return out.String(), code
}

// wantAll requires the output to have every image of the server, in order.
func (b *bench) wantAll() {
	b.t.Helper()
	got, err := os.ReadFile(b.opts.out)
	require.NoError(b.t, err)
	require.Equal(b.t, listing(b.t, b.server.Client()), string(got))
}

// listing returns what an export without any trouble writes.
func listing(t *testing.T, client *cfimages.Client) string {
	t.Helper()
	var want bytes.Buffer
	lines := json.NewEncoder(&want)
	lines.SetEscapeHTML(false)
	for img, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{}) {
		require.NoError(t, err)
		require.NoError(t, lines.Encode(img))
	}
	return want.String()
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "images.jsonl")
	args := []string{"-demo", "-images", "35", "-per-page", "10", "-o", out, "-download", filepath.Join(dir, "files"), "-variant", "public"}
	stdout, stderr, code := runExport(t, args...)
	require.Zero(t, code, stderr)
	assert.Equal(t, "35 images are in "+out+"\n", stdout)
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, 35, bytes.Count(written, []byte("\n")))
	assert.True(t, bytes.HasPrefix(written, []byte(`{"id":"`)), "the field names of the API")
	files, err := os.ReadDir(filepath.Join(dir, "files"))
	require.NoError(t, err)
	assert.Len(t, files, 35)

	stdout, stderr, code = runExport(t, args...)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "finished already: 35 images")
	again, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, written, again)
}

func TestParametersReachTheWire(t *testing.T) {
	b := newBench(t, 3, "-sort", "asc", "-creator", "")
	_, code := b.run()
	require.Zero(t, code)
	requests := b.server.Requests()
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
	b := newBench(t, 25, "-batch", "-download", filepath.Join(t.TempDir(), "files"))
	text, code := b.run()
	require.Zero(t, code, text)
	for _, r := range b.server.Requests() {
		assert.Equal(t, r.Operation == imagestest.OpList, r.Batch, r.Operation)
	}
	b.wantFiles()

	t.Setenv("CLOUDFLARE_BASE_URL", "http://localhost:8787/client/v4")
	_, stderr, code := runExport(t, "-o", b.opts.out, "-batch")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "-batch is for Cloudflare")
}

func TestUsage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "images.jsonl")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{}, "-o file is required"},
		{[]string{"-o", out, "-per-page", "5"}, "PerPage"},
		{[]string{"-o", out, "-sort", "up"}, "SortOrder"},
		{[]string{"-o", out, "-workers", "0", "-download", "x"}, "-workers must be 1 to 64"},
		{[]string{"-o", out, "-images", "-1"}, "-images must not be negative"},
		{[]string{"-o", out, "-variant", "public"}, "are for -download"},
		{[]string{"-o", out, "-workers", "2"}, "are for -download"},
		{[]string{"-o", out, "-download", ""}, "must name a directory"},
		{[]string{"-o", out, "images"}, `unexpected argument "images"`},
		{[]string{"-unknown"}, "-unknown"},
	} {
		stdout, stderr, code := runExport(t, append([]string{"-demo"}, test.args...)...)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want, test.args)
	}
	_, stderr, code := runExport(t, "-o", out, "-images", "5")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "-images is for -demo")

	_, stderr, code = runExport(t, "-demo", "-o", out)
	assert.Zero(t, code, "a usage error leaves nothing behind that is in the way: %s", stderr)
}

func TestHelp(t *testing.T) {
	stdout, stderr, code := runExport(t, "-help")
	assert.Zero(t, code)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "-download directory")
}

func TestEnvironment(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_IMAGES_SIGNING_KEY"} {
		t.Setenv(name, "")
	}
	out := filepath.Join(t.TempDir(), "images.jsonl")
	_, stderr, code := runExport(t, "-o", out)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "CLOUDFLARE_ACCOUNT_ID")

	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "two\nlines")
	_, stderr, code = runExport(t, "-o", out)
	assert.Equal(t, 1, code)
	assert.NotContains(t, stderr, "lines")
	assert.NoFileExists(t, out)
}

func TestWrongCredentialsCanBeMended(t *testing.T) {
	server := imagestest.NewServer()
	t.Cleanup(server.Close)
	server.Seed(3, func(int) cfimages.Image { return cfimages.Image{} })
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL())
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "another")
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	out := filepath.Join(t.TempDir(), "images.jsonl")
	_, stderr, code := runExport(t, "-o", out)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "mend the credentials")

	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	stdout, stderr, code := runExport(t, "-o", out)
	assert.Zero(t, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "3 images"), stdout)
}
