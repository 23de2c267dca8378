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
	_, err := s.prune(ctx, console{}, "-all", "-rate", "100", "-delete", "-yes", "-report", s.report)
	if ctx.Err() != nil && err != nil {
		require.Equal(s, 130, exitCode(err, io.Discard))
	}
}

// tear leaves a part of a line at the end of the report, as a crash does.
func (s *setup) tear(random *rand.Rand) {
	text, err := os.ReadFile(s.report)
	require.NoError(s, err)
	text = append(text, `{"outcome":{"n":0,"id":"x","resu`[:random.IntN(20)]...)
	require.NoError(s, os.WriteFile(s.report, text, 0o600))
}

func TestFailuresAreTriedAgain(t *testing.T) {
	bubble(t, old(5), func(t *testing.T, s *setup) {
		s.client = []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 1, Kind: imagestest.EdgePage(502)},
			imagestest.Fault{Operation: imagestest.OpDelete, Call: 3, Kind: imagestest.Refusal(500)})
		stdout, err := s.delete("-all")
		require.ErrorContains(t, err, "2 images could not be deleted: the same command tries them again")
		assert.Contains(t, stdout, "Done: 3 deleted, 2 failed.")
		assert.Equal(t, 1, exitCode(err, io.Discard))
		assert.Equal(t, []string{"old-1", "old-3"}, s.names())

		stdout, err = s.delete("-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "images:   2\n")
		assert.Contains(t, stdout, "before:   3 deleted, 2 failed\n")
		assert.Contains(t, stdout, "Done: 5 deleted.")
		assert.Empty(t, s.server.Images())
		assert.Equal(t, 7, s.server.Count(imagestest.OpDelete))
		assert.Equal(t, map[string]int{"planned": 5, "deleted": 5, "failed": 0}, s.outcomes())
	})
}

func TestUnclearAnswers(t *testing.T) {
	bubble(t, old(4), func(t *testing.T, s *setup) {
		s.server.Inject(
			imagestest.Fault{Operation: imagestest.OpDelete, Call: 0, At: imagestest.AfterCommit, Kind: imagestest.Reset{}},
			imagestest.Fault{Operation: imagestest.OpDelete, Call: 2, At: imagestest.AfterCommit, Kind: imagestest.EdgePage(502)},
			imagestest.Fault{Operation: imagestest.OpDelete, Call: 4, At: imagestest.AfterCommit, Kind: imagestest.Refusal(404)})
		stdout, err := s.delete("-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "Done: 3 deleted, 1 already gone.")
		assert.Empty(t, s.server.Images())
	})
}

func TestPageOfTheEdgeIsNoProof(t *testing.T) {
	bubble(t, old(2), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Kind: imagestest.EdgePage(404)})
		stdout, err := s.delete("-all")
		require.ErrorContains(t, err, "1 images could not be deleted")
		assert.Contains(t, stdout, "Done: 1 deleted, 1 failed.")
	})
}

func TestRefusedCredentialsStopAtOnce(t *testing.T) {
	for status, want := range map[int]error{401: cfimages.ErrUnauthorized, 403: cfimages.ErrForbidden} {
		bubble(t, old(5), func(t *testing.T, s *setup) {
			s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 2, Kind: imagestest.Refusal(status)})
			stdout, err := s.delete("-all")
			require.ErrorIs(t, err, want)
			assert.Contains(t, err.Error(), "the same command goes on with "+s.report)
			assert.Contains(t, stdout, "Stopped: 2 deleted.")
			assert.Equal(t, 3, s.server.Count(imagestest.OpDelete))
			assert.Equal(t, map[string]int{"planned": 5, "deleted": 2, "failed": 0}, s.outcomes())
		})
	}
}

func TestOutageStops(t *testing.T) {
	bubble(t, old(30), func(t *testing.T, s *setup) {
		s.client = []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Call: 5, Times: 10, Kind: imagestest.EdgePage(503)})
		_, err := s.delete("-all")
		require.ErrorContains(t, err, "10 failures in a row")
		assert.Equal(t, map[string]int{"planned": 30, "deleted": 5, "failed": 10}, s.outcomes())
		_, err = s.delete("-all")
		require.NoError(t, err)
		assert.Empty(t, s.server.Images())
	})
}

func TestRefusedImagesDoNotStopTheOthers(t *testing.T) {
	bubble(t, old(30), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Times: 20, Kind: imagestest.Refusal(400)})
		_, err := s.delete("-all")
		require.ErrorContains(t, err, "20 images could not be deleted")
		assert.Len(t, s.server.Images(), 20)
	})
}

func TestCustomIDsAreLookedAtAgain(t *testing.T) {
	images := old(4)
	for i := range images {
		images[i].ID = fmt.Sprint("logos/", i)
	}
	bubble(t, images, func(t *testing.T, s *setup) {
		stdout, err := s.prune(s.Context(), console{}, "-all", "-report", s.report)
		require.NoError(t, err)
		assert.Contains(t, stdout, "at least 4s, for 8 calls")
		s.server.AddImages( // anew, and a draft that waits for its upload
			cfimages.Image{ID: "logos/1", Filename: "anew", Uploaded: startOfBubble},
			cfimages.Image{ID: "logos/2", Filename: "draft", Draft: true, Uploaded: startOfBubble.AddDate(-1, 0, 0)})
		require.NoError(t, s.server.Client().ImagesV1.Delete(s.Context(), "logos/3"))
		s.server.ResetRequests()

		stdout, err = s.delete("-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "Done: 1 deleted, 1 already gone, 2 kept.")
		assert.Len(t, s.server.Images(), 2)
		deletions := 0
		for _, r := range s.server.Requests() {
			if r.Operation == imagestest.OpDelete {
				deletions++
			}
		}
		assert.Equal(t, 1, deletions)
	})
}

func TestFailedLookIsNoDeletion(t *testing.T) {
	images := old(2)
	images[0].ID = "logo"
	bubble(t, images, func(t *testing.T, s *setup) {
		s.client = []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Refusal(500)})
		_, err := s.delete("-all")
		require.ErrorContains(t, err, "1 images could not be deleted")
		assert.Equal(t, []string{"old-0"}, s.names())
	})
}
