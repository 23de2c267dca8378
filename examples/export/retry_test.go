package main

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestOnlyWhatFailedIsRetried(t *testing.T) {
	for _, operation := range []imagestest.Operation{deliver, blob} {
		b := downloadFrom(t, operation, 25)
		b.inject(operation, 12, 3, imagestest.Refusal(404))
		b.inject(operation, 26, 1, imagestest.Refusal(410))
		for _, want := range []struct{ code, calls, failed int }{{1, 25, 3}, {1, 28, 1}, {0, 29, 0}, {0, 29, 0}} {
			b.ends(want.code)
			assert.Equal(t, want.calls, b.server.Count(operation))
			assert.Len(t, b.failed(), want.failed)
		}
		assert.Equal(t, 3, b.server.Count(list))
		assert.NoFileExists(t, b.opts.out+".failed.new")
		b.wantAll()
	}
}

func TestManyFailures(t *testing.T) {
	b := newFailures(t, 201)
	b.opts.workers = 4
	b.write(".failed.new", "of a crash")
	b.ends(0)
	assert.Equal(t, 201, b.server.Count(deliver))
	b.wantAll()
	b.ends(0, "finished already")
}

func TestRetryThatFailsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFailures(t, 15)
		failed := b.read(".failed")
		b.inject(deliver, 0, 15*attempts, imagestest.EdgePage(503))
		b.ends(1)
		assert.Len(t, b.failed(), 15)
		assert.NotEqual(t, failed, b.read(".failed"), "the reasons")
		b.finishes()
	})
}

func TestWrongSigningKeyStopsTheExport(t *testing.T) {
	b := newFailures(t, 30)
	b.opts.workers = 4
	failed, good := b.read(".failed"), b.signer
	b.signer = newSigner(t, "wrong")
	b.ends(1, "CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys")
	assert.LessOrEqual(t, b.server.Count(deliver), b.opts.workers)
	assert.Equal(t, failed, b.read(".failed"))
	b.signer = good
	b.finishes()
}
