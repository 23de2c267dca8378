package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestRate(t *testing.T) {
	bubble(t, old(600), func(t *testing.T, s *setup) {
		start := time.Now()
		stdout, err := s.delete("-all")
		require.NoError(t, err)
		assert.Equal(t, 5*time.Minute, time.Since(start), "a page and 600 deletions, 2 in a second")
		assert.Contains(t, stdout, "at least 5m0s, for 600 calls")
		assert.Contains(t, stdout, " of 600 images: ")
	})
}

func TestOthersKeepTheirShare(t *testing.T) {
	for reserve, want := range map[string]time.Duration{
		"0":    5 * time.Minute,
		"0.25": 5*time.Minute + 75*time.Second, // after 225 s, both have used three quarters
	} {
		bubble(t, old(600), func(t *testing.T, s *setup) {
			ctx, stop := context.WithCancel(s.Context())
			refused := make(chan int)
			go func() { refused <- othersTraffic(ctx, s.server.Client(), time.Second/2) }()
			start := time.Now()
			_, err := s.delete("-all", "-reserve", reserve)
			require.NoError(t, err)
			assert.InDelta(t, want, time.Since(start), float64(time.Second), reserve)
			stop()
			assert.Zero(t, <-refused, "calls of the others")
			for _, r := range s.server.Requests() {
				require.Equal(t, http.StatusOK, r.Status, reserve)
			}
		}, imagestest.WithRateLimit(1201, 5*time.Minute))
	}
}

// othersTraffic makes a call in every period, and returns how many failed or had to wait.
func othersTraffic(ctx context.Context, client *cfimages.Client, period time.Duration) (refused int) {
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		start := time.Now()
		_, err := client.ImagesV2.List(ctx, cfimages.ListParams{PerPage: 10})
		if ctx.Err() == nil && (err != nil || time.Since(start) > 0) {
			refused++
		}
		select {
		case <-ctx.Done():
			return refused
		case <-ticks.C:
		}
	}
}

func TestReserve(t *testing.T) {
	const window = 5 * time.Minute
	bubble(t, old(100), func(t *testing.T, s *setup) {
		others := s.server.Client()
		for range 80 {
			_, err := others.ImagesV2.List(s.Context(), cfimages.ListParams{PerPage: 10})
			require.NoError(t, err)
		}
		start := time.Now()
		stdout, err := s.delete("-all", "-rate", "50")
		require.NoError(t, err)
		assert.Contains(t, stdout, "Waiting until 2000-01-01T00:05:00Z: only 19 of 100 calls are left.\n")
		deletions := make(map[time.Duration]int)
		for _, r := range s.server.Requests() {
			if r.Operation == imagestest.OpDelete {
				deletions[r.Time.Sub(start).Truncate(window)]++
			}
		}
		assert.Equal(t, map[time.Duration]int{window: 75, 2 * window: 25}, deletions)
	}, imagestest.WithRateLimit(100, window))
}

func TestRefusalIsWaitedFor(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 1, Kind: imagestest.Refusal(429).With("Retry-After", "300")})
		start := time.Now()
		_, err := s.delete("-all")
		require.NoError(t, err)
		assert.Empty(t, s.server.Images())
		assert.GreaterOrEqual(t, time.Since(start), 5*time.Minute)
	})
}

func TestRefusalOfAllCallsEndsTheRun(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 1, Kind: imagestest.Refusal(429).With("Retry-After", "3600")})
		stdout, err := s.delete("-all")
		require.ErrorIs(t, err, cfimages.ErrRateLimited)
		assert.Contains(t, stdout, "Stopped: 1 deleted.")
		assert.Equal(t, map[string]int{"planned": 3, "deleted": 1, "failed": 0}, s.outcomes())
		_, err = s.delete("-all")
		require.NoError(t, err)
		assert.Empty(t, s.server.Images())
	})
}

func TestBatchHost(t *testing.T) {
	bubble(t, old(600), func(t *testing.T, s *setup) {
		start := time.Now()
		_, err := s.delete("-all", "-batch")
		require.NoError(t, err)
		assert.Equal(t, 6*time.Second, time.Since(start), "a page and 600 deletions, 100 in a second")
		assert.Empty(t, s.server.Images())
		for _, r := range s.server.Requests() {
			assert.Equal(t, r.Operation != imagestest.OpBatchToken, r.Batch, r.Operation)
		}
	})
}

func TestReserveWithoutTheBatchHost(t *testing.T) {
	const window = 5 * time.Minute
	bubble(t, old(100), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpBatchToken, Times: imagestest.Always, Kind: imagestest.Refusal(403)})
		start := time.Now()
		_, err := s.delete("-all", "-batch")
		require.NoError(t, err)
		assert.Empty(t, s.server.Images())
		inFirst := 0
		for _, r := range s.server.Requests() {
			if r.Operation != imagestest.OpBatchToken && r.Time.Sub(start) < window {
				inFirst++
			}
		}
		assert.Equal(t, 75, inFirst)
	}, imagestest.WithRateLimit(100, window))
}
