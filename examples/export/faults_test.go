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

// sources has the value of -variant for each download operation.
var sources = map[imagestest.Operation]string{imagestest.OpDeliver: "public", imagestest.OpBlob: ""}

func TestTemporaryFaultsAreRetried(t *testing.T) {
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
					f := newDownload(t, 35)
					f.opts.variant = sources[operation]
					fault.Operation, fault.Call = operation, 3
					f.server.Inject(fault)
					f.ends(0, "35 files, 0 failed")
					assert.Empty(t, f.server.Unused())
					f.wantAll()
					f.wantFiles()
				})
			})
		}
	}
}

func TestNetworkLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 95)
		for _, requests := range []int64{0, 1, 0, 3, 2} {
			f.loseNetwork(requests)
			f.ends(1, "connection refused", resumeHint)
		}
		f.send = nil
		f.ends(0, "resuming after 60 images")
		assert.Equal(t, 10, f.server.Count(imagestest.OpList), "no page was requested twice")
		f.wantAll()
	})
}

func TestFaultsInsideAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 60)
		f.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 2, Times: 30, At: imagestest.MidBody(1500), Kind: imagestest.Reset{}})
		stops := 0
		for text, code := f.run(t.Context()); code != 0; text, code = f.run(t.Context()) {
			require.Contains(t, text, "20 images are saved")
			stops++
		}
		assert.NotZero(t, stops)
		assert.Empty(t, f.server.Unused())
		f.wantAll()
	})
}

func TestExportWaitsForTheRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 500)
		limited := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(20, 5*time.Minute))
		defer limited.Close()
		limited.AddImages(f.server.Images()...)
		f.server = limited
		started := time.Now()
		f.ends(0)
		assert.GreaterOrEqual(t, time.Since(started), 10*time.Minute, "50 pages in windows of 20")
		for _, r := range limited.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, r.Status)
		}
		assert.Contains(t, f.read(""), `{"n":499}`)
	})
}

func TestPermanentFailuresAreRecorded(t *testing.T) {
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
				f := newDownload(t, 25, "-workers", "1")
				f.inject(imagestest.OpDeliver, 12, test.times, test.kind)
				f.ends(1, "24 files, 1 failed", "1 images could not be downloaded: see "+f.opts.out+".failed;")
				assert.Equal(t, test.requests, f.server.Count(imagestest.OpDeliver))
				failed := f.failed()
				require.Len(t, failed, 1)
				assert.Equal(t, "album 1/Photo <12>", failed[0].ID, "the thirteenth of 25, newest first")
				assert.Contains(t, failed[0].Reason, test.want)
				f.wantAll()
				f.wantFiles(failed[0].ID)
				f.finishes()
			})
		})
	}
}

func TestOutageStopsTheExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newDownload(t, 25)
		f.loseNetwork(1 + 10 + 1 + 4)
		text := f.ends(1, "connection refused", "10 images are saved")
		assert.NotContains(t, text, "/delivery/", "URLs may be signed")
		f.send = nil
		f.ends(0)
		assert.Equal(t, 25+4, f.server.Count(imagestest.OpDeliver), "four files were checked and not written twice")
		f.wantAll()
		f.wantFiles()
	})
}

func TestFailuresInARowAreAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newDownload(t, 45, "-per-page", "20")
		f.inject(imagestest.OpDeliver, 25, 60, imagestest.EdgePage(503))
		f.ends(1, "10 images in a row failed", "20 images are saved")
		for code := 1; code != 0 && len(f.server.Unused()) > 0; {
			_, code = f.run(t.Context())
		}
		f.finishes()
	})
}

func TestPrivateVariants(t *testing.T) {
	f := newDownload(t, 2)
	f.server.AddImages(cfimages.Image{ID: "private", RequireSignedURLs: true})
	f.ends(1)
	f.wantFiles("private")
	assert.Contains(t, f.failed()[0].Reason, "CLOUDFLARE_IMAGES_SIGNING_KEY")

	other := f.with(filepath.Join(t.TempDir(), "images.jsonl"), "-download", t.TempDir(), "-variant", "public")
	other.signer = newSigner(t, imagestest.SigningKey)
	other.finishes()
}

func TestUnknownVariant(t *testing.T) {
	f := newFixture(t, 1, "-download", t.TempDir(), "-variant", "huge")
	f.ends(1)
	require.Len(t, f.failed(), 1)
	assert.Equal(t, `the image has no variant "huge", only ["public"]`, f.failed()[0].Reason)
}

func TestDiskErrorsStopTheExport(t *testing.T) {
	f := newDownload(t, 12, "-workers", "1")
	f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "Photo <5>/public") { // after the check that the directory is empty
			os.MkdirAll(filepath.Join(f.opts.download, fileName("album 0/Photo <5>"), "x"), 0o777)
		}
		return next.RoundTrip(r)
	}
	f.ends(1, "album%200%2f%50hoto%20%3c5%3e", resumeHint)
	assert.Empty(t, f.failed())
}

func TestUploadedFiles(t *testing.T) {
	f := newDownload(t, 25)
	f.opts.variant = ""
	f.server.AddImages(cfimages.Image{ID: "a/../b"}, cfimages.Image{ID: "private", RequireSignedURLs: true})
	f.ends(1)
	failed := f.failed()
	require.Len(t, failed, 1)
	assert.Equal(t, "a/../b", failed[0].ID)
	assert.Contains(t, failed[0].Reason, "would lead to another path")
	f.wantFiles("a/../b")
	assert.Equal(t, 26, f.server.Count(imagestest.OpBlob))
}

func TestErrorsOfDownloadsOfUploadedFiles(t *testing.T) {
	for status, test := range map[int]struct {
		path  string // suffix of the paths that respond with the status
		stops bool
		want  string
	}{
		200: {"<1>/blob", false, "1 images could not be downloaded"}, // with a body that is too large
		401: {"/blob", true, "fix the credentials"},
		403: {"/blob", true, "fix the credentials"},
		404: {"<1>/blob", false, "1 images could not be downloaded"},
		503: {"/blob", true, "10 images in a row failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, 12, "-per-page", "20", "-download", filepath.Join(t.TempDir(), "files"))
			requests := 0
			f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, test.path) {
					return next.RoundTrip(r)
				}
				if !test.stops {
					requests++
				}
				resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, ContentLength: -1, Request: r}
				if status == http.StatusOK {
					resp.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 33<<20)))
				}
				return resp, nil
			}
			text := f.ends(1, test.want)
			if test.stops {
				assert.Contains(t, text, "0 images are saved")
				return
			}
			assert.Equal(t, 1, requests, "it is not retried")
			f.wantAll()
			f.wantFiles("album 0/Photo <1>")
			if status == http.StatusNotFound {
				assert.Contains(t, f.failed()[0].Reason, "404")
			}
		})
	}
}
