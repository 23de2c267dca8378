package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestStopsAndCrashesLoseNothing(t *testing.T) {
	const planned = 20
	for seed := range uint64(50) {
		bubble(t, append(old(planned), young("a", "b")...), func(t *testing.T, s *setup) {
			random := rand.New(rand.NewPCG(seed, 0))
			for range 3 {
				s.stopAt(random.IntN(planned), random.IntN(2) == 0)
				s.tear(random)
			}
			s.client = nil
			_, err := s.delete("-all")
			if err != nil {
				require.ErrorContains(t, err, "is finished", seed)
			}
			assert.Equal(t, []string{"a", "b"}, s.names(), seed)
			counts := s.outcomes()
			assert.Equal(t, planned, counts["deleted"]+counts["already gone"], seed)
			times := make(map[string]int)
			for _, r := range s.server.Requests() {
				if r.Operation == imagestest.OpDelete && r.Status == http.StatusOK {
					times[r.ImageID]++
				}
			}
			assert.Len(t, times, planned, seed)
		})
	}
}

// stopAt runs the program and stops it at a request, before it is sent or after it is answered.
func (s *setup) stopAt(request int, before bool) {
	ctx, stop := context.WithCancel(s.Context())
	defer stop()
	s.intercept(func(n int, req *http.Request, send http.RoundTripper) (*http.Response, error) {
		if n == request && before {
			stop()
		}
		time.Sleep(time.Duration(n*7919%150) * time.Millisecond) // so that outcomes come in any order
		resp, err := send.RoundTrip(req)
		if n == request {
			stop()
		}
		return resp, err
	})
	_, err := s.deleteUntil(ctx, "-all", "-rate", "100")
	if ctx.Err() != nil && err != nil {
		require.Equal(s, 130, program.ExitCode("prune", err, io.Discard))
	}
}

// tear leaves a part of a line at the end of the report, as a crash does.
func (s *setup) tear(random *rand.Rand) {
	text, err := os.ReadFile(s.report)
	require.NoError(s, err)
	text = append(text, `{"outcome":{"n":0,"id":"x","resu`[:random.IntN(20)]...)
	require.NoError(s, os.WriteFile(s.report, text, 0o600))
}

func fault(call, times int, kind imagestest.Kind) imagestest.Fault {
	return imagestest.Fault{Operation: imagestest.OpDelete, Call: call, Times: times, Kind: kind}
}

// Each failure is followed by a run without trouble, which deletes the rest.
func TestFailuresAreTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		images int
		faults []imagestest.Fault
		is     error // nil: any
		err    string
		stdout string
		asked  int // to delete
		want   map[string]int
	}{
		"server errors": {5, []imagestest.Fault{fault(1, 1, imagestest.EdgePage(502)), fault(3, 1, imagestest.Refusal(500))},
			nil, "2 images could not be deleted: the same command tries them again", "Done: 3 deleted, 2 failed.", 5,
			map[string]int{"planned": 5, "deleted": 3, "failed": 2}},
		"an edge page does not prove that an image is gone": {2, []imagestest.Fault{fault(0, 1, imagestest.EdgePage(404))},
			nil, "1 images could not be deleted", "Done: 1 deleted, 1 failed.", 2,
			map[string]int{"planned": 2, "deleted": 1, "failed": 1}},
		"401 stops at once": {5, []imagestest.Fault{fault(2, 1, imagestest.Refusal(401))},
			cfimages.ErrUnauthorized, "the same command goes on with ", "Stopped: 2 deleted.", 3,
			map[string]int{"planned": 5, "deleted": 2, "failed": 0}},
		"403 stops at once": {5, []imagestest.Fault{fault(2, 1, imagestest.Refusal(403))},
			cfimages.ErrForbidden, "the same command goes on with ", "Stopped: 2 deleted.", 3,
			map[string]int{"planned": 5, "deleted": 2, "failed": 0}},
		"a long rate limit stops at once": {3, []imagestest.Fault{fault(1, 1, imagestest.Refusal(429).With("Retry-After", "3600"))},
			cfimages.ErrRateLimited, "stopped: ", "Stopped: 1 deleted.", 2,
			map[string]int{"planned": 3, "deleted": 1, "failed": 0}},
		"an outage stops": {30, []imagestest.Fault{fault(5, 10, imagestest.EdgePage(503))},
			nil, "10 failures in a row", "Stopped: 5 deleted, 10 failed.", 15,
			map[string]int{"planned": 30, "deleted": 5, "failed": 10}},
		"rejected images do not stop the others": {30, []imagestest.Fault{fault(0, 20, imagestest.Refusal(400))},
			nil, "20 images could not be deleted", "Done: 10 deleted, 20 failed.", 30,
			map[string]int{"planned": 30, "deleted": 10, "failed": 20}},
	} {
		bubble(t, old(test.images), func(t *testing.T, s *setup) {
			s.client = []cfimages.Option{noRetries}
			s.server.Inject(test.faults...)
			stdout, err := s.delete("-all")
			require.ErrorContains(t, err, test.err, name)
			if test.is != nil {
				require.ErrorIs(t, err, test.is, name)
				assert.ErrorContains(t, err, "the same command goes on with "+s.report)
			}
			assert.Equal(t, 1, program.ExitCode("prune", err, io.Discard))
			assert.Contains(t, stdout, test.stdout, name)
			assert.Equal(t, test.asked, s.server.Count(imagestest.OpDelete), name)
			assert.Equal(t, test.want, s.outcomes(), name)
			assert.Len(t, s.names(), test.images-test.want["deleted"], name)

			stdout, _ = s.deleteAll()
			assert.Contains(t, stdout, fmt.Sprintf("images:   %d\n", test.images-test.want["deleted"]))
			assert.Contains(t, stdout, fmt.Sprintf("before:   %d deleted", test.want["deleted"]))
			assert.Contains(t, stdout, fmt.Sprintf("Done: %d deleted.", test.images))
			assert.Equal(t, map[string]int{"planned": test.images, "deleted": test.images, "failed": 0}, s.outcomes())
		})
	}
}

func TestUnclearResponses(t *testing.T) {
	bubble(t, old(4), func(t *testing.T, s *setup) {
		for call, kind := range map[int]imagestest.Kind{0: imagestest.Reset{}, 2: imagestest.EdgePage(502), 4: imagestest.Refusal(404)} {
			s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: call, At: imagestest.AfterCommit, Kind: kind})
		}
		stdout, _ := s.deleteAll()
		assert.Contains(t, stdout, "Done: 3 deleted, 1 already gone.")
	})
}

func TestShortRateLimitIsWaitedFor(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.server.Inject(fault(1, 1, imagestest.Refusal(429).With("Retry-After", "300")))
		_, took := s.deleteAll()
		assert.GreaterOrEqual(t, took, 5*time.Minute)
	})
}

func TestCustomIDsAreLookedAtAgain(t *testing.T) {
	images := old(4)
	for i := range images {
		images[i].ID = fmt.Sprint("logos/", i)
	}
	bubble(t, images, func(t *testing.T, s *setup) {
		stdout := s.plan("-report", s.report)
		assert.Contains(t, stdout, "at least 4s, for 8 calls")
		s.server.AddImages( // anew, and a draft that waits for its upload
			cfimages.Image{ID: "logos/1", Filename: "anew", Uploaded: startOfBubble},
			cfimages.Image{ID: "logos/2", Filename: "draft", Draft: true, Uploaded: startOfBubble.AddDate(-1, 0, 0)})
		require.NoError(t, s.server.Client().ImagesV1.Delete(s.Context(), "logos/3"))
		s.server.ResetRequests()

		stdout, _ = s.deleteAll()
		assert.Contains(t, stdout, "Done: 1 deleted, 1 already gone, 2 kept.")
		assert.Len(t, s.server.Images(), 2)
		assert.Len(t, s.deletions(), 1)
	})
}

func TestFailedLookIsNoDeletion(t *testing.T) {
	images := old(2)
	images[0].ID = "logo"
	bubble(t, images, func(t *testing.T, s *setup) {
		s.client = []cfimages.Option{noRetries}
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Refusal(500)})
		_, err := s.delete("-all")
		require.ErrorContains(t, err, "1 images could not be deleted")
		assert.Equal(t, []string{"old-0"}, s.names())
	})
}

func TestInterruptLetsCallsEnd(t *testing.T) {
	for seed := range uint64(20) {
		bubble(t, old(60), func(t *testing.T, s *setup) {
			random := rand.New(rand.NewPCG(seed, 0))
			s.slow(150 * time.Millisecond)
			ctx, interrupt := context.WithCancel(s.Context())
			defer time.AfterFunc(time.Duration(300+random.IntN(300))*time.Millisecond, interrupt).Stop()
			_, err := s.deleteUntil(ctx, "-all", "-rate", "100")
			require.Equal(t, 130, program.ExitCode("prune", err, io.Discard))
			asked := len(s.deletions())
			require.NotZero(t, asked)
			require.Less(t, asked, 60)
			assert.Equal(t, map[string]int{"planned": 60, "deleted": asked, "failed": 0}, s.outcomes())

			s.client = nil
			s.deleteAll()
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
		_, err := s.deleteUntil(ctx, "-all")
		require.Equal(t, 130, program.ExitCode("prune", err, io.Discard))
		assert.Equal(t, 10*time.Second+grace, time.Since(start))
		assert.Equal(t, map[string]int{"planned": 3, "deleted": 1, "failed": 0}, s.outcomes())
	})
}

func TestWorkersStopTogether(t *testing.T) {
	bubble(t, old(100), func(t *testing.T, s *setup) {
		s.slow(100 * time.Millisecond)
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 30, Times: imagestest.Always, Kind: imagestest.Refusal(403)})
		stdout, err := s.delete("-all", "-rate", "100")
		require.ErrorIs(t, err, cfimages.ErrForbidden)
		assert.Contains(t, stdout, "Stopped: 30 deleted.")
		assert.LessOrEqual(t, len(s.deletions()), 30+11, "those under way")
		assert.Equal(t, map[string]int{"planned": 100, "deleted": 30, "failed": 0}, s.outcomes())
	})
}
