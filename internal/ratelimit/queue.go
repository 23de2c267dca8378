package ratelimit

import (
	"context"
	"time"
)

// enter admits a request or adds it to the queue.
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

// queue waits to become the first in the queue, and then until the request is admitted.
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
		case <-g.changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// passFirst admits the first request in the queue, or returns how long it must wait.
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

// wake wakes the first request in the queue. It does not block: a value that is
// already in g.changed has the same effect.
func (g *Gate) wake() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// pass reports whether a request may be sent, and counts it. If the limit is no longer
// trusted, the request is a probe. g.mu is held.
func (g *Gate) pass(now time.Time) bool {
	switch {
	case g.state.Reset.IsZero():
	case g.state.Remaining > 0:
		g.state.Remaining--
	case g.isTrusted(now) || g.inFlight > 0: // the response of a request in flight updates the limit
		return false
	}
	g.alone = g.inFlight == 0
	g.inFlight++
	return true
}

// wait returns how long a request must wait for a window with enough quota, or for the
// response to a probe. others is the number of requests before it. If the wait ends
// later than latest, wait returns a WaitError. g.mu is held.
func (g *Gate) wait(now, latest time.Time, others int) (time.Duration, error) {
	missing := others + 1 - g.state.Remaining
	if g.state.Reset.IsZero() || missing <= 0 {
		return 0, nil
	}
	wait := g.state.Reset.Sub(now)
	switch {
	case !g.isTrusted(now): // a probe is in flight or will be sent next
		left := latest.Add(probeTime).Sub(now)
		if left <= 0 {
			return 0, &WaitError{Wait: min(wait, probeTime)}
		}
		return min(wait, probeTime, left), nil
	case g.state.Reset.After(g.trustedUntil):
		wait = g.trustedUntil.Sub(now)
	case g.state.Quota > 0:
		wait += time.Duration((missing-1)/g.state.Quota) * g.state.Window
	}
	if now.Add(wait).After(latest) {
		return 0, &WaitError{Wait: wait}
	}
	return wait, nil
}

// isTrusted reports whether the last header is still trusted. g.mu is held.
func (g *Gate) isTrusted(now time.Time) bool { return now.Before(g.trustedUntil) }

// roll starts the next window when the known one has ended. If the quota is unknown, it
// discards the limit. g.mu is held.
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
	g.trustedUntil = begin.Add(maxTrust)
	// The server may count requests in flight in the new window. At least one request
	// is admitted: requests that hang must not block the others forever.
	g.state.Remaining = max(g.state.Quota-g.inFlight, 1)
}

// expireUntrusted handles a response without a header. If the last header is no longer
// trusted, the limit is discarded after 5 more minutes. g.mu is held.
func (g *Gate) expireUntrusted(now time.Time) {
	if end := now.Add(maxTrust); !g.isTrusted(now) && end.Before(g.state.Reset) {
		g.state = State{Remaining: g.state.Remaining, Reset: end}
	}
}
