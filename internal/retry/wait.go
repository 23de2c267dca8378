// Package retry decides whether a failed attempt should be retried, and how long to
// wait before the retry. It sends no requests.
package retry

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// Backoff returns how long to wait before a retry, where the first retry is 0. The
// wait is a random duration from 0 to min(limit, base·2^retry), inclusive ("full
// jitter"), so that clients that failed together do not retry together. It is 0 if
// base is not positive. A limit of 0 or less means no limit.
func Backoff(base, limit time.Duration, retry int) time.Duration {
	if base <= 0 {
		return 0
	}
	return time.Duration(rand.Uint64N(uint64(ceiling(base, limit, retry)) + 1))
}

// ceiling returns min(limit, base·2^retry).
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

// Sleep waits for d and returns nil. If ctx ends first, it returns ctx.Err() at once.
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
