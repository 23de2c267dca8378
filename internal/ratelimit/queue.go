package ratelimit

import (
	"context"
	"time"
)

// enter lets a request pass, or counts it into the queue.
func (g *Gate) enter(now, latest time.Time) (queued bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
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
	for ctx.Err() == nil {
		wait, err := g.passFirst(time.Now(), latest)
		if err != nil || wait == 0 {
			return err
		}
		select {
		case <-time.After(wait):
		case <-g.news:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// passFirst lets the first of the queue pass, or returns how long it has to wait.
func (g *Gate) passFirst(now, latest time.Time) (wait time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
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

// wake lets the first of the queue look again. It does not block: what is in g.news
// already wakes it as well.
func (g *Gate) wake() {
	select {
	case g.news <- struct{}{}:
	default:
	}
}

// pass takes one request from the quota, or makes it a probe, and reports whether it may
// be sent. g.mu is held.
func (g *Gate) pass(now time.Time) bool {
	switch {
	case g.state.Reset.IsZero():
	case g.state.Remaining > 0:
		g.state.Remaining--
	case g.believes(now) || g.inFlight > 0: // whose responses will tell
		return false
	}
	g.alone = g.inFlight == 0
	g.inFlight++
	return true
}

// wait returns how long a request with others before it has to wait for a window that
// has room for it, or for the response to a probe, or a WaitError when that is later
// than latest. g.mu is held.
func (g *Gate) wait(now, latest time.Time, others int) (time.Duration, error) {
	missing := others + 1 - g.state.Remaining
	if g.state.Reset.IsZero() || missing <= 0 {
		return 0, nil
	}
	wait := g.state.Reset.Sub(now)
	switch {
	case !g.believes(now): // a probe is under way, or about to be
		patience := latest.Add(probeTime).Sub(now)
		if patience <= 0 {
			return 0, &WaitError{Wait: min(wait, probeTime)}
		}
		return min(wait, probeTime, patience), nil
	case g.state.Reset.After(g.believed):
		wait = g.believed.Sub(now)
	case g.state.Quota > 0:
		wait += time.Duration((missing-1)/g.state.Quota) * g.state.Window
	}
	if now.Add(wait).After(latest) {
		return 0, &WaitError{Wait: wait}
	}
	return wait, nil
}

// believes reports whether what the last header said is still believed. g.mu is held.
func (g *Gate) believes(now time.Time) bool { return now.Before(g.believed) }

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
	begin := g.state.Reset.Add(now.Sub(g.state.Reset).Truncate(g.state.Window))
	g.state.Reset = begin.Add(g.state.Window)
	g.believed = begin.Add(belief)
	// The server may count those in flight in the new window. One passes in any
	// case: requests that hang must not stop the others for good.
	g.state.Remaining = max(g.state.Quota-g.inFlight, 1)
}

// doubt takes in a response without a header. When the last header is not believed any
// more, the limit is forgotten in another 5 minutes. g.mu is held.
func (g *Gate) doubt(now time.Time) {
	if end := now.Add(belief); !g.believes(now) && end.Before(g.state.Reset) {
		g.state = State{Remaining: g.state.Remaining, Reset: end}
	}
}
