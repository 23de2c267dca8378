package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
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
	images := make([]cfimages.Image, n)
	for i := range images {
		images[i] = cfimages.Image{ID: fmt.Sprint("private-", i), RequireSignedURLs: true}
	}
	b.server.AddImages(images...)
	text, code := b.run()
	require.Equal(t, 1, code)
	require.Contains(t, text, fmt.Sprint(n, " images could not be downloaded"))
	b.server.ResetRequests()
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	require.NoError(t, err)
	b.signer = signer
	return b
}

// failed returns the list of what failed, as it is.
func (b *bench) failed() string {
	b.t.Helper()
	data, err := os.ReadFile(b.opts.out + ".failed")
	require.NoError(b.t, err)
	return string(data)
}

func TestOnlyWhatFailedIsTriedAgain(t *testing.T) {
	for operation, variant := range map[imagestest.Operation]string{imagestest.OpDeliver: "public", imagestest.OpBlob: ""} {
		b := newDownload(t, 25, "-workers", "1")
		b.opts.variant = variant
		b.server.Inject(
			imagestest.Fault{Operation: operation, Call: 12, Times: 3, Kind: imagestest.Refusal(404)},
			imagestest.Fault{Operation: operation, Call: 26, Kind: imagestest.Refusal(410)})
		for _, want := range []struct{ code, calls, failed int }{{1, 25, 3}, {1, 28, 1}, {0, 29, 0}, {0, 29, 0}} {
			text, code := b.run()
			require.Equal(t, want.code, code, text)
			assert.Equal(t, want.calls, b.server.Count(operation))
			assert.Len(t, readLines[failedFile](t, b.opts.out+".failed"), want.failed)
		}
		assert.Equal(t, 3, b.server.Count(imagestest.OpList))
		assert.NoFileExists(t, b.opts.out+".failed.new")
		b.wantAll()
		b.wantFiles()
	}
}

func TestManyFailures(t *testing.T) {
	b := newFailures(t, 2*downloadPage+1)
	require.NoError(t, os.WriteFile(b.opts.out+".failed.new", []byte("of a crash"), 0o600))
	before := b.snapshot()[1]
	text, code := b.run()
	require.Zero(t, code, text)
	assert.Equal(t, 2*downloadPage+1, b.server.Count(imagestest.OpDeliver))
	b.wantAll()
	b.wantFiles()
	for _, checkpoint := range []string{b.snapshot()[1], before} { // the latter after a crash just before it is saved
		require.NoError(t, os.WriteFile(b.opts.out+".checkpoint", []byte(checkpoint), 0o600))
		text, code = b.run()
		require.Zero(t, code)
		assert.Contains(t, text, "finished already")
	}
}

func TestStoppedRetryLosesNothing(t *testing.T) {
	for request := range 12 {
		b := newFailures(t, 12)
		list := b.failed()
		ctx, interrupt := context.WithCancel(t.Context())
		b.opts.workers = 1
		b.wrap = func(next http.RoundTripper) http.RoundTripper {
			return transport(func(r *http.Request) (*http.Response, error) {
				if request--; request < 0 {
					interrupt()
				}
				return next.RoundTrip(r)
			})
		}
		text, code := b.runUntil(ctx)
		require.Equal(t, 130, code, text)
		assert.Equal(t, list, b.failed())
		assert.NoFileExists(t, b.opts.out+".failed.new")
		b.wrap = nil
		text, code = b.run()
		require.Zero(t, code, text)
		b.wantAll()
		b.wantFiles()
	}
}

func TestRetryOfLastingTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFailures(t, 15)
		network := new(lossy)
		b.wrap = network.wrap
		list := b.failed()
		text, code := b.run()
		require.Equal(t, 1, code)
		assert.Contains(t, text, "connection refused")
		assert.Equal(t, list, b.failed())

		network.left.Store(1000)
		b.server.Inject(imagestest.Fault{Operation: imagestest.OpDeliver, Times: 15 * attempts, Kind: imagestest.EdgePage(503)})
		text, code = b.run()
		require.Equal(t, 1, code, text)
		assert.Len(t, readLines[failedFile](t, b.opts.out+".failed"), 15)
		assert.NotEqual(t, list, b.failed(), "the reasons")
		text, code = b.run()
		require.Zero(t, code, text)
		b.wantFiles()
	})
}

func TestChangedListOfFailuresIsRefused(t *testing.T) {
	b := newFailures(t, 3)
	list := b.failed()
	for _, changed := range []string{list[:len(list)-10], "}" + list, "[]\n" + list} {
		require.NoError(t, os.WriteFile(b.opts.out+".failed", []byte(changed), 0o600))
		text, code := b.run()
		assert.Equal(t, 1, code)
		assert.Contains(t, text, ".failed was changed")
		assert.Equal(t, changed, b.failed())
	}
}

func TestWrongSigningKeyStopsTheExport(t *testing.T) {
	b := newFailures(t, 30)
	list := b.failed()
	good := b.signer
	wrong, err := cfimages.NewURLSigner("wrong")
	require.NoError(t, err)
	b.signer = wrong
	text, code := b.run()
	require.Equal(t, 1, code)
	assert.Contains(t, text, "CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys")
	assert.LessOrEqual(t, b.server.Count(imagestest.OpDeliver), b.opts.workers)
	assert.Equal(t, list, b.failed())
	b.signer = good
	text, code = b.run()
	require.Zero(t, code, text)
	b.wantFiles()
}
