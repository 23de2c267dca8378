package imagestest

import (
	"sync"
	"time"
)

// Clock is what a server takes for the present time: upload times, expiry of
// upload links, signed URLs and batch tokens, and rate-limit windows follow it.
// The zero Clock runs with time.Now, and so with the virtual time of testing/synctest.
// It is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	stopped time.Time // zero: the clock runs
	ahead   time.Duration
}

// NewClock returns a clock that shows start and moves only by Advance, for
// tests that compare times exactly.
func NewClock(start time.Time) *Clock {
	return &Clock{stopped: start}
}

// Now returns the clock's present time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		return time.Now().Add(c.ahead)
	}
	return c.stopped.Add(c.ahead)
}

// Advance moves the clock forward by d, or back when d is negative. It wakes
// nobody: a timer of the program under test keeps its own time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
