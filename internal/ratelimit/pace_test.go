package ratelimit_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
)

// mostWithin returns the largest number of times within any span of that length,
// its start included and its end not.
func mostWithin(times []time.Time, span time.Duration) int {
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i, t := range times {
		for t.Sub(times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(100)
		start := time.Now()
		var mu sync.Mutex
		var times []time.Time
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				assert.NoError(t, pace.Wait(t.Context()))
				mu.Lock()
				times = append(times, time.Now())
				mu.Unlock()
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, mostWithin(times, time.Second), 102) // two catch up at the start
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

func TestPaceServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(10)
		var mu sync.Mutex
		var order []int
		for i := range 20 {
			go func() {
				assert.NoError(t, pace.Wait(t.Context()))
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(t, order, 20)
		assert.True(t, slices.IsSorted(order), "%v", order)
	})
}

func TestPaceCanceledWaitersCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := ratelimit.NewPace(1)
		require.NoError(t, pace.Wait(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { assert.ErrorIs(t, pace.Wait(ctx), context.Canceled) })
		}
		synctest.Wait()
		start := time.Now()
		cancel()
		wg.Wait()
		assert.Zero(t, time.Since(start), "canceled waiters end at once")

		assert.ErrorIs(t, pace.Wait(ctx), context.Canceled)
		require.NoError(t, pace.Wait(t.Context()))
		assert.InDelta(t, time.Second, time.Since(start), float64(20*time.Millisecond))
	})
}
