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

// window is the window of the documented rate limit.
const window = 5 * time.Minute

func TestRate(t *testing.T) {
	bubble(t, old(600), func(t *testing.T, s *setup) {
		stdout, took := s.deleteAll("")
		assert.Equal(t, 5*time.Minute, took, "a page and 600 deletions, 2 in a second")
		assert.Contains(t, stdout, "at least 5m0s, for 600 calls")
		assert.Contains(t, stdout, " of 600 images: ")
	})
}

func TestReserveIsLeftToOtherPrograms(t *testing.T) {
	for reserve, want := range map[string]time.Duration{
		"0":    5 * time.Minute,
		"0.25": 5*time.Minute + 75*time.Second, // after 225 s, both have used three quarters
	} {
		bubble(t, old(600), func(t *testing.T, s *setup) {
			ctx, stop := context.WithCancel(s.Context())
			delayed := make(chan int)
			go func() { delayed <- othersTraffic(ctx, s.server.Client(), time.Second/2) }()
			_, took := s.deleteAll("-reserve " + reserve)
			assert.InDelta(t, want, took, float64(time.Second), reserve)
			stop()
			assert.Zero(t, <-delayed, "calls of the others")
			for _, r := range s.server.Requests() {
				require.Equal(t, http.StatusOK, r.Status, reserve)
			}
		}, imagestest.WithRateLimit(1201, window))
	}
}

// othersTraffic makes a call in every period, and returns how many failed or had to wait.
func othersTraffic(ctx context.Context, client *cfimages.Client, period time.Duration) (delayed int) {
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		start := time.Now()
		_, err := client.ImagesV2.List(ctx, cfimages.ListParams{PerPage: 10})
		if ctx.Err() == nil && (err != nil || time.Since(start) > 0) {
			delayed++
		}
		select {
		case <-ctx.Done():
			return delayed
		case <-ticks.C:
		}
	}
}

func TestReserve(t *testing.T) {
	for name, test := range map[string]struct {
		images  int
		args    string
		others  int // calls before
		latency time.Duration
		fault   []imagestest.Fault
		want    map[time.Duration]int // deletions in each window
	}{
		"others came first":      {100, "-rate 50", 80, 0, nil, map[time.Duration]int{window: 75, 2 * window: 25}},
		"several workers":        {200, "-rate 100", 0, 150 * time.Millisecond, nil, map[time.Duration]int{0: 74, window: 75, 2 * window: 51}},
		"without the batch host": {100, "-batch", 0, 0, []imagestest.Fault{{Operation: imagestest.OpBatchToken, Times: imagestest.Always, Kind: imagestest.Refusal(403)}}, map[time.Duration]int{0: 74, window: 26}},
	} {
		bubble(t, old(test.images), func(t *testing.T, s *setup) {
			others := s.server.Client()
			for range test.others {
				_, err := others.ImagesV2.List(s.Context(), cfimages.ListParams{PerPage: 10})
				require.NoError(t, err)
			}
			s.server.Inject(test.fault...)
			start := time.Now()
			stdout, _ := s.deleteAll(test.args)
			if test.others > 0 {
				assert.Contains(t, stdout, "Waiting until 2000-01-01T00:05:00Z: only 19 of 100 calls are left.\n")
			}
			deletions := make(map[time.Duration]int)
			for _, at := range s.deletions() {
				deletions[at.Sub(start).Truncate(window)]++
			}
			assert.Equal(t, test.want, deletions, name)
		}, imagestest.WithRateLimit(100, window), imagestest.WithLatency(test.latency))
	}
}

func TestWorkersReachTheRate(t *testing.T) {
	for args, want := range map[string]time.Duration{ // between two deletions
		"-batch":               10 * time.Millisecond,
		"-rate 40":             25 * time.Millisecond,
		"-workers 1":           500 * time.Millisecond,
		"-rate 100 -workers 1": 50 * time.Millisecond, // too few
	} {
		bubble(t, old(600), func(t *testing.T, s *setup) {
			s.deleteAll(args)
			at := s.deletions()
			require.Len(t, at, 600)
			for i := range at[1:] {
				require.GreaterOrEqual(t, at[i+1].Sub(at[i]), want, args)
			}
			assert.InEpsilon(t, 599*want, at[599].Sub(at[0]), 0.02, args)
			for _, r := range s.server.Requests() {
				assert.Equal(t, args == "-batch" && r.Operation != imagestest.OpBatchToken, r.Batch, r.Operation)
			}
		}, imagestest.WithRateLimit(10_000, window), imagestest.WithLatency(50*time.Millisecond))
	}
}
