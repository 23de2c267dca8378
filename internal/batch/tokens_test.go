package batch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/batch"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// source fetches tokens that are valid for an hour.
type source struct {
	fetched int
	err     error
	latency time.Duration
}

func (s *source) fetch(ctx context.Context) (*batch.Token, error) {
	s.fetched++
	select {
	case <-time.After(s.latency):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.err != nil {
		return nil, s.err
	}
	return batch.NewToken(secret.New("token"), secret.NewRedactor("token"), time.Now().Add(time.Hour), time.Time{}), nil
}

func take(t *testing.T, tokens *batch.Tokens) *batch.Token {
	t.Helper()
	token, err := tokens.Take(t.Context())
	require.NoError(t, err)
	return token
}

func TestTakeFetchesOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{latency: time.Second}
		tokens := batch.New(s.fetch)
		start := time.Now()
		var wg sync.WaitGroup
		for range 190 {
			wg.Go(func() {
				_, err := tokens.Take(t.Context())
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, s.fetched)
		assert.InDelta(t, 2*time.Second, time.Since(start), float64(50*time.Millisecond), "a fetch, and a second at the host's rate")
	})
}

func TestRejectedKeepsAnotherToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(source)
		tokens := batch.New(s.fetch)
		old := take(t, tokens)
		tokens.Discard(old)
		good := take(t, tokens)
		tokens.Rejected(old, errors.New("rejected"))
		assert.Same(t, good, take(t, tokens))

		tokens.Rejected(good, errors.New("rejected"))
		_, err := tokens.Take(t.Context())
		require.ErrorIs(t, err, batch.ErrNone)
		time.Sleep(10 * time.Minute)
		assert.NotSame(t, good, take(t, tokens))
	})
}

func TestFetchedTokenEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{latency: time.Second}
		tokens := batch.New(s.fetch)
		go func() { _, _ = tokens.Take(t.Context()) }()
		synctest.Wait()
		tokens.Unreachable(errors.New("connection refused")) // during the fetch
		time.Sleep(2 * time.Second)
		tokens.Discard(take(t, tokens))
		take(t, tokens)
		assert.Equal(t, 2, s.fetched)
	})
}

func TestFallbackIsReportedOnceForEachReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed, rejected := errors.New("no response"), errors.Join(batch.ErrRejected, errors.New("forbidden"))
		s := &source{err: failed}
		tokens := batch.New(s.fetch)
		fallback := func() error {
			_, err := tokens.Take(t.Context())
			require.ErrorIs(t, err, batch.ErrNone)
			return tokens.Fallback()
		}
		assert.Equal(t, failed, fallback())
		assert.NoError(t, fallback())
		time.Sleep(30 * time.Second)
		assert.NoError(t, fallback(), "for the same reason as before")

		s.err = rejected
		time.Sleep(30 * time.Second)
		assert.Equal(t, rejected, fallback())
		s.err = nil
		time.Sleep(10 * time.Minute)
		assert.True(t, take(t, tokens) != nil && tokens.Available())
		assert.NoError(t, tokens.Fallback())
	})
}

func TestFallbackIsReportedOnceWhileTheHostIsUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := batch.New(new(source).fetch)
		refused := errors.New("connection refused")
		unreachable := func() error {
			take(t, tokens) // after the first outage, a new token
			tokens.Unreachable(refused)
			why := tokens.Fallback()
			time.Sleep(30 * time.Second)
			return why
		}
		assert.Equal(t, refused, unreachable())
		assert.NoError(t, unreachable(), "tokens are fetched, but the host is unreachable as before")
		tokens.Accepted(take(t, tokens))
		earlier := take(t, tokens)
		assert.Equal(t, refused, unreachable(), "another outage")
		tokens.Accepted(earlier)
		assert.NoError(t, unreachable(), "a late response to a request from before the outage")
	})
}

func TestFallbackTellsHowLongAFetchTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := batch.New((&source{latency: time.Minute}).fetch)
		_, err := tokens.Take(t.Context())
		require.ErrorIs(t, err, batch.ErrNone)
		assert.EqualError(t, tokens.Fallback(), "no batch token within 15s: context deadline exceeded")
	})
}
