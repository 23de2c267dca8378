package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// wantFiles requires the directory to have the images of the server but for the
// missing, whole, and nothing else, and the records to say so.
func (b *bench) wantFiles(missing ...string) {
	b.t.Helper()
	want, size := make(map[string]string), make(map[string]int64)
	for _, img := range b.server.Images() {
		if slices.Contains(missing, img.ID) {
			continue
		}
		want[fileName(img.ID)], size[img.ID] = fetchVariant(b.t, b.server.HTTPClient(), &img), 0
	}
	require.Equal(b.t, want, readFiles(b.t, b.opts.download))
	recorded := readLines[savedFile](b.t, b.opts.out+".files")
	require.Len(b.t, recorded, len(size))
	for _, saved := range recorded {
		require.Contains(b.t, size, saved.ID)
		delete(size, saved.ID)
		require.Len(b.t, want[saved.File], int(saved.Size))
		require.NotEmpty(b.t, saved.ETag)
	}
	failed := readLines[failedFile](b.t, b.opts.out+".failed")
	require.Len(b.t, failed, len(missing))
}

// fetchVariant returns the bytes of an image.
func fetchVariant(t *testing.T, client *http.Client, img *cfimages.Image) string {
	t.Helper()
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	require.NoError(t, err)
	url, err := variantURL(img, "public")
	require.NoError(t, err)
	if img.RequireSignedURLs {
		url, err = signer.Sign(url, img.Uploaded.AddDate(100, 0, 0))
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

// readFiles returns all that is in a directory.
func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := make(map[string]string)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(data)
	}
	return files
}

func readLines[T any](t *testing.T, name string) (values []T) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		var value T
		require.NoError(t, json.Unmarshal([]byte(line), &value))
		values = append(values, value)
	}
	return values
}

// newDownload makes a bench that downloads the variant public.
func newDownload(t *testing.T, n int, flags ...string) *bench {
	t.Helper()
	return newBench(t, n, append([]string{"-download", filepath.Join(t.TempDir(), "files"), "-variant", "public"}, flags...)...)
}

func TestDownloadTroubleIsSurvived(t *testing.T) {
	for name, fault := range map[string]imagestest.Fault{
		"503 three times": {Times: 3, Kind: imagestest.EdgePage(503)},
		"429":             {Kind: imagestest.Refusal(429)},
		"reset":           {Kind: imagestest.Reset{}},
		"cut":             {At: imagestest.MidBody(20), Kind: imagestest.Cut{}},
		"chunked cut":     {At: imagestest.MidBody(20), Kind: imagestest.Cut{Chunked: true}},
		"shorter":         {Kind: imagestest.WrongLength{By: 5}},
		"stall":           {At: imagestest.MidBody(20), Kind: imagestest.Stall{}},
	} {
		for operation, variant := range map[imagestest.Operation]string{imagestest.OpDeliver: "public", imagestest.OpBlob: ""} {
			t.Run(name+" of "+string(operation), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newDownload(t, 15)
					b.opts.variant = variant
					fault.Operation, fault.Call = operation, 7
					b.server.Inject(fault)
					text, code := b.run()
					require.Zero(t, code, text)
					assert.Contains(t, text, "15 files, 0 failed")
					assert.Empty(t, b.server.Unused())
					b.wantAll()
					b.wantFiles()
				})
			})
		}
	}
}

func TestLastingFailuresAreRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		fault    imagestest.Fault
		requests int // for 25 images
		want     string
	}{
		"gone":        {imagestest.Fault{Kind: imagestest.Refusal(404)}, 25, "status 404 Not Found"},
		"redirect":    {imagestest.Fault{Kind: imagestest.Reply{Status: 302}.With("Location", "https://example.com/")}, 25, "status 302 Found"},
		"broken":      {imagestest.Fault{Times: 4, Kind: imagestest.WrongLength{By: 5}}, 28, "unexpected EOF"},
		"unavailable": {imagestest.Fault{Times: 4, Kind: imagestest.EdgePage(524)}, 28, "status 524"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newDownload(t, 25, "-workers", "1")
				test.fault.Operation, test.fault.Call = imagestest.OpDeliver, 12
				b.server.Inject(test.fault)
				text, code := b.run()
				require.Equal(t, 1, code)
				assert.Contains(t, text, "24 files, 1 failed")
				assert.Contains(t, text, "1 images could not be downloaded: "+b.opts.out+".failed tells which and why")
				assert.Equal(t, test.requests, b.server.Count(imagestest.OpDeliver))
				failed := readLines[failedFile](t, b.opts.out+".failed")
				require.Len(t, failed, 1)
				assert.Equal(t, "album 1/Photo <12>", failed[0].ID, "the thirteenth of 25, newest first")
				assert.Contains(t, failed[0].Reason, test.want)
				b.wantAll()
				b.wantFiles(failed[0].ID)

				text, code = b.run()
				require.Zero(t, code, text)
				b.wantFiles()
			})
		})
	}
}

func TestOutageStopsTheExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 25)
		network := new(lossy)
		b.wrap = network.wrap
		network.left.Store(1 + 10 + 1 + 4)
		text, code := b.run()
		require.Equal(t, 1, code, text)
		assert.Contains(t, text, "connection refused")
		assert.NotContains(t, text, "/delivery/", "URLs may be signed")
		assert.Contains(t, text, "10 images are safe")

		network.left.Store(1000)
		text, code = b.run()
		require.Zero(t, code, text)
		assert.Equal(t, 25+4, b.server.Count(imagestest.OpDeliver), "four files were compared, and not written twice")
		b.wantAll()
		b.wantFiles()
	})
}

func TestFailuresInARowAreAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 45, "-per-page", "20")
		b.server.Inject(imagestest.Fault{Operation: imagestest.OpDeliver, Call: 25, Times: 60, Kind: imagestest.EdgePage(503)})
		text, code := b.run()
		require.Equal(t, 1, code, text)
		assert.Contains(t, text, "10 images in a row have failed")
		assert.Contains(t, text, "20 images are safe")
		for code != 0 && len(b.server.Unused()) > 0 {
			text, code = b.run()
		}
		require.Zero(t, code, text)
		b.wantAll()
		b.wantFiles()
	})
}

func TestPrivateVariants(t *testing.T) {
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	require.NoError(t, err)
	for _, signer := range []*cfimages.URLSigner{nil, signer} {
		b := newDownload(t, 2)
		b.server.AddImages(cfimages.Image{ID: "private", RequireSignedURLs: true})
		b.signer = signer
		text, code := b.run()
		if signer != nil {
			require.Zero(t, code, text)
			b.wantFiles()
			continue
		}
		require.Equal(t, 1, code, text)
		b.wantFiles("private")
		failed := readLines[failedFile](t, b.opts.out+".failed")
		assert.Contains(t, failed[0].Reason, "CLOUDFLARE_IMAGES_SIGNING_KEY")
	}
}

func TestUnknownVariant(t *testing.T) {
	b := newBench(t, 1, "-download", t.TempDir(), "-variant", "huge")
	_, code := b.run()
	require.Equal(t, 1, code)
	failed := readLines[failedFile](t, b.opts.out+".failed")
	require.Len(t, failed, 1)
	assert.Equal(t, `the image has no variant "huge", only ["public"]`, failed[0].Reason)
}

func TestDiskErrorsStopTheExport(t *testing.T) {
	b := newDownload(t, 12, "-workers", "1")
	b.wrap = func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "Photo <5>/public") { // when the directory is known to be empty
				os.MkdirAll(filepath.Join(b.opts.download, fileName("album 0/Photo <5>"), "x"), 0o777)
			}
			return next.RoundTrip(r)
		})
	}
	text, code := b.run()
	require.Equal(t, 1, code)
	assert.Contains(t, text, "album%200%2f%50hoto%20%3c5%3e")
	assert.Empty(t, readLines[failedFile](t, b.opts.out+".failed"))
	assert.Contains(t, text, "run the same command again")
}
