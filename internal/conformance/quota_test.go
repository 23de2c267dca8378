package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// quotaCases are the limits that a client sets itself: on retries, and to the
// rate that the server allows.
func quotaCases() []testCase {
	const window = 5 * time.Minute
	down := imagestest.Refusal(503)
	failing := func(n int) func(context.Context, *fixture) error {
		return func(ctx context.Context, f *fixture) error {
			for range n {
				if doGet(ctx, f) == nil {
					return errors.New("a success that was not to be")
				}
			}
			return nil
		}
	}
	cases := []testCase{
		{
			name:   "1,000 failing calls make 1,010 requests",
			faults: faults(on(imagestest.OpGet, down, times(imagestest.Always))),
			call:   failing(1000),
			want:   outcome{requests: 1010, dials: 1, atMost: 4 * backoffs(3)},
		},
		{
			name:   "1,000 failing calls at once make 1,010 requests",
			faults: faults(on(imagestest.OpGet, down, times(imagestest.Always))),
			call:   atOnce(1000, failing(1)),
			want:   outcome{requests: 1010, atMost: backoffs(3)},
		},
		{
			name: "successes refill the retry budget",
			faults: faults(
				on(imagestest.OpGet, down, times(4+4+4+2+1)), // ten retries and no more
				on(imagestest.OpGet, down, call(4+4+4+2+1), times(4+1)),
			),
			call: then(failing(5), doList, doCreate, doDelete, failing(2)),
			want: outcome{requests: 15 + 3 + 5, stored: "(draft) (new)", atMost: 5 * backoffs(3)},
		},
		{
			name:   "a walk of 1,300 pages is never rate limited",
			server: []imagestest.Option{imagestest.WithRateLimit(1200, window)},
			client: inAlbum(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 1, MaxWait: window})),
			call:   then(doWalk(13_000), noneRateLimited),
			want:   outcome{requests: 1300, took: window},
		},
		{
			name:   "a walk whose quota is spent says when to resume",
			server: []imagestest.Option{imagestest.WithRateLimit(20, window)},
			client: inAlbum(),
			call:   then(walkInTwo, noneRateLimited),
			want:   outcome{requests: 30, took: window},
		},
		{
			name:   "a call that is rate limited waits for the window",
			server: []imagestest.Option{imagestest.WithRateLimit(1, 8*time.Second)},
			call: func(ctx context.Context, f *fixture) error {
				f.client = f.newClient()
				if err := doGet(ctx, f); err != nil {
					return err
				}
				f.client = f.newClient() // which knows nothing of the first
				return doGet(ctx, f)
			},
			want: outcome{requests: 3, took: 8 * time.Second},
		},
	}
	return append(cases, trustCases()...)
}

// trustCases are rate-limit headers that name a day. They are trusted for the 5 minutes
// that Cloudflare documents. Then one call checks again, and the others wait for its
// response.
func trustCases() []testCase {
	const window = 5 * time.Minute
	spent := imagestest.Reply{Body: canned.Image}.With("Ratelimit", `"default";r=0;t=86400`)
	get := func(ctx context.Context, f *fixture) error {
		_, err := f.client.ImagesV1.Get(ctx, imageID)
		return err
	}
	patient := []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxWait: time.Hour})}
	return []testCase{
		{
			name:   "a header that names a day stops a client for 5 minutes",
			client: patient,
			faults: faults(on(imagestest.OpGet, spent)),
			call:   then(get, doGet, doGet),
			want:   outcome{requests: 3, took: window},
		},
		{
			name:   "a header that names a day stops an impatient client for 5 minutes",
			faults: faults(on(imagestest.OpGet, spent)),
			call:   then(get, limitedFor(window), after(window, doGet)),
			want:   outcome{requests: 2, took: window},
		},
		{
			name:   "headers that name a day again and again let a call pass every 5 minutes",
			client: patient,
			faults: faults(on(imagestest.OpGet, spent, times(3))),
			call:   then(get, get, get, doGet),
			want:   outcome{requests: 4, took: 3 * window},
		},
		{
			name:   "after 5 minutes one of 10 calls checks the limit again, and the others wait for it",
			server: []imagestest.Option{imagestest.WithLatency(time.Second / 2)},
			client: patient,
			faults: faults(on(imagestest.OpGet, spent)),
			call:   then(get, atOnce(10, doGet), oneChecked(window+time.Second)),
			want:   outcome{requests: 11, took: window + 3*time.Second/2},
		},
	}
}

// limitedFor checks that a call is not sent, because of the rate limit for so long.
func limitedFor(d time.Duration) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		err := doGet(ctx, f)
		limited, ok := errors.AsType[*cfimages.Error](err)
		if !ok || !errors.Is(err, cfimages.ErrRateLimited) || limited.StatusCode != 0 || limited.RetryAfter != d {
			return fmt.Errorf("not the rate limit for %v: %w", d, err)
		}
		return nil
	}
}

// oneChecked checks that the second request got its response after d, before the next
// was sent.
func oneChecked(d time.Duration) func(context.Context, *fixture) error {
	return func(_ context.Context, f *fixture) error {
		requests := f.server.Requests()
		if second, third := requests[1].Time.Sub(requests[0].Time), requests[2].Time.Sub(requests[1].Time); second < d-time.Second || third < time.Second/2 {
			return fmt.Errorf("responses after %v, and %v more", second, third)
		}
		return nil
	}
}

// TestMoreCallsThanStreams has 1,000 calls at once, where a connection takes 100.
func TestMoreCallsThanStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := []imagestest.Option{imagestest.WithMaxConcurrentStreams(100), imagestest.WithLatency(100 * time.Millisecond)}
		f := newFixture(t, http2, server, nil)
		defer f.server.Close()
		require.NoError(t, atOnce(1000, doGet)(t.Context(), f))
		assert.Len(t, f.server.Requests(), 1000)
		f.checkNothingLeft(t)
	})
}

// walkInTwo walks over 30 pages with a quota of 20, and resumes from the error.
func walkInTwo(ctx context.Context, f *fixture) error {
	all := f.fillAlbum(300)
	got, err := collect(f.client.ImagesV2.All(ctx, tens))
	failed, ok := errors.AsType[*cfimages.PageError](err)
	limited, isError := errors.AsType[*cfimages.Error](err)
	if !ok || !isError || !errors.Is(err, cfimages.ErrRateLimited) || limited.RetryAfter != 5*time.Minute || limited.StatusCode != 0 {
		return fmt.Errorf("not the rate limit: %w", err)
	}
	time.Sleep(limited.RetryAfter)
	params := tens
	params.ContinuationToken, params.Skip = failed.ContinuationToken, failed.Yielded
	rest, err := collect(f.client.ImagesV2.All(ctx, params))
	return checkWalk(all, append(got, rest...), err)
}

// noneRateLimited checks that no request was rate limited.
func noneRateLimited(_ context.Context, f *fixture) error {
	for _, r := range f.server.Requests() {
		if r.Status == 429 {
			return fmt.Errorf("rate limited at %v: %v", r.Time, r)
		}
	}
	return nil
}

// An error of the rate limit also has the failure of the attempt before.
func TestRateLimitedRetryKeepsTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(canned.Transport).Then(503, `{"success":false,"errors":[{"code":7,"message":"down"}]}`,
			"Ratelimit", `"default";r=0;t=200`, "Cf-Ray", "8f-AMS")
		client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		failed, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 503, failed.StatusCode)
		assert.Equal(t, "8f-AMS", failed.RayID)
		assert.Equal(t, 7, failed.Errors[0].Code)
		assert.InDelta(t, 200, failed.RetryAfter.Seconds(), 1)
		assert.Equal(t, 1, failed.Attempts)

		_, err = client.ImagesV1.Get(t.Context(), "img")
		require.ErrorIs(t, err, cfimages.ErrRateLimited)
		failed, ok = errors.AsType[*cfimages.Error](err)
		require.True(t, ok)
		assert.Zero(t, failed.StatusCode, "nothing was sent")
		assert.Len(t, transport.Requests, 1)
		assert.Equal(t, cfimages.RateLimit{Reset: time.Now().Add(failed.RetryAfter)}, client.RateLimit())
	})
}
