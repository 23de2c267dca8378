package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

// transport answers requests with a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// lossy is a network that is there for some requests and then lost.
type lossy struct{ left atomic.Int64 }

func (l *lossy) wrap(next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if l.left.Add(-1) < 0 {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return next.RoundTrip(r)
	})
}

func TestNetworkLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 95)
		network := new(lossy)
		b.wrap = network.wrap
		for _, requests := range []int64{0, 1, 0, 3, 2} {
			network.left.Store(requests)
			text, code := b.run()
			require.Equal(t, 1, code, text)
			require.Contains(t, text, "connection refused")
			require.Contains(t, text, "run the same command again to go on")
		}
		network.left.Store(1000)
		text, code := b.run()
		require.Zero(t, code, text)
		assert.Contains(t, text, "going on after 60 images")
		assert.Equal(t, 10, b.server.Count(imagestest.OpList), "no page was asked for twice")
		b.wantAll()
	})
}

func TestShortTroubleIsSurvived(t *testing.T) {
	for name, kind := range map[string]imagestest.Kind{
		"reset":       imagestest.Reset{},
		"cut":         imagestest.Cut{},
		"chunked cut": imagestest.Cut{Chunked: true},
		"stall":       imagestest.Stall{},
		"edge page":   imagestest.EdgePage(502),
		"429":         imagestest.Refusal(429).With("Retry-After", "300"),
		"empty page":  imagestest.EmptyPage{},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 60)
				b.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 3, Kind: kind})
				text, code := b.run()
				require.Zero(t, code, text)
				assert.Empty(t, b.server.Unused())
				b.wantAll()
			})
		})
	}
}

func TestTroubleInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 2, Times: 30, At: imagestest.MidBody(1500), Kind: imagestest.Reset{}})
		stops := 0
		for text, code := b.run(); code != 0; text, code = b.run() {
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
		text, code := b.run()
		require.Zero(t, code, text)
		assert.GreaterOrEqual(t, time.Since(started), 10*time.Minute, "50 pages in windows of 20")
		for _, r := range limited.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, r.Status)
		}
		out, err := os.ReadFile(b.opts.out)
		require.NoError(t, err)
		assert.Contains(t, string(out), `{"n":499}`)
	})
}

func TestInterrupt(t *testing.T) {
	b := newBench(t, 60)
	ctx, interrupt := context.WithCancel(t.Context())
	left := 3
	b.wrap = func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if left--; left == 0 {
				interrupt()
			}
			return next.RoundTrip(r)
		})
	}
	text, code := b.runUntil(ctx)
	assert.Equal(t, 130, code)
	assert.Contains(t, text, "export: interrupted: ")
	assert.Contains(t, text, "run the same command again to go on")
	saved, err := loadCheckpoint(b.opts.out + ".checkpoint")
	require.NoError(t, err)
	require.NotZero(t, saved.Pages)
	assert.Equal(t, saved.Images.Lines, strings.Count(b.snapshot()[0], "\n"))
	assert.Len(t, b.snapshot()[0], int(saved.Images.Bytes), "the output has what the checkpoint says, and no more")
	text, code = b.run()
	require.Zero(t, code, text)
	b.wantAll()
}
