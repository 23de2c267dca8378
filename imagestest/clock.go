package imagestest

import (
	"sync"
	"time"
)

// Clock provides the current time of a server. It determines upload times, the rate-limit
// windows, and when upload URLs, signed URLs and batch tokens expire. The zero Clock
// follows time.Now, and therefore the virtual time of testing/synctest. It is safe for
// concurrent use.
type Clock struct {
	mu      sync.Mutex
	stopped time.Time // zero: the clock runs
	offset  time.Duration
}

// NewClock returns a clock that is set to start and changes only when Advance is called.
// Use it for tests that compare exact times.
func NewClock(start time.Time) *Clock {
	return &Clock{stopped: start}
}

// Now returns the current time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		return time.Now().Add(c.offset)
	}
	return c.stopped.Add(c.offset)
}

// Advance moves the clock forward by d, or back if d is negative. The program under
// test keeps its own clock: it waits in real time, and after Advance the server may
// reject its ExpiresIn or Expiry. To test waits, use [InMemory] with testing/synctest.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}
