package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// newFailures returns a fixture whose export is complete except for n private images.
func newFailures(t *testing.T, n int) *fixture {
	t.Helper()
	f := newDownload(t, 5, "-workers", "4")
	for i := range n {
		f.server.AddImages(cfimages.Image{ID: fmt.Sprint("private-", i), RequireSignedURLs: true})
	}
	f.ends(1, fmt.Sprint(n, " images could not be downloaded"))
	f.server.ResetRequests()
	f.signer = newSigner(t, imagestest.SigningKey)
	return f
}

func TestOnlyFailedDownloadsAreRetried(t *testing.T) {
	for operation, variant := range sources {
		f := newDownload(t, 25, "-workers", "1")
		f.opts.variant = variant
		f.inject(operation, 12, 3, imagestest.Refusal(404))
		f.inject(operation, 26, 1, imagestest.Refusal(410))
		for _, want := range []struct{ code, calls, failed int }{{1, 25, 3}, {1, 28, 1}, {0, 29, 0}, {0, 29, 0}} {
			f.ends(want.code)
			assert.Equal(t, want.calls, f.server.Count(operation))
			assert.Len(t, f.failed(), want.failed)
		}
		assert.Equal(t, 3, f.server.Count(imagestest.OpList))
		assert.NoFileExists(t, f.opts.out+".failed.new")
		f.wantAll()
		f.wantFiles()
	}
}

func TestManyFailures(t *testing.T) {
	f := newFailures(t, 2*downloadPage+1)
	f.write(".failed.new", "left by a crash")
	before := f.read(".checkpoint")
	f.ends(0)
	assert.Equal(t, 2*downloadPage+1, f.server.Count(imagestest.OpDeliver))
	f.wantAll()
	f.wantFiles()
	for _, checkpoint := range []string{f.read(".checkpoint"), before} { // the second: a crash just before the checkpoint is saved
		f.write(".checkpoint", checkpoint)
		f.ends(0, "already complete")
	}
}

func TestInterruptedRetryLosesNothing(t *testing.T) {
	for request := range 12 {
		f := newFailures(t, 12)
		list := f.read(".failed")
		ctx, interrupt := context.WithCancel(t.Context())
		f.opts.workers = 1
		f.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if request--; request < 0 {
				interrupt()
			}
			return next.RoundTrip(r)
		}
		text, code := f.run(ctx)
		require.Equal(t, 130, code, text)
		assert.Equal(t, list, f.read(".failed"))
		assert.NoFileExists(t, f.opts.out+".failed.new")
		f.send = nil
		f.finishes()
	}
}

func TestRetryDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(t, 15)
		list := f.read(".failed")
		f.loseNetwork(0)
		f.ends(1, "connection refused")
		assert.Equal(t, list, f.read(".failed"))

		f.send = nil
		f.inject(imagestest.OpDeliver, 0, 15*maxAttempts, imagestest.EdgePage(503))
		f.ends(1)
		assert.Len(t, f.failed(), 15)
		assert.NotEqual(t, list, f.read(".failed"), "the reasons")
		f.finishes()
	})
}

func TestChangedListOfFailuresIsRejected(t *testing.T) {
	f := newFailures(t, 3)
	list := f.read(".failed")
	for _, changed := range []string{list[:len(list)-10], "}" + list, "[]\n" + list} {
		f.write(".failed", changed)
		f.ends(1, ".failed was changed")
		assert.Equal(t, changed, f.read(".failed"))
	}
}

func TestWrongSigningKeyStopsTheExport(t *testing.T) {
	f := newFailures(t, 30)
	list := f.read(".failed")
	good := f.signer
	f.signer = newSigner(t, "wrong")
	f.ends(1, "CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys")
	assert.LessOrEqual(t, f.server.Count(imagestest.OpDeliver), f.opts.workers)
	assert.Equal(t, list, f.read(".failed"))
	f.signer = good
	f.finishes()
}
