package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	day    = 24 * 60 * 60 // seconds
	belief = 5 * time.Minute
	trip   = 50 * time.Millisecond // from a request to its response
)

// crowd starts n callers of the gate and returns how many were admitted after each
// duration. respond is called sequentially; it returns whether there was a response,
// and its header.
func crowd(t *testing.T, gate *ratelimit.Gate, n int, maxWait time.Duration, respond func() (http.Header, bool)) map[time.Duration]int {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	passed := map[time.Duration]int{}
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if !assert.NoError(t, gate.Acquire(t.Context(), maxWait)) {
				return
			}
			defer gate.Done()
			mu.Lock()
			passed[time.Since(start)]++
			mu.Unlock()
			time.Sleep(trip)
			mu.Lock()
			h, ok := respond()
			mu.Unlock()
			if ok {
				gate.Update(h)
			}
		})
	}
	group.Wait()
	return passed
}

func TestGateTrustsAHeaderForFiveMinutes(t *testing.T) {
	headers := map[string]http.Header{
		"a day":                     limit("default", 0, day),
		"a day, with its policy":    withPolicy(limit("default", 0, day), "default", 10_000, day),
		"a little too long":         withPolicy(limit("default", 0, 301), "default", 1200, 300),
		"the longest that is read":  withPolicy(limit("default", 0, day), "default", 1, day),
		"the documented window":     limit("default", 0, 300),
		"the window and its policy": withPolicy(limit("default", 0, 300), "default", 1200, 300),
	}
	for name, h := range headers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := ratelimit.NewGate()
				gate.Update(h)
				start := time.Now()
				assert.Equal(t, &ratelimit.WaitError{Wait: belief}, gate.Acquire(t.Context(), belief-1))
				assert.NoError(t, gate.Acquire(t.Context(), belief))
				assert.Equal(t, belief, time.Since(start))
			})
		})
	}
}

func TestACrowdFollowsOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		passed := crowd(t, gate, 100, belief, func() (http.Header, bool) {
			return withPolicy(limit("default", 1199, 300), "default", 1200, 300), true
		})
		assert.Equal(t, map[time.Duration]int{belief: 1, belief + trip: 99}, passed)
		assert.Equal(t, 1199-99, gate.State().Remaining)
	})
}

func TestACrowdWaitsAgainWhenTheProbeConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		passed := crowd(t, gate, 3, noBound, func() (http.Header, bool) { return limit("default", 0, day), true })
		assert.Equal(t, map[time.Duration]int{belief: 1, 2*belief + trip: 1, 3*belief + 2*trip: 1}, passed)
	})
}

// The callers cannot wait for another window: they get an error after the probe.
func TestACrowdFailsWhenTheProbeConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		start := time.Now()
		for range 10 {
			go func() {
				err := gate.Acquire(t.Context(), belief)
				if err == nil {
					time.Sleep(trip)
					gate.Update(limit("default", 0, day))
					gate.Done()
					return
				}
				assert.Equal(t, &ratelimit.WaitError{Wait: belief}, err)
				assert.Equal(t, belief+trip, time.Since(start))
			}()
		}
		time.Sleep(belief + time.Second)
		synctest.Wait()
		assert.Equal(t, &ratelimit.WaitError{Wait: belief - time.Second + trip}, gate.Acquire(t.Context(), 0))
	})
}

func TestAProbeThatFailsIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		probes := 0
		passed := crowd(t, gate, 100, belief, func() (http.Header, bool) {
			probes++ // one at a time
			return limit("default", 500, 100), probes > 2
		})
		assert.Equal(t, map[time.Duration]int{belief: 1, belief + trip: 1, belief + 2*trip: 1, belief + 3*trip: 97}, passed)
	})
}

// The last header is not trusted for the rest of the day if later responses have none.
func TestALimitThatIsNotRepeatedIsDiscarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func() (http.Header, bool) { return http.Header{}, true }
		gate := ratelimit.NewGate()
		gate.Update(withPolicy(limit("default", 3, day), "default", 1, day))
		time.Sleep(belief)
		start := time.Now()
		assert.Equal(t, map[time.Duration]int{0: 1}, crowd(t, gate, 1, time.Second, silent))
		forgotten := start.Add(trip + belief)
		assert.Equal(t, map[time.Duration]int{0: 2, trip: 1, 2 * trip: 1}, crowd(t, gate, 4, time.Second, silent), "what remains, then one at a time")
		time.Sleep(time.Until(forgotten) - 1)
		assert.Equal(t, map[time.Duration]int{0: 1, 1: 2}, crowd(t, gate, 3, time.Second, silent))
		assert.Zero(t, gate.State())
		assert.Equal(t, map[time.Duration]int{0: 3}, crowd(t, gate, 3, time.Second, silent))
	})
}

// While a header is trusted, a response without one changes nothing.
func TestATrustedLimitIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 1, day))
		time.Sleep(belief - trip - 1)
		require.NoError(t, gate.Acquire(t.Context(), 0))
		time.Sleep(trip)
		gate.Update(http.Header{})
		gate.Done()
		time.Sleep(belief)
		require.NoError(t, gate.Acquire(t.Context(), 0))
		assert.Equal(t, &ratelimit.WaitError{Wait: time.Second}, gate.Acquire(t.Context(), 0), "behind a probe")
	})
}

// The windows after the one in a header are calculated and need no probe.
func TestKnownWindowsNeedNoProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(withPolicy(limit("default", 0, 30), "default", 3, 300))
		time.Sleep(30*time.Second + 100*belief)
		want := ratelimit.State{Policy: "default", Remaining: 3, Reset: time.Now().Add(belief), Quota: 3, Window: belief}
		assert.Equal(t, want, gate.State())
		silent := func() (http.Header, bool) { return nil, false }
		assert.Equal(t, map[time.Duration]int{0: 3, belief: 3, 2 * belief: 1}, crowd(t, gate, 7, noBound, silent))
	})
}

func TestAProbeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		require.NoError(t, gate.Acquire(t.Context(), belief))

		start := time.Now()
		assert.Equal(t, &ratelimit.WaitError{Wait: time.Second}, gate.Acquire(t.Context(), 0), "may not wait")
		assert.Zero(t, time.Since(start))
		assert.Equal(t, &ratelimit.WaitError{Wait: time.Second}, gate.Acquire(t.Context(), 10*time.Second))
		assert.Equal(t, 11*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start = time.Now()
		assert.ErrorIs(t, gate.Acquire(ctx, time.Minute), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))

		passed := make(chan error)
		go func() { passed <- gate.Acquire(t.Context(), time.Minute) }()
		time.Sleep(20 * time.Second)
		start = time.Now()
		gate.Done() // its timeout
		assert.NoError(t, <-passed)
		assert.Zero(t, time.Since(start))
	})
}

// The response to an earlier request replaces a probe.
func TestNoProbeWhileARequestIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 2, day))
		time.Sleep(2 * belief)
		require.NoError(t, gate.Acquire(t.Context(), 0))
		require.NoError(t, gate.Acquire(t.Context(), 0), "what remains is spent, however old")
		start := time.Now()
		passed := make(chan error)
		go func() { passed <- gate.Acquire(t.Context(), time.Minute) }()

		time.Sleep(trip)
		gate.Done() // without a response
		time.Sleep(trip)
		gate.Update(limit("default", 10, 300))
		gate.Done()
		assert.NoError(t, <-passed)
		assert.Equal(t, 2*trip, time.Since(start))
		assert.Equal(t, 9, gate.State().Remaining)
	})
}

func TestStateIsZeroWhenNoHeaderIsTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		state := gate.State()
		assert.Equal(t, day*time.Second, time.Until(state.Reset), "the server's value")
		time.Sleep(belief - 1)
		assert.Equal(t, state, gate.State())
		time.Sleep(time.Nanosecond)
		assert.Zero(t, gate.State())

		require.NoError(t, gate.Acquire(t.Context(), 0))
		gate.Update(limit("default", 0, day))
		gate.Done()
		assert.Equal(t, day*time.Second, time.Until(gate.State().Reset))
	})
}

// Requests fail, hang, and get responses without headers; all are admitted in the end.
func TestACrowdIsAdmittedWhateverHappensToProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		n := 0
		crowd(t, gate, 200, noBound, func() (http.Header, bool) {
			n++
			switch n % 5 {
			case 0:
				return limit("default", 0, day), true
			case 1:
				return http.Header{}, true
			case 2:
				return limit("default", 3, 20), true
			case 3:
				return withPolicy(limit("default", 0, day), "default", 2, day), true
			}
			return nil, false
		})
		assert.Equal(t, 200, n)
	})
}

func TestLeavingTheQueueBehindAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(limit("default", 0, day))
		time.Sleep(belief)
		require.NoError(t, gate.Acquire(t.Context(), 0))
		reports := make(chan string, 3)
		enough := errors.New("enough")
		for i := range 3 {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Duration(3-i)*time.Second/10, func() { cancel(enough) })
			go func() { reports <- fmt.Sprint(i, " ", gate.Acquire(ctx, time.Minute)) }()
			synctest.Wait()
		}
		for i := range 3 {
			assert.Equal(t, fmt.Sprint(2-i, " context canceled"), <-reports)
		}
		gate.Done()
		assert.NoError(t, gate.Acquire(t.Context(), 0), "nobody is left in the queue")
	})
}
