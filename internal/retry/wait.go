// Package retry decides whether a failed attempt is worth another one, and how
// long to wait before it. It sends nothing itself.
package retry

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// Backoff returns how long to wait before a retry, counted from 0: a random
// duration between 0 and min(limit, base·2^retry), both included ("full
// jitter"), so that clients that failed together do not return together. It is 0
// when base is not positive; a limit of 0 or less is none.
func Backoff(base, limit time.Duration, retry int) time.Duration {
	if base <= 0 {
		return 0
	}
	return time.Duration(rand.Uint64N(uint64(ceiling(base, limit, retry)) + 1))
}

// ceiling returns base·2^retry, or the limit where that is above it.
func ceiling(base, limit time.Duration, retry int) time.Duration {
	if limit <= 0 {
		limit = math.MaxInt64
	}
	retry = max(retry, 0)
	// Shifting the limit right instead of the base left cannot overflow.
	if base > limit>>retry {
		return limit
	}
	return base << retry
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
