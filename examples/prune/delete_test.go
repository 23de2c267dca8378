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
				s.stopAt(random.Int64N(planned), random.IntN(2) == 0)
				text, err := os.ReadFile(s.report)
				require.NoError(t, err)
				text = append(text, `{"outcome":{"n":0,"id":"x","resu`[:random.IntN(20)]...) // as after a crash
				require.NoError(t, os.WriteFile(s.report, text, 0o600))
			}
			if _, err := s.delete(t.Context(), "-all"); err != nil {
				require.ErrorContains(t, err, "is complete", seed)
			}
			assert.Equal(t, []string{"a", "b"}, s.names(), seed)
			s.look(func(r *report) { assert.Equal(t, planned, r.done[deleted]+r.done[gone], seed) })
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

func fault(call, times int, kind imagestest.Kind) imagestest.Fault {
	return imagestest.Fault{Operation: imagestest.OpDelete, Call: call, Times: times, Kind: kind}
}

// Each failure is followed by a run without faults, which deletes the rest.
func TestFailuresAreRetried(t *testing.T) {
	for name, test := range map[string]struct {
		images int
		faults []imagestest.Fault
		is     error // the error that stops the program
		err    string
		calls  int // to delete
		ends   string
		tally  string
	}{
		"server errors": {5, []imagestest.Fault{fault(1, 1, imagestest.EdgePage(502)), fault(3, 1, imagestest.Refusal(500))},
			nil, "2 images could not be deleted: run the same command again to retry them", 5, "Done", "3 deleted, 2 failed"},
		"an edge page does not prove that an image is gone": {2, []imagestest.Fault{fault(0, 1, imagestest.EdgePage(404))},
			nil, "1 images could not be deleted", 2, "Done", "1 deleted, 1 failed"},
		"401 stops at once": {5, []imagestest.Fault{fault(2, 1, imagestest.Refusal(401))},
			cfimages.ErrUnauthorized, "stopped: ", 3, "Stopped", "2 deleted"},
		"403 stops at once": {5, []imagestest.Fault{fault(2, 1, imagestest.Refusal(403))},
			cfimages.ErrForbidden, "stopped: ", 3, "Stopped", "2 deleted"},
		"a long rate limit stops at once": {3, []imagestest.Fault{fault(1, 1, imagestest.Refusal(429).With("Retry-After", "3600"))},
			cfimages.ErrRateLimited, "stopped: ", 2, "Stopped", "1 deleted"},
		"an outage stops": {30, []imagestest.Fault{fault(5, 10, imagestest.EdgePage(503))},
			nil, "10 failures in a row", 15, "Stopped", "5 deleted, 10 failed"},
		"rejected images do not stop the others": {30, []imagestest.Fault{fault(0, 20, imagestest.Refusal(400))},
			nil, "20 images could not be deleted", 30, "Done", "10 deleted, 20 failed"},
	} {
		bubble(t, old(test.images), func(t *testing.T, s *setup) {
			s.client = []cfimages.Option{noRetries}
			s.server.Inject(test.faults...)
			stdout, err := s.delete(t.Context(), "-all")
			require.ErrorContains(t, err, test.err, name)
			if test.is != nil {
				require.ErrorIs(t, err, test.is, name)
				assert.ErrorContains(t, err, "run the same command again to continue with "+s.report)
			}
			assert.Equal(t, 1, program.ExitCode("prune", err, io.Discard))
			assert.Contains(t, stdout, test.ends+": "+test.tally+".", name)
			assert.Equal(t, test.calls, s.server.Count(imagestest.OpDelete), name)
			rest := len(s.names())
			assert.Equal(t, fmt.Sprintf("%d: %s", test.images, test.tally), s.recorded(), name)
			assert.Contains(t, test.tally, fmt.Sprintf("%d deleted", test.images-rest), name)

			stdout, _ = s.deleteAll("")
			assert.Contains(t, stdout, fmt.Sprintf("images:   %d\n", rest))
			assert.Contains(t, stdout, "before:   "+test.tally)
			assert.Contains(t, stdout, fmt.Sprintf("Done: %d deleted.", test.images))
			assert.Equal(t, fmt.Sprintf("%d: %d deleted", test.images, test.images), s.recorded())
		})
	}
}

func TestUnclearResponses(t *testing.T) {
	bubble(t, old(4), func(t *testing.T, s *setup) {
		for call, kind := range map[int]imagestest.Kind{0: imagestest.Reset{}, 2: imagestest.EdgePage(502), 4: imagestest.Refusal(404)} {
			s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: call, At: imagestest.AfterCommit, Kind: kind})
		}
		stdout, _ := s.deleteAll("")
		assert.Contains(t, stdout, "Done: 3 deleted, 1 already gone.")
	})
}

func TestCustomIDsAreCheckedBeforeDeletion(t *testing.T) {
	images := old(5)
	for i := range images {
		images[i].ID = fmt.Sprint("logos/", i)
	}
	bubble(t, images, func(t *testing.T, s *setup) {
		stdout := s.plan("-report " + s.report)
		assert.Contains(t, stdout, "at least 5s, for 10 calls")
		s.server.AddImages( // a replacement, and a draft whose upload is not complete
			cfimages.Image{ID: "logos/1", Filename: "anew", Uploaded: dayBefore.AddDate(0, 0, 1)},
			cfimages.Image{ID: "logos/2", Filename: "draft", Draft: true, Uploaded: dayBefore.AddDate(-1, 0, 0)})
		require.NoError(t, s.server.Client().ImagesV1.Delete(t.Context(), "logos/3"))
		s.server.ResetRequests()
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Call: 4, Kind: imagestest.Refusal(500)})

		s.client = []cfimages.Option{noRetries}
		_, err := s.delete(t.Context(), "-all")
		require.ErrorContains(t, err, "1 images could not be deleted", "a failed check does not delete")
		assert.Equal(t, "5: 1 deleted, 1 already gone, 2 kept, 1 failed", s.recorded())
		assert.Len(t, s.deletions(), 1)
		stdout, err = s.delete(t.Context(), "-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "Done: 2 deleted, 1 already gone, 2 kept.")
	})
}

func TestInterruptLetsCallsInFlightFinish(t *testing.T) {
	for seed := range uint64(20) {
		bubble(t, old(60), func(t *testing.T, s *setup) {
			random := rand.New(rand.NewPCG(seed, 0))
			ctx, interrupt := context.WithCancel(t.Context())
			defer time.AfterFunc(time.Duration(300+random.IntN(300))*time.Millisecond, interrupt).Stop()
			_, err := s.delete(ctx, "-all -rate 100")
			require.Equal(t, 130, program.ExitCode("prune", err, io.Discard))
			requested := len(s.deletions())
			require.NotZero(t, requested)
			require.Less(t, requested, 60)
			assert.Equal(t, fmt.Sprintf("60: %d deleted", requested), s.recorded())

			s.deleteAll("")
			assert.Len(t, s.deletions(), 60, "none was requested twice")
		}, imagestest.WithLatency(150*time.Millisecond))
	}
}

func TestPruneWaitsForTheRateLimit(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		bubble(t, old(3), func(t *testing.T, s *setup) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			s.server.Inject(fault(1, 1, imagestest.Refusal(429).With("Retry-After", "300")))
			if !interrupted {
				_, took := s.deleteAll("")
				assert.GreaterOrEqual(t, took, 5*time.Minute)
				return
			}
			start := time.Now()
			time.AfterFunc(10*time.Second, interrupt)
			_, err := s.delete(ctx, "-all")
			require.Equal(t, 130, program.ExitCode("prune", err, io.Discard))
			assert.Equal(t, 10*time.Second+grace, time.Since(start))
			assert.Equal(t, "3: 1 deleted", s.recorded())
		})
	}
}

func TestWorkersStopTogether(t *testing.T) {
	bubble(t, old(100), func(t *testing.T, s *setup) {
		s.server.Inject(fault(30, imagestest.Always, imagestest.Refusal(403)))
		stdout, err := s.delete(t.Context(), "-all -rate 100")
		require.ErrorIs(t, err, cfimages.ErrForbidden)
		assert.Contains(t, stdout, "Stopped: 30 deleted.")
		assert.LessOrEqual(t, len(s.deletions()), 30+11, "calls in flight")
		assert.Equal(t, "100: 30 deleted", s.recorded())
	}, imagestest.WithLatency(100*time.Millisecond))
}
