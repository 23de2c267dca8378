package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// slow makes each request take as long as latency says.
func (s *setup) slow(latency func() time.Duration) {
	s.intercept(func(_ int, req *http.Request, send http.RoundTripper) (*http.Response, error) {
		time.Sleep(latency())
		return send.RoundTrip(req)
	})
}

// deletions returns when the server was asked to delete, in order.
func (s *setup) deletions() (at []time.Time) {
	for _, r := range s.server.Requests() {
		if r.Operation == imagestest.OpDelete {
			at = append(at, r.Time)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

func TestWorkersReachTheRate(t *testing.T) {
	for args, want := range map[string]time.Duration{
		"-batch":     10 * time.Millisecond,
		"-rate=40":   25 * time.Millisecond,
		"-workers=1": 500 * time.Millisecond,
	} {
		bubble(t, old(600), func(t *testing.T, s *setup) {
			s.slow(func() time.Duration { return 50 * time.Millisecond })
			_, err := s.delete("-all", args)
			require.NoError(t, err)
			at := s.deletions()
			require.Len(t, at, 600)
			for i := range at[1:] {
				require.GreaterOrEqual(t, at[i+1].Sub(at[i]), want, args)
			}
			assert.InEpsilon(t, 599*want, at[599].Sub(at[0]), 0.02, args)
		}, imagestest.WithRateLimit(10_000, 5*time.Minute))
	}
}

func TestTooFewWorkersAreSlow(t *testing.T) {
	bubble(t, old(100), func(t *testing.T, s *setup) {
		s.slow(func() time.Duration { return 50 * time.Millisecond })
		start := time.Now()
		_, err := s.delete("-all", "-rate", "100", "-workers", "1")
		require.NoError(t, err)
		assert.Equal(t, 101*50*time.Millisecond, time.Since(start))
	})
}

func TestWorkersKeepTheReserve(t *testing.T) {
	const window = 5 * time.Minute
	bubble(t, old(200), func(t *testing.T, s *setup) {
		s.slow(func() time.Duration { return 150 * time.Millisecond })
		start := time.Now()
		_, err := s.delete("-all", "-rate", "100")
		require.NoError(t, err)
		inFirst := 0
		for _, at := range s.deletions() {
			if at.Sub(start) < window {
				inFirst++
			}
		}
		assert.Equal(t, 74, inFirst, "and a page, of the 100 calls in a window")
	}, imagestest.WithRateLimit(100, window))
}

func TestInterruptLetsCallsEnd(t *testing.T) {
	for seed := range uint64(20) {
		bubble(t, old(60), func(t *testing.T, s *setup) {
			random := rand.New(rand.NewPCG(seed, 0))
			s.slow(func() time.Duration { return 150 * time.Millisecond })
			ctx, interrupt := context.WithCancel(s.Context())
			defer time.AfterFunc(time.Duration(300+random.IntN(300))*time.Millisecond, interrupt).Stop()
			_, err := s.prune(ctx, console{}, "-all", "-rate", "100", "-delete", "-yes", "-report", s.report)
			require.Equal(t, 130, exitCode(err, io.Discard))
			asked := len(s.deletions())
			require.NotZero(t, asked)
			require.Less(t, asked, 60)
			assert.Equal(t, map[string]int{"planned": 60, "deleted": asked, "failed": 0}, s.outcomes())

			s.client = nil
			_, err = s.delete("-all")
			require.NoError(t, err)
			assert.Len(t, s.deletions(), 60, "none was asked for twice")
		})
	}
}

func TestInterruptWaitsForAWhileOnly(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		ctx, interrupt := context.WithCancel(s.Context())
		s.client = []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, MaxWait: time.Hour})}
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 1, Kind: imagestest.Refusal(429).With("Retry-After", "600")})
		start := time.Now()
		time.AfterFunc(10*time.Second, interrupt)
		_, err := s.prune(ctx, console{}, "-all", "-delete", "-yes", "-report", s.report)
		require.Equal(t, 130, exitCode(err, io.Discard))
		assert.Equal(t, 10*time.Second+grace, time.Since(start))
		assert.Equal(t, map[string]int{"planned": 3, "deleted": 1, "failed": 0}, s.outcomes())
	})
}

func TestWorkersStopTogether(t *testing.T) {
	bubble(t, old(100), func(t *testing.T, s *setup) {
		s.slow(func() time.Duration { return 100 * time.Millisecond })
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 30, Times: imagestest.Always, Kind: imagestest.Refusal(403)})
		stdout, err := s.delete("-all", "-rate", "100")
		require.ErrorIs(t, err, cfimages.ErrForbidden)
		assert.Contains(t, stdout, "Stopped: 30 deleted.")
		assert.LessOrEqual(t, len(s.deletions()), 30+11, "those under way")
		assert.Equal(t, map[string]int{"planned": 100, "deleted": 30, "failed": 0}, s.outcomes())
	})
}

func TestOutcomesInAnyOrder(t *testing.T) {
	bubble(t, old(6), func(t *testing.T, s *setup) {
		_, err := s.prune(s.Context(), console{}, "-all", "-report", s.report)
		require.NoError(t, err)
		for _, step := range []struct {
			outcome
			left []int
		}{
			{outcome{N: 3, Result: deleted}, []int{0, 1, 2, 4, 5}},
			{outcome{N: 1, Result: failed}, []int{0, 2, 4, 5, 1}},
			{outcome{N: 0, Result: gone}, []int{2, 4, 5, 1}},
			{outcome{N: 5, Result: failed}, []int{2, 4, 1, 5}},
			{outcome{N: 1, Result: failed}, []int{2, 4, 1, 5}},
			{outcome{N: 1, Result: deleted}, []int{2, 4, 5}},
		} {
			r, err := openReport(s.report, s.selection())
			require.NoError(t, err)
			require.NoError(t, r.record(step.outcome))
			require.NoError(t, r.close())
			r, err = openReport(s.report, s.selection())
			require.NoError(t, err)
			var left []int
			for c, err := range r.remaining() {
				require.NoError(t, err)
				left = append(left, c.N)
			}
			assert.Equal(t, step.left, left, step)
			require.NoError(t, r.close())
		}
		assert.Equal(t, map[string]int{"planned": 6, "deleted": 2, "already gone": 1, "failed": 1}, s.outcomes())
	})
}
