// Package batch manages the token of Cloudflare's batch host. The token is fetched
// once for all waiting calls, renewed before it expires, and returned at the host's
// rate. The package does not depend on the calls that use the token.
package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
)

const (
	// rate is how many requests per second are sent to the batch host. Cloudflare's
	// developer documentation allows 200 for each token; the margin is for requests
	// that reach the server in bursts.
	rate = 190

	// No token is fetched for this time after tokens were rejected, or after another
	// failure.
	rejectedPause = 10 * time.Minute
	failedPause   = 30 * time.Second

	// fetchTimeout is the maximum time that a call waits for a new token.
	fetchTimeout = 15 * time.Second
)

var (
	// ErrNone means that no token is available at the moment.
	ErrNone = errors.New("no token for the batch host is available")
	// ErrRejected marks the error of a fetch that should not be retried soon.
	ErrRejected = errors.New("batch tokens are rejected")
)

// Tokens provides the token of one client. It is safe for concurrent use.
type Tokens struct {
	fetch func(context.Context) (*Token, error)
	turn  chan struct{}   // held by the first call in the queue; a channel serves its senders in order
	pace  *ratelimit.Pace // used by the call that holds turn

	mu        sync.Mutex // guards the rest
	token     *Token
	nextFetch time.Time // no token is fetched before
	paused    time.Duration
	reason    error // the last failure, until a token is fetched
	reported  bool  // a reason of this kind was returned by Fallback since the last Accepted
}

// New returns Tokens that fetch new tokens with fetch.
func New(fetch func(context.Context) (*Token, error)) *Tokens {
	return &Tokens{fetch: fetch, turn: make(chan struct{}, 1), pace: ratelimit.NewPace(rate)}
}

// Take waits for the request's turn and returns the token for it. The first call in
// the queue fetches a new token when that is due, so no call uses a token that
// expired while it waited. The error is ErrNone or the error of ctx.
func (t *Tokens) Take(ctx context.Context) (*Token, error) {
	if token, due := t.state(); token == nil && !due {
		return nil, ErrNone
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.turn }()
	token, due := t.state()
	if due {
		token = t.renew(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case token == nil:
		return nil, ErrNone
	}
	return token, t.pace.Wait(ctx)
}

// Available reports whether there is a token that has not expired.
func (t *Tokens) Available() bool {
	token, _ := t.state()
	return token != nil
}

// Discard discards a token that the batch host rejected.
func (t *Tokens) Discard(token *Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = nil
	}
}

// Rejected makes Take return ErrNone for 10 minutes, because the batch host does not
// accept new tokens. token is the last one that was rejected. If there is another
// token now, Rejected does nothing.
func (t *Tokens) Rejected(token *Token, reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == nil || t.token == token {
		t.token = nil
		t.pause(rejectedPause, reason)
	}
}

// Unreachable makes Take return ErrNone for 30 seconds, because no connection to the
// batch host can be made.
func (t *Tokens) Unreachable(reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = nil
	t.pause(failedPause, reason)
}

// Accepted records that the batch host accepted a token, which ends an outage. A late
// response to a request with an earlier token does not.
func (t *Tokens) Accepted(token *Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.reported = false
	}
}

// Fallback returns why there is no token, for the log. It returns a reason once in an
// outage, and nil if there is a token.
func (t *Tokens) Fallback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != nil || t.reported {
		return nil
	}
	t.reported = t.reason != nil
	return t.reason
}

// renew returns a new token, or the current one if the fetch fails. The fetch takes
// at most half of the time until the caller's deadline: the rest is for the request.
func (t *Tokens) renew(ctx context.Context) *Token {
	wait := fetchTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	token, err := t.fetch(limited)
	t.mu.Lock()
	switch {
	case err == nil:
		t.token, t.nextFetch, t.reason = token, time.Time{}, nil
	case ctx.Err() != nil || limited.Err() != nil && wait < time.Second:
		// The caller had too little time. The next caller fetches.
	case errors.Is(err, ErrRejected):
		t.pause(rejectedPause, err)
	case limited.Err() != nil:
		t.pause(failedPause, fmt.Errorf("no batch token within %v: %w", wait.Round(time.Millisecond), err))
	default:
		t.pause(failedPause, err)
	}
	t.mu.Unlock()
	token, _ = t.state()
	return token
}

// state returns the current token, or nil, and whether a new one should be fetched.
func (t *Tokens) state() (token *Token, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.token != nil && !now.Before(t.token.expires) {
		t.token = nil
	}
	due = t.token == nil || !now.Before(t.token.renew)
	return t.token, due && !now.Before(t.nextFetch)
}

// pause stops fetching tokens for a time. A token that is still valid is used. A
// reason of another kind is reported again. t.mu is held.
func (t *Tokens) pause(d time.Duration, reason error) {
	t.reported = t.reported && d == t.paused
	t.nextFetch, t.paused, t.reason = time.Now().Add(d), d, reason
}
