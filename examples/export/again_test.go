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

// newFailures makes a bench whose export is finished but for n private images.
func newFailures(t *testing.T, n int) *bench {
	t.Helper()
	b := newDownload(t, 5, "-workers", "4")
	for i := range n {
		b.server.AddImages(cfimages.Image{ID: fmt.Sprint("private-", i), RequireSignedURLs: true})
	}
	b.ends(1, fmt.Sprint(n, " images could not be downloaded"))
	b.server.ResetRequests()
	b.signer = newSigner(t, imagestest.SigningKey)
	return b
}

func TestOnlyWhatFailedIsTriedAgain(t *testing.T) {
	for operation, variant := range sources {
		b := newDownload(t, 25, "-workers", "1")
		b.opts.variant = variant
		b.inject(operation, 12, 3, imagestest.Refusal(404))
		b.inject(operation, 26, 1, imagestest.Refusal(410))
		for _, want := range []struct{ code, calls, failed int }{{1, 25, 3}, {1, 28, 1}, {0, 29, 0}, {0, 29, 0}} {
			b.ends(want.code)
			assert.Equal(t, want.calls, b.server.Count(operation))
			assert.Len(t, b.failed(), want.failed)
		}
		assert.Equal(t, 3, b.server.Count(imagestest.OpList))
		assert.NoFileExists(t, b.opts.out+".failed.new")
		b.wantAll()
		b.wantFiles()
	}
}

func TestManyFailures(t *testing.T) {
	b := newFailures(t, 2*downloadPage+1)
	b.write(".failed.new", "of a crash")
	before := b.read(".checkpoint")
	b.ends(0)
	assert.Equal(t, 2*downloadPage+1, b.server.Count(imagestest.OpDeliver))
	b.wantAll()
	b.wantFiles()
	for _, checkpoint := range []string{b.read(".checkpoint"), before} { // the latter after a crash just before it is saved
		b.write(".checkpoint", checkpoint)
		b.ends(0, "finished already")
	}
}

func TestStoppedRetryLosesNothing(t *testing.T) {
	for request := range 12 {
		b := newFailures(t, 12)
		list := b.read(".failed")
		ctx, interrupt := context.WithCancel(t.Context())
		b.opts.workers = 1
		b.send = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if request--; request < 0 {
				interrupt()
			}
			return next.RoundTrip(r)
		}
		text, code := b.run(ctx)
		require.Equal(t, 130, code, text)
		assert.Equal(t, list, b.read(".failed"))
		assert.NoFileExists(t, b.opts.out+".failed.new")
		b.send = nil
		b.finishes()
	}
}

func TestRetryOfLastingTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFailures(t, 15)
		list := b.read(".failed")
		b.loseNetwork(0)
		b.ends(1, "connection refused")
		assert.Equal(t, list, b.read(".failed"))

		b.send = nil
		b.inject(imagestest.OpDeliver, 0, 15*attempts, imagestest.EdgePage(503))
		b.ends(1)
		assert.Len(t, b.failed(), 15)
		assert.NotEqual(t, list, b.read(".failed"), "the reasons")
		b.finishes()
	})
}

func TestChangedListOfFailuresIsRejected(t *testing.T) {
	b := newFailures(t, 3)
	list := b.read(".failed")
	for _, changed := range []string{list[:len(list)-10], "}" + list, "[]\n" + list} {
		b.write(".failed", changed)
		b.ends(1, ".failed was changed")
		assert.Equal(t, changed, b.read(".failed"))
	}
}

func TestWrongSigningKeyStopsTheExport(t *testing.T) {
	b := newFailures(t, 30)
	list := b.read(".failed")
	good := b.signer
	b.signer = newSigner(t, "wrong")
	b.ends(1, "CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys")
	assert.LessOrEqual(t, b.server.Count(imagestest.OpDeliver), b.opts.workers)
	assert.Equal(t, list, b.read(".failed"))
	b.signer = good
	b.finishes()
}
