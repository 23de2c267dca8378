package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// resetSlack is how far apart two replies may place the end of one window: t is in
// whole seconds, and replies take their time. Where the window's length is known, up to
// half of it is allowed, so that a delayed reply does not look like a later window's.
const resetSlack = 1500 * time.Millisecond

// Gate lets requests pass while the known quota lasts and makes the others wait, in
// order of arrival, for the next window. While nothing is known, everything passes.
// It is safe for concurrent use by all goroutines of a client. The order of calls for
// one request is Acquire, then Update if there was a reply, then Done.
type Gate struct {
	head chan struct{} // held by the first of the queue; a channel serves its senders in order

	mu       sync.Mutex // guards the rest
	state    State
	inFlight int  // let through and not done
	alone    bool // the last one let through found no other in flight
	waiting  int  // in the queue, its first included
}

// WaitError is a request that was not let through, because it would have had to wait
// longer than it may.
type WaitError struct {
	Wait time.Duration // until it could have been let through
}

// NewGate returns a Gate that knows of no limit yet.
func NewGate() *Gate { return &Gate{head: make(chan struct{}, 1)} }

// Acquire returns nil when a request may be sent; Done must follow. It returns a
// [*WaitError] without waiting when the wait would be longer than maxWait or
// than ctx lasts, and ctx.Err() when ctx ends first. With a maxWait of 0 or
// less it never waits for a window. All callers of a Gate should give the same
// maxWait: one that may wait longer holds up those behind it.
func (g *Gate) Acquire(ctx context.Context, maxWait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	latest := now.Add(maxWait)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(latest) {
		latest = deadline
	}
	queued, err := g.enter(now, latest)
	if err != nil || !queued {
		return err
	}
	return g.queue(ctx, latest)
}

// Update learns from the headers of a reply; without valid ones it does nothing.
// Within a window, the reply to a request that had no other beside it is
// believed; others only lower what is left, because they can arrive in another
// order than they were sent.
func (g *Gate) Update(h http.Header) {
	now := time.Now()
	reply, ok := Parse(h, now)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
	known := g.state
	if reply.Quota == 0 && reply.Policy == known.Policy {
		reply.Quota, reply.Window = known.Quota, known.Window
	}
	slack := max(resetSlack, reply.Window/2)
	later := reply.Reset.Sub(known.Reset)
	tighter := reply.Policy != known.Policy && reply.Remaining < known.Remaining
	switch {
	case known.Reset.IsZero() || later > slack || tighter: // another window or limit
		others := max(g.inFlight-1, 0) // the server may not have counted them yet
		reply.Remaining = max(reply.Remaining-others, 0)
	case later < -slack: // a window that is over
		return
	default: // the same window
		if !g.alone || g.inFlight != 1 {
			reply.Remaining = min(reply.Remaining, known.Remaining)
		}
		if later < 0 {
			reply.Reset = known.Reset
		}
	}
	g.state = reply
}

// Done ends a request that was let through: its reply's headers or its failure came in.
func (g *Gate) Done() {
	g.mu.Lock()
	g.inFlight--
	g.mu.Unlock()
}

// State returns what is known now, less what was let through since the last reply.
func (g *Gate) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(time.Now())
	return g.state
}

// Error says how long the wait would be.
func (e *WaitError) Error() string {
	return fmt.Sprintf("rate limit reached: the next request may be sent in %v, later than this call may wait", e.Wait)
}

// enter lets a request pass, or counts it into the queue.
func (g *Gate) enter(now, latest time.Time) (queued bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == 0 && g.pass(now) {
		return false, nil
	}
	if _, err := g.wait(now, latest, g.waiting); err != nil {
		return false, err
	}
	g.waiting++
	return true, nil
}

// queue waits to become the first of the queue, and then until its request may pass.
func (g *Gate) queue(ctx context.Context, latest time.Time) error {
	defer g.leave()
	select {
	case g.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.head }()
	for {
		wait, err := g.passFirst(time.Now(), latest)
		if err != nil || wait == 0 {
			return err
		}
		if err := retry.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// passFirst lets the first of the queue pass, or returns how long it has to wait.
func (g *Gate) passFirst(now, latest time.Time) (wait time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pass(now) {
		return 0, nil
	}
	return g.wait(now, latest, 0)
}

func (g *Gate) leave() {
	g.mu.Lock()
	g.waiting--
	g.mu.Unlock()
}

// pass takes one request from the quota and reports whether there was one. g.mu is held.
func (g *Gate) pass(now time.Time) bool {
	g.roll(now)
	if !g.state.Reset.IsZero() {
		if g.state.Remaining == 0 {
			return false
		}
		g.state.Remaining--
	}
	g.alone = g.inFlight == 0
	g.inFlight++
	return true
}

// wait returns how long a request with others before it has to wait for a window that
// has room for it, or a WaitError when that begins after latest. g.mu is held.
func (g *Gate) wait(now, latest time.Time, others int) (time.Duration, error) {
	missing := others + 1 - g.state.Remaining
	if g.state.Reset.IsZero() || missing <= 0 {
		return 0, nil
	}
	wait := g.state.Reset.Sub(now)
	if g.state.Quota > 0 {
		wait += time.Duration((missing-1)/g.state.Quota) * g.state.Window
	}
	if now.Add(wait).After(latest) {
		return 0, &WaitError{Wait: wait}
	}
	return wait, nil
}

// roll begins the next window when the known one is over, or forgets it when the next
// one's quota is not known. g.mu is held.
func (g *Gate) roll(now time.Time) {
	if g.state.Reset.IsZero() || now.Before(g.state.Reset) {
		return
	}
	if g.state.Quota == 0 {
		g.state = State{}
		return
	}
	windows := now.Sub(g.state.Reset)/g.state.Window + 1
	g.state.Reset = g.state.Reset.Add(windows * g.state.Window)
	// The server may count those in flight in the new window. One passes in any
	// case: requests that hang must not stop the others for good.
	g.state.Remaining = max(g.state.Quota-g.inFlight, 1)
}
