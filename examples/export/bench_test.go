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

// bench is a server and an export of it.
type bench struct {
	*testing.T
	server *imagestest.Server
	opts   *options
	// send is between program and server, if it is not nil.
	send   func(r *http.Request, next http.RoundTripper) (*http.Response, error)
	signer *cfimages.URLSigner
}

// newBench makes a server in memory with n images. Flags besides -o are as given.
func newBench(t *testing.T, n int, flags ...string) *bench {
	t.Helper()
	server := imagestest.NewServer(imagestest.InMemory())
	t.Cleanup(server.Close)
	server.Seed(n, func(i int) cfimages.Image {
		return cfimages.Image{ID: fmt.Sprintf("album %d/Photo <%d>", i/7, i), Creator: "alice", Meta: fmt.Appendf(nil, `{"n":%d}`, i)}
	})
	b := &bench{T: t, server: server}
	return b.with(filepath.Join(t.TempDir(), "images.jsonl"), flags...)
}

// newDownload makes a bench that downloads the variant public.
func newDownload(t *testing.T, n int, flags ...string) *bench {
	t.Helper()
	return newBench(t, n, append([]string{"-download", filepath.Join(t.TempDir(), "files"), "-variant", "public"}, flags...)...)
}

// with returns a bench of the same server with other flags.
func (b *bench) with(out string, flags ...string) *bench {
	b.Helper()
	opts, err := parseArgs(append([]string{"-o", out, "-per-page", "10"}, flags...), nil)
	require.NoError(b, err)
	return &bench{T: b.T, server: b.server, opts: opts}
}

func (b *bench) inject(operation imagestest.Operation, call, times int, kind imagestest.Kind) {
	b.server.Inject(imagestest.Fault{Operation: operation, Call: call, Times: times, Kind: kind})
}

// transport answers requests with a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// loseNetwork lets n requests through, and no more.
func (b *bench) loseNetwork(n int64) {
	var sent atomic.Int64
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if sent.Add(1) > n {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return next.RoundTrip(r)
	}
}

// run runs the export, and returns what it printed and its exit code.
func (b *bench) run(ctx context.Context) (text string, code int) {
	conn := connectServer(b.server, b.opts)
	conn.signer = b.signer
	if b.send != nil {
		next := b.server.HTTPClient().Transport
		between := transport(func(r *http.Request) (*http.Response, error) { return b.send(r, next) })
		conn.delivery = deliveryClient(between)
		conn.Client = b.server.Client(append(clientOptions(b.opts), cfimages.WithHTTPClient(&http.Client{Transport: between}))...)
	}
	var out bytes.Buffer
	code = program.ExitCode("export", export(ctx, conn, b.opts, &out, &out), &out)
	return out.String(), code
}

// ends requires the export to end with a code, and to print what is wanted.
func (b *bench) ends(code int, wants ...string) (text string) {
	b.Helper()
	text, got := b.run(b.Context())
	require.Equal(b, code, got, text)
	for _, want := range wants {
		require.Contains(b, text, want)
	}
	return text
}

// finishes requires the export to end with all that the server has.
func (b *bench) finishes(wants ...string) {
	b.Helper()
	b.ends(0, wants...)
	b.wantAll()
	if b.opts.download != "" {
		b.wantFiles()
	}
}

// wantAll requires the output to have every image of the server, in order.
func (b *bench) wantAll() {
	b.Helper()
	require.Equal(b, listing(b.T, b.server.Client()), b.read(""))
}

// wantFiles requires the directory to have the images of the server but for the
// missing, whole, and nothing else, and the records to say so.
func (b *bench) wantFiles(missing ...string) {
	b.Helper()
	size := make(map[string]int)
	want := b.images(missing...)
	require.Equal(b, want, readFiles(b.T, b.opts.download, false))
	for name, data := range want {
		size[name] = len(data)
	}
	for _, saved := range b.saved() {
		require.Contains(b, size, saved.File)
		require.EqualValues(b, size[saved.File], saved.Size)
		require.Equal(b, fileName(saved.ID), saved.File)
		require.NotEmpty(b, saved.ETag)
		delete(size, saved.File)
	}
	require.Empty(b, size)
	require.Len(b, b.failed(), len(missing))
}

// images returns the images of the server but for the missing, by file name.
func (b *bench) images(missing ...string) map[string]string {
	b.Helper()
	want := make(map[string]string)
	for _, img := range b.server.Images() {
		if !slices.Contains(missing, img.ID) {
			want[fileName(img.ID)] = fetchVariant(b.T, b.server.HTTPClient(), &img)
		}
	}
	return want
}

// read returns one of the export's files: that with a suffix.
func (b *bench) read(suffix string) string {
	b.Helper()
	data, err := os.ReadFile(b.opts.out + suffix)
	require.NoError(b, err)
	return string(data)
}

func (b *bench) write(suffix, text string) {
	b.Helper()
	require.NoError(b, os.WriteFile(b.opts.out+suffix, []byte(text), 0o600))
}

func (b *bench) saved() []savedFile   { return parseLines[savedFile](b.T, b.read(".files")) }
func (b *bench) failed() []failedFile { return parseLines[failedFile](b.T, b.read(".failed")) }

func parseLines[T any](t *testing.T, text string) (values []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var value T
		require.NoError(t, json.Unmarshal([]byte(line), &value))
		values = append(values, value)
	}
	return values
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

// readFiles returns all that is in a directory, but for partial files if they
// may be there.
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
