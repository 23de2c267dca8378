package retry_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/stretchr/testify/assert"
)

func TestBackoffStaysBelowItsCeiling(t *testing.T) {
	const forever = time.Duration(math.MaxInt64)
	tests := map[string]struct {
		base, cap time.Duration
		retry     int
		ceiling   time.Duration
	}{
		"first retry":           {200 * time.Millisecond, 5 * time.Second, 0, 200 * time.Millisecond},
		"fourth retry":          {200 * time.Millisecond, 5 * time.Second, 3, 1600 * time.Millisecond},
		"capped":                {200 * time.Millisecond, 5 * time.Second, 5, 5 * time.Second},
		"capped at once":        {10 * time.Second, 5 * time.Second, 0, 5 * time.Second},
		"shift of 63":           {time.Nanosecond, 5 * time.Second, 63, 5 * time.Second},
		"shift beyond any word": {time.Nanosecond, 5 * time.Second, math.MaxInt, 5 * time.Second},
		"negative retry":        {200 * time.Millisecond, 5 * time.Second, math.MinInt, 200 * time.Millisecond},
		"no cap":                {time.Second, 0, 4, 16 * time.Second},
		"no cap, would wrap":    {time.Second, 0, 40, forever},
		"negative cap is none":  {time.Second, -1, 4, 16 * time.Second},
		"largest base and cap":  {forever, forever, math.MaxInt, forever},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			lowest, highest := forever, time.Duration(-1)
			for range 200 {
				d := retry.Backoff(tt.base, tt.cap, tt.retry)
				lowest, highest = min(lowest, d), max(highest, d)
			}
			assert.GreaterOrEqual(t, lowest, time.Duration(0))
			assert.LessOrEqual(t, highest, tt.ceiling)
			// 200 uniform draws all miss one half once in 2^200 runs.
			assert.Less(t, lowest, tt.ceiling/2, "jitter reaches down")
			assert.Greater(t, highest, tt.ceiling/2, "jitter reaches up")
		})
	}
}

func TestBackoffIsZeroWithoutBaseDelay(t *testing.T) {
	for _, base := range []time.Duration{0, -1, math.MinInt64} {
		assert.Zero(t, retry.Backoff(base, time.Second, 3), "base delay %v", base)
	}
}

func TestSleep(t *testing.T) {
	tests := map[string]struct {
		timeout, sleep time.Duration
		slept          time.Duration
		err            error
	}{
		"whole":               {time.Hour, time.Minute, time.Minute, nil},
		"nothing":             {time.Hour, 0, 0, nil},
		"negative":            {time.Hour, -time.Minute, 0, nil},
		"context ends before": {time.Second, time.Minute, time.Second, context.DeadlineExceeded},
		"context ended":       {0, 0, 0, context.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				start := time.Now()
				assert.Equal(t, tt.err, retry.Sleep(ctx, tt.sleep))
				assert.Equal(t, tt.slept, time.Since(start))
			})
		})
	}
}

func TestSleepEndsAtCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		time.AfterFunc(time.Second, cancel)
		assert.Equal(t, context.Canceled, retry.Sleep(ctx, time.Hour))
		assert.Equal(t, time.Second, time.Since(start))
	})
}
