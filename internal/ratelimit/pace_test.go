package ratelimit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
)

func TestPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(100)
		start := time.Now()
		var times []time.Time
		for range 1000 {
			require.NoError(t, pace.Wait(t.Context()))
			times = append(times, time.Now())
		}
		for i, end := range times[102:] { // two catch up at the start
			assert.GreaterOrEqual(t, end.Sub(times[i]), time.Second)
		}
		assert.InDelta(t, 10*time.Second, time.Since(start), float64(50*time.Millisecond))
	})
}

func TestPaceDoesNotSaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(10)
		require.NoError(t, pace.Wait(t.Context()))
		time.Sleep(time.Hour)
		start := time.Now()
		for range 3 {
			require.NoError(t, pace.Wait(t.Context()))
		}
		assert.Equal(t, 190*time.Millisecond, time.Since(start)) // the slack is all that was saved
	})
}

func TestPaceCanceledWaitsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(1)
		require.NoError(t, pace.Wait(t.Context()))
		start := time.Now()
		for range 100 {
			ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
			assert.ErrorIs(t, pace.Wait(ctx), context.DeadlineExceeded)
			stop()
		}
		require.NoError(t, pace.Wait(t.Context()))
		assert.InDelta(t, time.Second, time.Since(start), float64(20*time.Millisecond))
	})
}
