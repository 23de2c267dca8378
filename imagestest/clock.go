package imagestest

import (
	"sync"
	"time"
)

// Clock is the clock of a server. It sets upload times, rate-limit windows, and the expiry
// of upload URLs, signed URLs and batch tokens. The zero Clock runs with time.Now, which is
// virtual time inside a testing/synctest bubble. A Clock is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	stopped time.Time // zero: the clock runs
	ahead   time.Duration
}

// NewClock returns a clock that is stopped at start. Only Advance changes it. Use it in
// tests that compare times exactly.
func NewClock(start time.Time) *Clock {
	return &Clock{stopped: start}
}

// Now returns the current time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		return time.Now().Add(c.ahead)
	}
	return c.stopped.Add(c.ahead)
}

// Advance moves the clock forward by d, or back if d is negative. It does not fire the
// timers of the program under test: to test waits, use [InMemory] and testing/synctest.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
