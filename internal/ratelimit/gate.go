package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// maxTrust is how long a header is trusted: the window that Cloudflare documents.
	// After the limit was exceeded, Cloudflare rejects all requests for the same time,
	// so that earlier requests could prolong the rejection.
	maxTrust = 5 * time.Minute

	// probeTime is how long the response to a probe is expected to take.
	probeTime = time.Second

	// resetSlack is how much the reset times in two responses of one window may differ:
	// t is in whole seconds, and responses may be delayed. If the length of the window is
	// known, up to half of it is accepted, so that a delayed response is not mistaken for
	// one of a later window.
	resetSlack = 1500 * time.Millisecond
)

// Gate admits requests while the known quota lasts. The others wait, in order of
// arrival, for the next window. While no limit is known, all requests are admitted.
//
// A header is trusted for 5 minutes. If the quota is used up for longer than that, one
// request is admitted as a probe, and its response determines what follows. A probe is
// sent only if no other request is in flight, whose response would have the same data.
// If a probe fails, another one is sent. If its response has no header, the limit is
// discarded after 5 more minutes, in which requests are sent one at a time.
//
// A Gate is safe for concurrent use by all goroutines of a client. The order of calls for
// one request is Acquire, then Update if there was a response, then Done.
type Gate struct {
	head    chan struct{} // held by the first request in the queue; a channel serves its senders in order
	changed chan struct{} // wakes the first request in the queue

	mu           sync.Mutex // guards the rest
	state        State
	trustedUntil time.Time // end of the trust in state
	inFlight     int       // admitted and not done
	alone        bool      // no other request was in flight when the last one was admitted
	waiting      int       // requests in the queue, including the first
}

// WaitError means that a request was not admitted because it would have to wait
// longer than allowed.
type WaitError struct {
	Wait time.Duration // until the request could be admitted
}

// Error returns a text with the required wait.
func (e *WaitError) Error() string {
	return fmt.Sprintf("rate limit reached: the next request may be sent in %v, which exceeds the maximum wait of this call", e.Wait)
}

// NewGate returns a Gate without a known limit.
func NewGate() *Gate {
	return &Gate{head: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
}

// Acquire waits until a request may be sent and returns nil; the caller must then call
// Done. If the wait would exceed maxWait or the deadline of ctx, Acquire returns a
// [*WaitError] at once. If ctx ends during the wait, it returns ctx.Err(). With a
// maxWait of 0 or less, it never waits for a window. A wait may take a second longer
// than maxWait if a probe is in flight. All callers of a Gate should use the same
// maxWait: a caller with a longer one delays those behind it.
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

// Update updates the limit from the headers of a response. Within a window, the
// response to a request that was alone in flight sets the remaining quota. Other
// responses only reduce it, because they may be received out of order.
func (g *Gate) Update(h http.Header) {
	now := time.Now()
	parsed, ok := Parse(h, now)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
	defer g.wake()
	if !ok {
		g.expireUntrusted(now)
		return
	}
	known := g.state
	if parsed.Quota == 0 && parsed.Policy == known.Policy {
		parsed.Quota, parsed.Window = known.Quota, known.Window
	}
	slack := max(resetSlack, parsed.Window/2)
	later := parsed.Reset.Sub(known.Reset)
	tighter := parsed.Policy != known.Policy && parsed.Remaining < known.Remaining
	switch {
	case known.Reset.IsZero() || !g.isTrusted(now) || later > slack || tighter: // another window or limit
		others := max(g.inFlight-1, 0) // the server may not have counted them yet
		parsed.Remaining = max(parsed.Remaining-others, 0)
	case later < -slack: // an earlier window
		return
	default: // the same window
		if !g.alone || g.inFlight != 1 {
			parsed.Remaining = min(parsed.Remaining, known.Remaining)
		}
		if later < 0 {
			parsed.Reset = known.Reset
		}
	}
	g.state, g.trustedUntil = parsed, now.Add(maxTrust)
}

// Done ends an admitted request, after its response's headers or its failure.
func (g *Gate) Done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.wake()
}

// State returns the limit of the last header, reduced by the requests admitted since,
// or the known data of the window after it. It is zero if the header is no longer
// trusted. Reset is the server's value, even if trust ends earlier.
func (g *Gate) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.roll(now)
	if !g.isTrusted(now) {
		return State{}
	}
	return g.state
}
