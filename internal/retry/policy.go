// Package retry decides whether a failed attempt is worth another one, and how
// long to wait before it. It sends nothing itself.
package retry

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// Policy bounds the attempts of one call. The zero Policy means one attempt.
type Policy struct {
	MaxAttempts int           // in all, the first included; 0 and 1: no retry
	BaseDelay   time.Duration // the longest wait before the first retry; doubles with each one
	MaxDelay    time.Duration // the longest wait before any retry; 0 or less: no cap
	MaxWait     time.Duration // the longest wait that a server may ask for; above it the call fails at once
}

// Backoff returns how long to wait before a retry, counted from 0: a random
// duration between 0 and min(MaxDelay, BaseDelay·2^retry), both included
// ("full jitter"), so that clients that failed together do not return together.
// It is 0 when BaseDelay is not positive.
func (p Policy) Backoff(retry int) time.Duration {
	if p.BaseDelay <= 0 {
		return 0
	}
	return time.Duration(rand.Uint64N(uint64(p.ceiling(retry)) + 1))
}

// ceiling returns BaseDelay·2^retry, or the cap where that is above it.
func (p Policy) ceiling(retry int) time.Duration {
	limit := p.MaxDelay
	if limit <= 0 {
		limit = math.MaxInt64
	}
	retry = max(retry, 0)
	// Shifting the limit right instead of the delay left cannot overflow.
	if p.BaseDelay > limit>>retry {
		return limit
	}
	return p.BaseDelay << retry
}

// Sleep waits for d, or until ctx ends: then it returns ctx.Err() at once.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
