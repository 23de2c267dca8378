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

// after lets n requests through, and passes those after them to f.
func (b *bench) after(n int64, f func(r *http.Request) (*http.Response, error)) {
	var sent atomic.Int64
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if sent.Add(1) > n {
			return f(r)
		}
		return next.RoundTrip(r)
	}
}

// loseNetwork lets n requests through, and no more.
func (b *bench) loseNetwork(n int64) {
	b.after(n, func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	})
}

// between is a transport that passes requests to a function.
type between struct {
	next http.RoundTripper
	send func(r *http.Request, next http.RoundTripper) (*http.Response, error)
}

func (t between) RoundTrip(r *http.Request) (*http.Response, error) { return t.send(r, t.next) }

// run runs the export, and returns what it printed and its exit code.
func (b *bench) run(ctx context.Context) (text string, code int) {
	conn := connectServer(b.server, b.opts)
	conn.signer = b.signer
	if b.send != nil {
		between := between{b.server.HTTPClient().Transport, b.send}
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
func (b *bench) finishes() {
	b.Helper()
	b.send = nil
	b.ends(0)
	b.wantAll()
}

// wantAll requires the output to have every image of the server, in order, and
// with -download, the directory to have the images but for the missing, whole, and
// nothing else, and the records to say so.
func (b *bench) wantAll(missing ...string) {
	b.Helper()
	require.Equal(b, listing(b.T, b.server.Client()), b.read(""))
	if b.opts.download == "" {
		return
	}
	want := b.images(missing...)
	require.Equal(b, want, readFiles(b.T, b.opts.download, false))
	recorded := make(map[string]savedFile)
	for _, saved := range b.saved() {
		recorded[saved.ID] = saved
	}
	require.Len(b, recorded, len(want))
	for _, img := range b.server.Images() {
		if saved, ok := recorded[img.ID]; ok {
			require.Equal(b, fileName(img.ID), saved.File)
			require.Len(b, want[saved.File], int(saved.Size))
			require.Equal(b, img.Uploaded, saved.Uploaded)
			require.NotEmpty(b, saved.ETag)
		}
	}
	require.Len(b, b.failed(), len(missing))
}

// images returns the images of the server but for the missing, by file name.
func (b *bench) images(missing ...string) map[string]string {
	b.Helper()
	client := b.server.Client()
	want := make(map[string]string)
	for _, img := range b.server.Images() {
		if slices.Contains(missing, img.ID) {
			continue
		}
		blob, err := client.ImagesV1.Blob(b.Context(), img.ID)
		require.NoError(b, err)
		data, err := io.ReadAll(blob)
		require.NoError(b, err)
		want[fileName(img.ID)] = string(data)
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
