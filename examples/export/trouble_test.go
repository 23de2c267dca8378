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

const (
	list    = imagestest.OpList
	deliver = imagestest.OpDeliver
	blob    = imagestest.OpBlob
)

// downloadFrom makes a bench that downloads n images one after the other, by calls
// of an operation.
func downloadFrom(t *testing.T, operation imagestest.Operation, n int, flags ...string) *bench {
	t.Helper()
	b := newDownload(t, n, append(flags, "-workers", "1")...)
	if operation == blob {
		b.opts.variant = ""
	}
	return b
}

func TestShortTroubleIsSurvived(t *testing.T) {
	for name, fault := range map[string]imagestest.Fault{
		"503 three times": {Times: 3, Kind: imagestest.EdgePage(503)},
		"429":             {Kind: imagestest.Refusal(429)},
		"429 for minutes": {Operation: list, Kind: imagestest.Refusal(429).With("Retry-After", "300")},
		"empty page":      {Operation: list, Kind: imagestest.EmptyPage{}},
		"reset":           {Kind: imagestest.Reset{}},
		"cut":             {At: imagestest.MidBody(20), Kind: imagestest.Cut{}},
		"chunked cut":     {At: imagestest.MidBody(20), Kind: imagestest.Cut{Chunked: true}},
		"shorter":         {Kind: imagestest.WrongLength{By: 5}},
		"stall":           {At: imagestest.MidBody(20), Kind: imagestest.Stall{}},
	} {
		for _, operation := range []imagestest.Operation{list, deliver, blob} {
			if fault.Operation != "" && fault.Operation != operation {
				continue
			}
			t.Run(name+" of "+string(operation), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := downloadFrom(t, operation, 35)
					b.opts.workers = 8
					fault.Operation, fault.Call = operation, 3
					b.server.Inject(fault)
					b.ends(0, "35 files, 0 failed")
					assert.Empty(t, b.server.Unused())
					b.wantAll()
				})
			})
		}
	}
}

func TestFailedImagesAreRecordedAndRetried(t *testing.T) {
	large := imagestest.Reply{Body: strings.Repeat("x", 33<<20)}.With("Content-Type", "image/png")
	for name, test := range map[string]struct {
		operation imagestest.Operation
		times     int
		kind      imagestest.Kind
		requests  int // for 25 images
		want      string
	}{
		"gone":               {deliver, 1, imagestest.Refusal(404), 25, "status 404 Not Found"},
		"redirect":           {deliver, 1, imagestest.Reply{Status: 302}.With("Location", "https://example.com/"), 25, "status 302 Found"},
		"broken":             {deliver, 4, imagestest.WrongLength{By: 5}, 28, "unexpected EOF"},
		"unavailable":        {deliver, 4, imagestest.EdgePage(524), 28, "status 524"},
		"original gone":      {blob, 1, imagestest.Refusal(404), 25, "404"},
		"original too large": {blob, 1, large, 25, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := downloadFrom(t, test.operation, 25)
				b.inject(test.operation, 12, test.times, test.kind)
				b.ends(1, "24 files, 1 failed", "1 images could not be downloaded: "+b.opts.out+".failed has them")
				assert.Equal(t, test.requests, b.server.Count(test.operation))
				failed := b.failed()
				require.Len(t, failed, 1)
				assert.Equal(t, "album 1/Photo <12>", failed[0].ID, "the thirteenth of 25, newest first")
				assert.Contains(t, failed[0].Reason, test.want)
				b.wantAll(failed[0].ID)
				b.finishes()
			})
		})
	}
}

func TestTroubleOfAllImagesStopsTheExport(t *testing.T) {
	const inARow = "10 images in a row have failed"
	for name, test := range map[string]struct {
		fault imagestest.Fault
		wants []string
	}{
		"401":             {imagestest.Fault{Operation: blob, Kind: imagestest.Refusal(401)}, []string{"fix the credentials", "0 images are safe"}},
		"403":             {imagestest.Fault{Operation: blob, Kind: imagestest.Refusal(403)}, []string{"fix the credentials", "0 images are safe"}},
		"503 of blob":     {imagestest.Fault{Operation: blob, Times: 8 * 10, Kind: imagestest.EdgePage(503)}, []string{inARow, "0 images are safe"}},
		"503 of delivery": {imagestest.Fault{Operation: deliver, Call: 25, Times: 60, Kind: imagestest.EdgePage(503)}, []string{inARow, "20 images are safe"}},
		"reset in a page": {imagestest.Fault{Operation: list, Call: 1, Times: 30, At: imagestest.MidBody(1500), Kind: imagestest.Reset{}}, []string{"20 images are safe"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := downloadFrom(t, test.fault.Operation, 45, "-per-page", "20")
				b.server.Inject(test.fault)
				b.ends(1, test.wants...)
				for code := 1; code != 0 && len(b.server.Unused()) > 0; {
					_, code = b.run(t.Context())
				}
				assert.Empty(t, b.server.Unused())
				b.finishes()
			})
		})
	}
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

func TestReasonsOfFailures(t *testing.T) {
	private := cfimages.Image{ID: "private", RequireSignedURLs: true}
	for _, test := range []struct {
		variant string
		image   cfimages.Image
		want    string
	}{
		{"public", private, "CLOUDFLARE_IMAGES_SIGNING_KEY"},
		{"huge", private, `the image has no variant "huge", only ["public"]`},
		{"", cfimages.Image{ID: "a/../b"}, "would lead to another path"},
		{"", private, ""},
	} {
		b := newDownload(t, 0)
		b.opts.variant = test.variant
		b.server.AddImages(test.image)
		if test.want == "" {
			b.finishes()
			continue
		}
		b.ends(1)
		b.wantAll(test.image.ID)
		assert.Contains(t, b.failed()[0].Reason, test.want)
	}
}

func TestDiskErrorsStopTheExport(t *testing.T) {
	b := newDownload(t, 12, "-workers", "1")
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "Photo <5>/public") { // when the directory is known to be empty
			os.MkdirAll(filepath.Join(b.opts.download, fileName("album 0/Photo <5>"), "x"), 0o777)
		}
		return next.RoundTrip(r)
	}
	b.ends(1, "album%200%2f%50hoto%20%3c5%3e", toResume)
	assert.Empty(t, b.failed())
}

func TestOriginalThatIsTooLargeIsNotTriedTwice(t *testing.T) {
	b := downloadFrom(t, blob, 3)
	asked := 0
	b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, "<1>/blob") {
			asked++
			resp.Body.Close()
			resp.ContentLength = -1
			resp.Header.Del("Content-Length")
			resp.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 33<<20)))
		}
		return resp, err
	}
	b.ends(1, "1 images could not be downloaded")
	assert.Equal(t, 1, asked)
	b.wantAll("album 0/Photo <1>")
}
