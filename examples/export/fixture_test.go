package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// fixture is a test server and the options of an export from it.
type fixture struct {
	*testing.T
	server *imagestest.Server
	opts   *options
	// send, if not nil, handles the requests between the program and the server.
	send   func(r *http.Request, next http.RoundTripper) (*http.Response, error)
	signer *cfimages.URLSigner
}

// newFixture returns a fixture of an in-memory server with n images. The flags are
// added to -o and -per-page 10.
func newFixture(t *testing.T, n int, flags ...string) *fixture {
	t.Helper()
	server := imagestest.NewServer(imagestest.InMemory())
	t.Cleanup(server.Close)
	server.Seed(n, func(i int) cfimages.Image {
		return cfimages.Image{ID: fmt.Sprintf("album %d/Photo <%d>", i/7, i), Creator: "alice", Meta: fmt.Appendf(nil, `{"n":%d}`, i)}
	})
	f := &fixture{T: t, server: server}
	return f.with(filepath.Join(t.TempDir(), "images.jsonl"), flags...)
}

// newDownload returns a fixture that downloads the variant public.
func newDownload(t *testing.T, n int, flags ...string) *fixture {
	t.Helper()
	return newFixture(t, n, append([]string{"-download", filepath.Join(t.TempDir(), "files"), "-variant", "public"}, flags...)...)
}

// with returns a fixture of the same server with other flags.
func (f *fixture) with(out string, flags ...string) *fixture {
	f.Helper()
	opts, err := parseArgs(append([]string{"-o", out, "-per-page", "10"}, flags...), nil)
	require.NoError(f, err)
	return &fixture{T: f.T, server: f.server, opts: opts}
}

func (f *fixture) inject(operation imagestest.Operation, call, times int, kind imagestest.Kind) {
	f.server.Inject(imagestest.Fault{Operation: operation, Call: call, Times: times, Kind: kind})
}

// transport responds to requests with a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// loseNetwork lets n requests pass. All later requests fail to connect.
func (f *fixture) loseNetwork(n int64) {
	var sent atomic.Int64
	f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if sent.Add(1) > n {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return next.RoundTrip(r)
	}
}

// run runs the export and returns its output and exit code.
func (f *fixture) run(ctx context.Context) (text string, code int) {
	conn := connectServer(f.server, f.opts)
	conn.signer = f.signer
	if f.send != nil {
		next := f.server.HTTPClient().Transport
		sender := transport(func(r *http.Request) (*http.Response, error) { return f.send(r, next) })
		conn.delivery = deliveryClient(sender)
		conn.Client = f.server.Client(append(clientOptions(f.opts), cfimages.WithHTTPClient(&http.Client{Transport: sender}))...)
	}
	var out bytes.Buffer
	code = program.ExitCode("export", export(ctx, conn, f.opts, &out, &out), &out)
	return out.String(), code
}

// ends requires the export to exit with a code and to print all of wants.
func (f *fixture) ends(code int, wants ...string) (text string) {
	f.Helper()
	text, got := f.run(f.Context())
	require.Equal(f, code, got, text)
	for _, want := range wants {
		require.Contains(f, text, want)
	}
	return text
}

// finishes requires the export to complete with all images of the server.
func (f *fixture) finishes(wants ...string) {
	f.Helper()
	f.ends(0, wants...)
	f.wantAll()
	if f.opts.download != "" {
		f.wantFiles()
	}
}

// wantAll requires the output to contain every image of the server, in order.
func (f *fixture) wantAll() {
	f.Helper()
	require.Equal(f, listing(f.T, f.server.Client()), f.read(""))
}

// wantFiles requires the directory and the records to contain exactly the images
// of the server, complete, except for those in missing.
func (f *fixture) wantFiles(missing ...string) {
	f.Helper()
	size := make(map[string]int)
	want := f.images(missing...)
	require.Equal(f, want, readFiles(f.T, f.opts.download, false))
	for name, data := range want {
		size[name] = len(data)
	}
	for _, saved := range f.saved() {
		require.Contains(f, size, saved.File)
		require.EqualValues(f, size[saved.File], saved.Size)
		require.Equal(f, fileName(saved.ID), saved.File)
		require.NotEmpty(f, saved.ETag)
		delete(size, saved.File)
	}
	require.Empty(f, size)
	require.Len(f, f.failed(), len(missing))
}

// images returns the images of the server by file name, except for those in missing.
func (f *fixture) images(missing ...string) map[string]string {
	f.Helper()
	want := make(map[string]string)
	for _, img := range f.server.Images() {
		if !slices.Contains(missing, img.ID) {
			want[fileName(img.ID)] = fetchVariant(f.T, f.server.HTTPClient(), &img)
		}
	}
	return want
}

// read returns the content of the export's file with a suffix.
func (f *fixture) read(suffix string) string {
	f.Helper()
	data, err := os.ReadFile(f.opts.out + suffix)
	require.NoError(f, err)
	return string(data)
}

func (f *fixture) write(suffix, text string) {
	f.Helper()
	require.NoError(f, os.WriteFile(f.opts.out+suffix, []byte(text), 0o600))
}

func (f *fixture) saved() []savedFile   { return parseLines[savedFile](f.T, f.read(".files")) }
func (f *fixture) failed() []failedFile { return parseLines[failedFile](f.T, f.read(".failed")) }

func parseLines[T any](t *testing.T, text string) (values []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var value T
		require.NoError(t, json.Unmarshal([]byte(line), &value))
		values = append(values, value)
	}
	return values
}

// listing returns the output of an export without failures.
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

func newSigner(t *testing.T, key string) *cfimages.URLSigner {
	t.Helper()
	signer, err := cfimages.NewURLSigner(key)
	require.NoError(t, err)
	return signer
}

// fetchVariant returns the bytes of an image.
func fetchVariant(t *testing.T, client *http.Client, img *cfimages.Image) string {
	t.Helper()
	url, err := variantURL(img, "public")
	require.NoError(t, err)
	if img.RequireSignedURLs {
		url, err = newSigner(t, imagestest.SigningKey).Sign(url, img.Uploaded.AddDate(100, 0, 0))
		require.NoError(t, err)
	}
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return string(data)
}

// readFiles returns the content of a directory. If unfinished is true, it ignores
// the subdirectory of partial files.
func readFiles(t *testing.T, dir string, unfinished bool) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := make(map[string]string)
	for _, entry := range entries {
		if unfinished && entry.IsDir() && entry.Name() == partial {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(data)
	}
	return files
}
