package ratelimit_test

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/stretchr/testify/assert"
)

// server enforces 1,200 requests per 5 minutes and reports the remaining quota, with t
// rounded up.
type server struct {
	onDemand bool          // a window begins with the first request after the last one, not by the clock
	silent   bool          // about its policy
	delay    time.Duration // the longest that a response takes to its client
	wrongAt  int           // number of the request whose response has a wrong header (no quota for a day); 0: none

	mu       sync.Mutex
	used     int
	ends     time.Time
	served   int
	rejected int
}

const (
	quota  = 1200
	window = 300 // seconds
)

func (s *server) serve() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); !now.Before(s.ends) {
		s.used = 0
		if s.onDemand || s.ends.IsZero() {
			s.ends = now
		}
		for !now.Before(s.ends) {
			s.ends = s.ends.Add(window * time.Second)
		}
	}
	s.used++
	if s.used > quota {
		s.rejected++
	} else {
		s.served++
	}
	if s.served == s.wrongAt && s.wrongAt > 0 {
		return limit("default", 0, day)
	}
	left := (time.Until(s.ends) + time.Second - 1) / time.Second
	h := limit("default", max(quota-s.used, 0), int(left))
	if s.silent {
		return h
	}
	return withPolicy(h, "default", quota, window)
}

// call makes one request that takes there to arrive and back for its response.
func call(t *testing.T, gate *ratelimit.Gate, s *server, there, back time.Duration) {
	if !assert.NoError(t, gate.Acquire(t.Context(), 10*time.Minute)) {
		return
	}
	time.Sleep(there)
	h := s.serve()
	time.Sleep(back)
	gate.Update(h)
	gate.Done()
}

// eachServer runs a test against each kind of server, in a separate bubble.
func eachServer(t *testing.T, test func(t *testing.T, s *server)) {
	// Without the policy, a longer delay looks like a later window.
	servers := map[string]*server{
		"windows by the clock":                {delay: 4 * time.Second},
		"windows by the clock, no policy":     {delay: time.Second, silent: true},
		"windows by first request":            {delay: 4 * time.Second, onDemand: true},
		"windows by first request, no policy": {delay: time.Second, onDemand: true, silent: true},
	}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, s) })
		})
	}
}

func TestSequentialRequestsAreNeverRateLimited(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		gate := ratelimit.NewGate()
		start := time.Now()
		for range 1300 {
			call(t, gate, s, 7*time.Millisecond, 13*time.Millisecond)
		}
		assert.Zero(t, s.rejected)
		assert.Equal(t, 1300, s.served)
		// 300 s for the first window, 2 s for the last 100, up to one more by rounding.
		assert.InDelta(t, 302.5, time.Since(start).Seconds(), 0.6)
	})
}

func TestConcurrentRequestsAreNeverRateLimited(t *testing.T) {
	const goroutines, calls = 100, 30
	eachServer(t, func(t *testing.T, s *server) {
		gate := ratelimit.NewGate()
		start := time.Now()
		var group sync.WaitGroup
		for g := range uint64(goroutines) {
			group.Go(func() {
				random := rand.New(rand.NewPCG(g, 1))
				upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
				for range calls {
					call(t, gate, s, upTo(4*time.Second), upTo(s.delay))
				}
			})
		}
		group.Wait()
		assert.Zero(t, s.rejected)
		assert.Equal(t, goroutines*calls, s.served)
		// 3,000 requests need three windows; what is in flight at their ends may cost one more.
		assert.Less(t, time.Since(start), 4*(window+10)*time.Second)
	})
}

// A wrong header delays requests by five minutes, and the documented limit is still kept.
func TestWrongHeader(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		gate := ratelimit.NewGate()
		s.wrongAt = 700
		start := time.Now()
		for range 1300 {
			call(t, gate, s, 7*time.Millisecond, 13*time.Millisecond)
		}
		assert.Zero(t, s.rejected)
		assert.Equal(t, 1300, s.served)
		// The second window begins while the wrong header is trusted.
		assert.InDelta(t, (1300*20*time.Millisecond + belief).Seconds(), time.Since(start).Seconds(), 0.6)
	})
}

func TestWrongHeaderWithACrowd(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		gate := ratelimit.NewGate()
		s.wrongAt = 700
		start := time.Now()
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				for range 13 {
					call(t, gate, s, 7*time.Millisecond, 13*time.Millisecond)
				}
			})
		}
		group.Wait()
		assert.Zero(t, s.rejected)
		assert.Equal(t, 1300, s.served)
		assert.Less(t, time.Since(start), belief+time.Second)
	})
}
