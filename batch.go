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
	batchRate = 195

	// For so long the ordinary host takes all calls after tokens were refused, or
	// when none could be fetched for another reason.
	batchRefusedPause = 10 * time.Minute
	batchFailedPause  = 30 * time.Second
)

// errBatchRefused is for a batch host that took neither of two tokens in a row.
var errBatchRefused = errors.New("the batch host refuses the batch tokens that the API gives")

// batchAPI is the way to the batch host: its tokens and its pace.
type batchAPI struct {
	base string // the URL below which the paths lie
	pace *ratelimit.Pace
	turn chan struct{} // held by the call that fetches a token

	mu       sync.Mutex // guards the rest
	token    *batchToken
	ask      time.Time // no token is fetched before
	replaced bool      // by the ordinary host, and that was logged
}

func newBatchAPI(base string) *batchAPI {
	return &batchAPI{base: base + "/", pace: ratelimit.NewPace(batchRate), turn: make(chan struct{}, 1)}
}

// attemptBatch sends one request to the batch host. When a token is refused there,
// it is sent again with a new one, which is not another attempt. It returns nils
// when the ordinary host is to be asked, which has the last word on what is
// forbidden.
func (x *exchange) attemptBatch(ctx context.Context) (*reply, *failure) {
	b := x.batch
	for range 2 {
		asked := time.Now()
		token, err := b.get(ctx, x.sender)
		if err != nil {
			return nil, x.heldBack(ctx, err)
		}
		if token == nil {
			return nil, nil
		}
		if err := b.pace.Wait(ctx); err != nil {
			return nil, x.heldBack(ctx, err)
		}
		if latest, _ := b.state(); latest != nil {
			token = latest
		}
		x.waited += time.Since(asked)
		r, failed := x.send(ctx, token)
		if failed == nil || failed.rejected == 0 {
			return r, failed
		}
		x.rejected++
		if failed.rejected == http.StatusForbidden {
			return nil, nil
		}
		b.reject(token)
	}
	b.pause(ctx, batchRefusedPause, errBatchRefused, x.log)
	return nil, nil
}

// get returns the token to use, nil for the ordinary host. One call fetches it,
// while the others wait, or go on with one that is still good. Its error is
// that of ctx.
func (b *batchAPI) get(ctx context.Context, s *sender) (*batchToken, error) {
	token, due := b.state()
	if !due {
		return token, nil
	}
	if token == nil {
		select {
		case b.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	} else {
		select {
		case b.turn <- struct{}{}:
		default:
			return token, nil
		}
	}
	defer func() { <-b.turn }()
	if token, due = b.state(); !due { // another call has been here
		return token, nil
	}
	fetched, err := s.fetchBatchToken(ctx)
	switch {
	case err == nil:
		b.store(fetched)
		return fetched, nil
	case ctx.Err() != nil: // the next call fetches it
		return nil, ctx.Err()
	case errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound):
		b.pause(ctx, batchRefusedPause, err, s.log)
	default:
		b.pause(ctx, batchFailedPause, err, s.log)
	}
	token, _ = b.state()
	return token, nil
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
	b.token, b.replaced = token, false
}

// reject forgets a token that the batch host refused.
func (b *batchAPI) reject(token *batchToken) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token == token {
		b.token = nil
	}
}

// pause lets no token be fetched for a while. Without one that is still good,
// the ordinary host takes the calls, which is logged once.
func (b *batchAPI) pause(ctx context.Context, d time.Duration, why error, log logger) {
	b.mu.Lock()
	b.ask = time.Now().Add(d)
	tell := b.token == nil && !b.replaced && log != nil
	b.replaced = b.replaced || b.token == nil
	b.mu.Unlock()
	if tell {
		log.LogAttrs(ctx, slog.LevelWarn, "cfimages batch API can not be used: calls go to the ordinary host",
			slog.String("error", why.Error()))
	}
}
