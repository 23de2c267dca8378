package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// sources are the values of -variant by the operation that it takes.
var sources = map[imagestest.Operation]string{imagestest.OpDeliver: "public", imagestest.OpBlob: ""}

func TestShortTroubleIsSurvived(t *testing.T) {
	for name, fault := range map[string]imagestest.Fault{
		"503 three times": {Times: 3, Kind: imagestest.EdgePage(503)},
		"429":             {Kind: imagestest.Refusal(429)},
		"429 for minutes": {Operation: imagestest.OpList, Kind: imagestest.Refusal(429).With("Retry-After", "300")},
		"empty page":      {Operation: imagestest.OpList, Kind: imagestest.EmptyPage{}},
		"reset":           {Kind: imagestest.Reset{}},
		"cut":             {At: imagestest.MidBody(20), Kind: imagestest.Cut{}},
		"chunked cut":     {At: imagestest.MidBody(20), Kind: imagestest.Cut{Chunked: true}},
		"shorter":         {Kind: imagestest.WrongLength{By: 5}},
		"stall":           {At: imagestest.MidBody(20), Kind: imagestest.Stall{}},
	} {
		for _, operation := range []imagestest.Operation{imagestest.OpList, imagestest.OpDeliver, imagestest.OpBlob} {
			if fault.Operation != "" && fault.Operation != operation {
				continue
			}
			t.Run(name+" of "+string(operation), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newDownload(t, 35)
					b.opts.variant = sources[operation]
					fault.Operation, fault.Call = operation, 3
					b.server.Inject(fault)
					b.ends(0, "35 files, 0 failed")
					assert.Empty(t, b.server.Unused())
					b.wantAll()
					b.wantFiles()
				})
			})
		}
	}
}

func TestNetworkLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 95)
		for _, requests := range []int64{0, 1, 0, 3, 2} {
			b.loseNetwork(requests)
			b.ends(1, "connection refused", goOn)
		}
		b.send = nil
		b.ends(0, "going on after 60 images")
		assert.Equal(t, 10, b.server.Count(imagestest.OpList), "no page was asked for twice")
		b.wantAll()
	})
}

func TestTroubleInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 2, Times: 30, At: imagestest.MidBody(1500), Kind: imagestest.Reset{}})
		stops := 0
		for text, code := b.run(t.Context()); code != 0; text, code = b.run(t.Context()) {
			require.Contains(t, text, "20 images are safe")
			stops++
		}
		assert.NotZero(t, stops)
		assert.Empty(t, b.server.Unused())
		b.wantAll()
	})
}

func TestRateLimitIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 500)
		limited := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(20, 5*time.Minute))
		defer limited.Close()
		limited.AddImages(b.server.Images()...)
		b.server = limited
		started := time.Now()
		b.ends(0)
		assert.GreaterOrEqual(t, time.Since(started), 10*time.Minute, "50 pages in windows of 20")
		for _, r := range limited.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, r.Status)
		}
		assert.Contains(t, b.read(""), `{"n":499}`)
	})
}

func TestLastingFailuresAreRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		times    int
		kind     imagestest.Kind
		requests int // for 25 images
		want     string
	}{
		"gone":        {1, imagestest.Refusal(404), 25, "status 404 Not Found"},
		"redirect":    {1, imagestest.Reply{Status: 302}.With("Location", "https://example.com/"), 25, "status 302 Found"},
		"broken":      {4, imagestest.WrongLength{By: 5}, 28, "unexpected EOF"},
		"unavailable": {4, imagestest.EdgePage(524), 28, "status 524"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newDownload(t, 25, "-workers", "1")
				b.inject(imagestest.OpDeliver, 12, test.times, test.kind)
				b.ends(1, "24 files, 1 failed", "1 images could not be downloaded: "+b.opts.out+".failed tells which and why")
				assert.Equal(t, test.requests, b.server.Count(imagestest.OpDeliver))
				failed := b.failed()
				require.Len(t, failed, 1)
				assert.Equal(t, "album 1/Photo <12>", failed[0].ID, "the thirteenth of 25, newest first")
				assert.Contains(t, failed[0].Reason, test.want)
				b.wantAll()
				b.wantFiles(failed[0].ID)
				b.finishes()
			})
		})
	}
}

func TestOutageStopsTheExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 25)
		b.loseNetwork(1 + 10 + 1 + 4)
		text := b.ends(1, "connection refused", "10 images are safe")
		assert.NotContains(t, text, "/delivery/", "URLs may be signed")
		b.send = nil
		b.ends(0)
		assert.Equal(t, 25+4, b.server.Count(imagestest.OpDeliver), "four files were compared, and not written twice")
		b.wantAll()
		b.wantFiles()
	})
}

func TestFailuresInARowAreAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDownload(t, 45, "-per-page", "20")
		b.inject(imagestest.OpDeliver, 25, 60, imagestest.EdgePage(503))
		b.ends(1, "10 images in a row have failed", "20 images are safe")
		for code := 1; code != 0 && len(b.server.Unused()) > 0; {
			_, code = b.run(t.Context())
		}
		b.finishes()
	})
}

func TestPrivateVariants(t *testing.T) {
	b := newDownload(t, 2)
	b.server.AddImages(cfimages.Image{ID: "private", RequireSignedURLs: true})
	b.ends(1)
	b.wantFiles("private")
	assert.Contains(t, b.failed()[0].Reason, "CLOUDFLARE_IMAGES_SIGNING_KEY")

	other := b.with(filepath.Join(t.TempDir(), "images.jsonl"), "-download", t.TempDir(), "-variant", "public")
	other.signer = newSigner(t, imagestest.SigningKey)
	other.finishes()
}

func TestUnknownVariant(t *testing.T) {
	b := newBench(t, 1, "-download", t.TempDir(), "-variant", "huge")
	b.ends(1)
	require.Len(t, b.failed(), 1)
	assert.Equal(t, `the image has no variant "huge", only ["public"]`, b.failed()[0].Reason)
}

func TestDiskErrorsStopTheExport(t *testing.T) {
	b := newDownload(t, 12, "-workers", "1")
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "Photo <5>/public") { // when the directory is known to be empty
			os.MkdirAll(filepath.Join(b.opts.download, fileName("album 0/Photo <5>"), "x"), 0o777)
		}
		return next.RoundTrip(r)
	}
	b.ends(1, "album%200%2f%50hoto%20%3c5%3e", goOn)
	assert.Empty(t, b.failed())
}

func TestOriginals(t *testing.T) {
	b := newDownload(t, 25)
	b.opts.variant = ""
	b.server.AddImages(cfimages.Image{ID: "a/../b"}, cfimages.Image{ID: "private", RequireSignedURLs: true})
	b.ends(1)
	failed := b.failed()
	require.Len(t, failed, 1)
	assert.Equal(t, "a/../b", failed[0].ID)
	assert.Contains(t, failed[0].Reason, "would lead to another path")
	b.wantFiles("a/../b")
	assert.Equal(t, 26, b.server.Count(imagestest.OpBlob))
}

func TestErrorsOfOriginals(t *testing.T) {
	for status, test := range map[int]struct {
		of    string // the end of the paths that it comes from
		stops bool
		want  string
	}{
		200: {"<1>/blob", false, "1 images could not be downloaded"}, // and a body that is too large
		401: {"/blob", true, "fix the credentials"},
		403: {"/blob", true, "fix the credentials"},
		404: {"<1>/blob", false, "1 images could not be downloaded"},
		503: {"/blob", true, "10 images in a row have failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, 12, "-per-page", "20", "-download", filepath.Join(t.TempDir(), "files"))
			asked := 0
			b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, test.of) {
					return next.RoundTrip(r)
				}
				if !test.stops {
					asked++
				}
				resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, ContentLength: -1, Request: r}
				if status == http.StatusOK {
					resp.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 33<<20)))
				}
				return resp, nil
			}
			text := b.ends(1, test.want)
			if test.stops {
				assert.Contains(t, text, "0 images are safe")
				return
			}
			assert.Equal(t, 1, asked, "it is not tried again")
			b.wantAll()
			b.wantFiles("album 0/Photo <1>")
			if status == http.StatusNotFound {
				assert.Contains(t, b.failed()[0].Reason, "404")
			}
		})
	}
}
