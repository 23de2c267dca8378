// Package batch keeps a token of Cloudflare's batch host: fetched once for all
// who wait, renewed before it expires, and handed out at the host's rate. It knows
// nothing of the calls that use it.
package batch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
)

const (
	// rate is how many requests a second go to the batch host. Cloudflare's
	// developer documentation allows 200 for each token; the rest is for requests
	// that arrive closer together than they were sent.
	rate = 190

	// For so long no token is fetched after one was refused, or could not be had
	// for another reason.
	refusedPause = 10 * time.Minute
	failedPause  = 30 * time.Second

	// patience is how long those who wait for a token go without one.
	patience = 15 * time.Second
)

var (
	// ErrNone is for a time in which no token can be had.
	ErrNone = errors.New("there is no token for the batch host")
	// ErrRefused marks the error of a fetch that is not worth another one soon.
	ErrRefused = errors.New("batch tokens are refused")
)

// Tokens hands out the token of one client. It is safe for concurrent use.
type Tokens struct {
	fetch func(context.Context) (*Token, error)
	turn  chan struct{}   // held by the first of the queue; a channel serves its senders in order
	pace  *ratelimit.Pace // for who holds turn

	mu       sync.Mutex // guards the rest
	token    *Token
	ask      time.Time // no token is fetched before
	paused   time.Duration
	why      error // the last failure, until a token is fetched
	reported bool  // why was returned by Fallback
}

// New returns Tokens that get new ones from fetch.
func New(fetch func(context.Context) (*Token, error)) *Tokens {
	return &Tokens{fetch: fetch, turn: make(chan struct{}, 1), pace: ratelimit.NewPace(rate)}
}

// Take returns the token to send one request with, when it is the request's
// turn. The first of the queue fetches a token if one is due, so that nobody
// passes with one that has expired meanwhile. The error is ErrNone or that of ctx.
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

// Reject forgets a token that the batch host refused.
func (t *Tokens) Reject(token *Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = nil
	}
}

// Refused makes Take return ErrNone for a while, because the batch host does not
// accept the tokens that it is shown, this one being the last. It does nothing if
// there is another token by now.
func (t *Tokens) Refused(token *Token, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == nil || t.token == token {
		t.token = nil
		t.pause(refusedPause, why)
	}
}

// Unreachable makes Take return ErrNone for a while, because no connection to the
// batch host can be made.
func (t *Tokens) Unreachable(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = nil
	t.pause(failedPause, why)
}

// Fallback returns once why there is no token, so that it can be logged; nil when
// that was returned before, or there is a token.
func (t *Tokens) Fallback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != nil || t.reported {
		return nil
	}
	t.reported = t.why != nil
	return t.why
}

// renew returns a new token, or the present one if none comes in time: the caller
// needs the rest of its time for its request.
func (t *Tokens) renew(ctx context.Context) *Token {
	wait := patience
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	token, err := t.fetch(limited)
	t.mu.Lock()
	switch {
	case err == nil:
		t.token, t.ask, t.why, t.reported = token, time.Time{}, nil, false
	case ctx.Err() != nil || limited.Err() != nil && wait < time.Second:
		// The caller had no time. The next one tries.
	case errors.Is(err, ErrRefused):
		t.pause(refusedPause, err)
	default:
		t.pause(failedPause, err)
	}
	t.mu.Unlock()
	token, _ = t.state()
	return token
}

// state returns the token to use, nil for none, and whether one is to be fetched.
func (t *Tokens) state() (token *Token, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.token != nil && !now.Before(t.token.expires) {
		t.token = nil
	}
	due = t.token == nil || !now.Before(t.token.renew)
	return t.token, due && !now.Before(t.ask)
}

// pause lets no token be fetched for a while. One that is still good is used. A
// reason of another kind is reported anew. t.mu is held.
func (t *Tokens) pause(d time.Duration, why error) {
	t.reported = t.reported && d == t.paused
	t.ask, t.paused, t.why = time.Now().Add(d), d, why
}
