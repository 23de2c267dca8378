package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// belief is how long a header is believed: the window that Cloudflare documents.
	// It also refuses everything for so long after a request too many, so that asking
	// again sooner could be what keeps a client locked out.
	belief = 5 * time.Minute

	// probeTime is how long the response to a probe is expected to take.
	probeTime = time.Second

	// resetSlack is how far apart two responses may place the end of one window: t is in
	// whole seconds, and responses take their time. Where the window's length is known, up
	// to half of it is allowed, so that a delayed response does not look like a later window's.
	resetSlack = 1500 * time.Millisecond
)

// Gate lets requests pass while the known quota lasts and makes the others wait, in
// order of arrival, for the next window. While nothing is known, everything passes.
//
// A header is believed for 5 minutes. When nothing remains of the quota for longer than
// that, one request passes as a probe, and the others follow what its response says. It
// passes when no other is in flight, whose response would say the same. A probe that
// fails is followed by another one; when its response has no header, the limit is
// forgotten after 5 more minutes of one request at a time.
//
// A Gate is safe for concurrent use by all goroutines of a client. The order of calls for
// one request is Acquire, then Update if there was a response, then Done.
type Gate struct {
	head chan struct{} // held by the first of the queue; a channel serves its senders in order
	news chan struct{} // wakes the first of the queue: something has changed

	mu       sync.Mutex // guards the rest
	state    State
	believed time.Time // until when state is
	inFlight int       // let through and not done
	alone    bool      // the last one let through found no other in flight
	waiting  int       // in the queue, its first included
}

// WaitError is a request that was not let through, because it would have had to wait
// longer than it may.
type WaitError struct {
	Wait time.Duration // until it could have been let through
}

// Error says how long the wait would be.
func (e *WaitError) Error() string {
	return fmt.Sprintf("rate limit reached: the next request may be sent in %v, later than this call may wait", e.Wait)
}

// NewGate returns a Gate that knows of no limit yet.
func NewGate() *Gate {
	return &Gate{head: make(chan struct{}, 1), news: make(chan struct{}, 1)}
}

// Acquire returns nil when a request may be sent; Done must follow. It returns a
// [*WaitError] without waiting when the wait would be longer than maxWait or
// than ctx lasts, and ctx.Err() when ctx ends first. With a maxWait of 0 or
// less it never waits for a window. One that waits may take a second longer, when a
// probe is under way by then. All callers of a Gate should give the same
// maxWait: one that may wait longer delays those behind it.
func (g *Gate) Acquire(ctx context.Context, maxWait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	var latest time.Time
	if maxWait > 0 {
		latest = now.Add(maxWait)
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(latest) {
		latest = deadline
	}
	queued, err := g.enter(now, latest)
	if err != nil || !queued {
		return err
	}
	return g.queue(ctx, latest)
}

// Update learns from the headers of a response. Within a window, the response to a
// request that had no other beside it is believed; others only lower what is left,
// because they can arrive in another order than they were sent.
func (g *Gate) Update(h http.Header) {
	now := time.Now()
	told, ok := Parse(h, now)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
	defer g.wake()
	if !ok {
		g.doubt(now)
		return
	}
	known := g.state
	if told.Quota == 0 && told.Policy == known.Policy {
		told.Quota, told.Window = known.Quota, known.Window
	}
	slack := max(resetSlack, told.Window/2)
	later := told.Reset.Sub(known.Reset)
	tighter := told.Policy != known.Policy && told.Remaining < known.Remaining
	switch {
	case known.Reset.IsZero() || !g.believes(now) || later > slack || tighter: // another window or limit
		others := max(g.inFlight-1, 0) // the server may not have counted them yet
		told.Remaining = max(told.Remaining-others, 0)
	case later < -slack: // a window that is over
		return
	default: // the same window
		if !g.alone || g.inFlight != 1 {
			told.Remaining = min(told.Remaining, known.Remaining)
		}
		if later < 0 {
			told.Reset = known.Reset
		}
	}
	g.state, g.believed = told, now.Add(belief)
}

// Done ends a request that was let through: its response's headers or its failure came in.
func (g *Gate) Done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.wake()
}

// State returns what the last header said, less what was let through since, or what is
// known of the window after it. It is zero when nothing is believed any more. Reset is
// what the server said, also when that is later than it is believed.
func (g *Gate) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.roll(now)
	if !g.believes(now) {
		return State{}
	}
	return g.state
}
