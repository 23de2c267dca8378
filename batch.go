package cfimages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
)

const (
	defaultBatchBaseURL = "https://batch.imagedelivery.net"

	// batchRate is how many requests a second go to the batch host. Cloudflare's
	// developer documentation allows 200 for each token; the rest is for requests
	// that come closer together than they were sent.
	batchRate = 190

	// For so long the ordinary host takes all calls after the batch host refused
	// them, or when there is no way to it for another reason.
	batchRefusedPause = 10 * time.Minute
	batchFailedPause  = 30 * time.Second

	// batchPatience is how long the calls wait for a token before the ordinary host
	// takes them.
	batchPatience = 15 * time.Second
)

// errNoBatch sends a call to the ordinary host.
var errNoBatch = errors.New("there is no token for the batch host")

// errBatchRefused is for a batch host that is not to be moved to take a call.
var errBatchRefused = errors.New("the batch host refuses the batch tokens that the API gives")

// batchAPI is the way to the batch host: its tokens and its pace.
type batchAPI struct {
	base string          // the URL below which the paths lie
	turn chan struct{}   // held by the first of the queue; a channel serves its senders in order
	pace *ratelimit.Pace // for who holds turn

	mu       sync.Mutex // guards the rest
	token    *batchToken
	ask      time.Time // no token is fetched before
	why      error     // the batch host is left, or no token comes
	replaced bool      // by the ordinary host, and that was logged
}

func newBatchAPI(base string) *batchAPI {
	return &batchAPI{base: base + "/", turn: make(chan struct{}, 1), pace: ratelimit.NewPace(batchRate)}
}

// detour is what an attempt at the batch host learned of that host, rather than
// of its call.
type detour int

const (
	noDetour      detour = iota
	hostUnreached        // no connection was made
	callForbidden        // by a 403: the ordinary host knows whether it is the call that is, or the batch host
	tokenRefused         // by a 401
)

// attemptBatch sends one request to the batch host. When a token is refused there,
// it is sent again with a new one, which is not another attempt. It returns nils
// when the ordinary host is to be asked.
func (x *exchange) attemptBatch(ctx context.Context) (*reply, *failure) {
	for range 2 {
		asked := time.Now()
		token, err := x.batch.take(ctx, x.sender)
		x.waited += time.Since(asked)
		switch {
		case err == errNoBatch:
			return nil, nil
		case err != nil:
			return nil, x.heldBack(ctx, err)
		}
		r, failed := x.send(ctx, token)
		if failed == nil || failed.detour == noDetour {
			return r, failed
		}
		x.detours, x.waited = x.detours+1, 0
		switch failed.detour {
		case hostUnreached:
			x.batch.leave(batchFailedPause, failed.err)
			return nil, nil
		case callForbidden:
			x.forbidden = true
			return nil, nil
		}
		x.batch.reject(token)
	}
	x.batch.leave(batchRefusedPause, errBatchRefused)
	return nil, nil
}

// take returns the token to send one request with, when it is the request's
// turn. The first of the queue fetches a token where one is due, so that nobody
// passes with one that is not good any more. Its error is errNoBatch or that of ctx.
func (b *batchAPI) take(ctx context.Context, s *sender) (*batchToken, error) {
	if token, due := b.state(); token == nil && !due {
		return nil, errNoBatch
	}
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.turn }()
	token, due := b.state()
	if due {
		token = b.fetch(ctx, s)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case token == nil:
		return nil, errNoBatch
	}
	return token, b.pace.Wait(ctx)
}

// fetch returns a new token, or the one there is when none comes in time: the
// call needs the rest of its time for itself.
func (b *batchAPI) fetch(ctx context.Context, s *sender) *batchToken {
	patience := batchPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)/2)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	token, err := s.fetchBatchToken(limited)
	switch {
	case err == nil:
		b.store(token)
	case ctx.Err() != nil || limited.Err() != nil && patience < time.Second:
		// It was the caller who had no time: the next one asks again.
	case errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound):
		b.pause(batchRefusedPause, err)
	default:
		b.pause(batchFailedPause, err)
	}
	token, _ = b.state()
	return token
}

// state returns the token to use, nil for none, and whether one is to be fetched.
func (b *batchAPI) state() (token *batchToken, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.token != nil && !now.Before(b.token.expires) {
		b.token = nil
	}
	due = b.token == nil || !now.Before(b.token.renew)
	return b.token, due && !now.Before(b.ask)
}

func (b *batchAPI) store(token *batchToken) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token, b.why, b.replaced = token, nil, false
}

// reject forgets a token that the batch host refused.
func (b *batchAPI) reject(token *batchToken) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token == token {
		b.token = nil
	}
}

// pause lets no token be fetched for a while. One that is still good is used.
func (b *batchAPI) pause(d time.Duration, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ask, b.why = time.Now().Add(d), why
}

// leave sends all calls to the ordinary host for a while.
func (b *batchAPI) leave(d time.Duration, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token, b.ask, b.why = nil, time.Now().Add(d), why
}

// tell logs once why the ordinary host takes the calls, when it does.
func (b *batchAPI) tell(ctx context.Context, log *slog.Logger) {
	b.mu.Lock()
	why := b.why
	first := b.token == nil && why != nil && !b.replaced
	b.replaced = b.replaced || first
	b.mu.Unlock()
	if first && log != nil {
		log.LogAttrs(ctx, slog.LevelWarn, "cfimages batch API cannot be used: calls go to the ordinary host",
			slog.String("error", why.Error()))
	}
}

// detourAfter is what the status of a reply says, to a request with that token.
func detourAfter(status int, token *batchToken) detour {
	switch {
	case token == nil:
		return noDetour
	case status == http.StatusUnauthorized:
		return tokenRefused
	case status == http.StatusForbidden:
		return callForbidden
	}
	return noDetour
}
