package ratelimit_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const noBound = time.Duration(math.MaxInt64)

// limit returns response headers without a policy; withPolicy adds one of the same name.
func limit(name string, remaining, reset int) http.Header {
	return http.Header{"Ratelimit": {fmt.Sprintf("%q;r=%d;t=%d", name, remaining, reset)}}
}

func withPolicy(h http.Header, name string, quota, window int) http.Header {
	h.Set("Ratelimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", name, quota, window))
	return h
}

func TestGateAdmitsAllWithoutAKnownLimit(t *testing.T) {
	gate := ratelimit.NewGate()
	for range 1000 {
		require.NoError(t, gate.Acquire(t.Context(), 0))
	}
	assert.Zero(t, gate.State())
}

func TestGateCountsDownToAWaitError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("a", 2, 30))
		require.NoError(t, gate.Acquire(t.Context(), 0))
		require.NoError(t, gate.Acquire(t.Context(), 0))
		assert.Zero(t, gate.State().Remaining)

		err := gate.Acquire(t.Context(), 0)
		assert.Equal(t, &ratelimit.WaitError{Wait: 30 * time.Second}, err)
		assert.ErrorContains(t, err, "in 30s")
	})
}

func TestGateAcquireOfAnExhaustedQuota(t *testing.T) {
	const never = time.Hour
	tests := map[string]struct {
		maxWait, deadline time.Duration
		waited            time.Duration
		err               error
	}{
		"waits":                     {time.Minute, never, 30 * time.Second, nil},
		"waits just long enough":    {30 * time.Second, never, 30 * time.Second, nil},
		"waits without a bound":     {noBound, never, 30 * time.Second, nil},
		"may not wait long enough":  {30*time.Second - 1, never, 0, &ratelimit.WaitError{Wait: 30 * time.Second}},
		"may not wait":              {0, never, 0, &ratelimit.WaitError{Wait: 30 * time.Second}},
		"negative bound":            {math.MinInt64, never, 0, &ratelimit.WaitError{Wait: 30 * time.Second}},
		"deadline before the reset": {time.Minute, 29 * time.Second, 0, &ratelimit.WaitError{Wait: 30 * time.Second}},
		"context ended":             {time.Minute, 0, 0, context.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := ratelimit.NewGate()
				gate.Update(limit("a", 0, 30))
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				start := time.Now()
				assert.Equal(t, tt.err, gate.Acquire(ctx, tt.maxWait))
				assert.Equal(t, tt.waited, time.Since(start))
			})
		})
	}
}

func TestGateDoesNotSpendQuotaOnAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("a", 1, 30))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Equal(t, context.Canceled, gate.Acquire(ctx, time.Minute))
		assert.Equal(t, 1, gate.State().Remaining)
	})
}

func TestGateRejectsAtOnceWhenTheQueueIsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(withPolicy(limit("a", 0, 30), "a", 2, 60))
		for range 3 { // two for the window at 30 s, one for that at 90 s
			go func() {
				assert.NoError(t, gate.Acquire(t.Context(), noBound))
				gate.Done()
			}()
		}
		synctest.Wait()
		start := time.Now()
		err := gate.Acquire(t.Context(), 89*time.Second)
		assert.Equal(t, &ratelimit.WaitError{Wait: 90 * time.Second}, err)
		assert.Zero(t, time.Since(start))
		assert.NoError(t, gate.Acquire(t.Context(), 90*time.Second))
		assert.Equal(t, 90*time.Second, time.Since(start))
	})
}

func TestGateRejectsWhenTheResetIsPostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("a", 0, 30))
		result := make(chan error)
		go func() { result <- gate.Acquire(t.Context(), time.Minute) }()
		time.Sleep(10 * time.Second)
		gate.Update(limit("a", 0, 300))

		start := time.Now()
		assert.Equal(t, &ratelimit.WaitError{Wait: 300 * time.Second}, <-result)
		assert.Zero(t, time.Since(start))
	})
}

// queueUp starts n goroutines that acquire in order, one request per window of 10 s, and
// returns what they report: their number, when they returned, and with what.
func queueUp(t *testing.T, gate *ratelimit.Gate, contexts []context.Context) <-chan string {
	t.Helper()
	gate.Update(withPolicy(limit("a", 0, 10), "a", 1, 10))
	start := time.Now()
	reports := make(chan string, len(contexts))
	for i, ctx := range contexts {
		go func() {
			err := gate.Acquire(ctx, noBound)
			if err == nil {
				gate.Done()
			}
			reports <- fmt.Sprintf("%d after %v: %v", i, time.Since(start), err)
		}()
		synctest.Wait()
	}
	return reports
}

func TestGateServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		contexts := make([]context.Context, 20)
		for i := range contexts {
			contexts[i] = t.Context()
		}
		reports := queueUp(t, ratelimit.NewGate(), contexts)
		for i := range contexts {
			assert.Equal(t, fmt.Sprintf("%d after %v: <nil>", i, time.Duration(i+1)*10*time.Second), <-reports)
		}
	})
}

func TestGateLetsAWaiterLeaveTheQueue(t *testing.T) {
	want := [][]string{
		{"0 after 5s: context canceled", "1 after 10s: <nil>", "2 after 20s: <nil>"},
		{"1 after 5s: context canceled", "0 after 10s: <nil>", "2 after 20s: <nil>"},
		{"2 after 5s: context canceled", "0 after 10s: <nil>", "1 after 20s: <nil>"},
	}
	for leaver, reported := range want {
		t.Run(fmt.Sprint("waiter ", leaver), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				contexts := []context.Context{t.Context(), t.Context(), t.Context()}
				ctx, cancel := context.WithCancel(t.Context())
				contexts[leaver] = ctx
				gate := ratelimit.NewGate()
				reports := queueUp(t, gate, contexts)
				time.AfterFunc(5*time.Second, cancel)
				for _, report := range reported {
					assert.Equal(t, report, <-reports)
				}
				// The queue is empty again: the next window has room.
				assert.NoError(t, gate.Acquire(t.Context(), 10*time.Second))
			})
		})
	}
}

func TestGateKeepsTheOrderOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("a", 0, 10))
		var first sync.WaitGroup
		first.Go(func() { assert.NoError(t, gate.Acquire(t.Context(), time.Minute)) })
		synctest.Wait()
		gate.Update(limit("a", 1, 300)) // room for one, and that is for the one who waits

		err := gate.Acquire(t.Context(), time.Minute)
		assert.Equal(t, &ratelimit.WaitError{Wait: 300 * time.Second}, err)
		first.Wait()
	})
}

func TestGateServesACrowdByTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(withPolicy(limit("a", 0, 10), "a", 100, 60))
		start := time.Now()
		var mu sync.Mutex
		passed := map[time.Duration]int{}
		var group sync.WaitGroup
		for range 250 {
			group.Go(func() {
				assert.NoError(t, gate.Acquire(t.Context(), noBound))
				gate.Done()
				mu.Lock()
				defer mu.Unlock()
				passed[time.Since(start)]++
			})
		}
		group.Wait()
		assert.Equal(t, map[time.Duration]int{10 * time.Second: 100, 70 * time.Second: 100, 130 * time.Second: 50}, passed)
	})
}

func BenchmarkAcquire(b *testing.B) {
	known := withPolicy(limit("a", math.MaxInt32, 86400), "a", math.MaxInt32, 86400)
	for name, h := range map[string]http.Header{"nothing known": {}, "quota left": known} {
		b.Run(name, func(b *testing.B) {
			gate := ratelimit.NewGate()
			gate.Update(h)
			b.ReportAllocs()
			for b.Loop() {
				if err := gate.Acquire(b.Context(), time.Second); err != nil {
					b.Fatal(err)
				}
				gate.Done()
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	gate := ratelimit.NewGate()
	h := withPolicy(limit("default", 50, 30), "default", 1200, 300)
	b.ReportAllocs()
	for b.Loop() {
		gate.Update(h)
	}
}
