package send

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go/internal/batch"
	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// errBatchRefused is for a batch host that accepts no token for a call that the
// API accepts.
var errBatchRefused = errors.New("the batch host refuses the batch tokens that the API gives")

// route decides which host takes an attempt: the batch host, if it can take the
// call and there is a token for it, or else the standard API host. Each has its own
// credentials and its own limit.
type route struct {
	attempts *attempts
	log      *slog.Logger // nil: nothing is logged

	account string // the URL below which the account's paths lie
	logins  logins
	gate    *ratelimit.Gate
	maxWait time.Duration // for the gate
	door    door

	batchBase string        // the URL below which the batch host's paths lie
	tokens    *batch.Tokens // nil: the batch host is not used
	batchDoor door
}

// trip is what the layers keep of one call.
type trip struct {
	call     *Call
	requests int           // sent so far
	waited   time.Duration // before the next one
	declined *Failure      // by the batch host, in this attempt; nil: it did not
	token    *batch.Token  // that the batch host was shown last
	rejected *rejection    // the last attempt whose token was rejected; nil: there was none
}

// send sends one attempt, wherever it can be sent. It may take more than one
// request to find that out.
func (r *route) send(ctx context.Context, t *trip) (*Response, *Failure) {
	switch {
	case ctx.Err() != nil:
		return nil, canceled(ctx)
	case t.call.UploadURL != "":
		return r.attempts.send(ctx, t, target{url: t.call.UploadURL, redact: secret.NewRedactor(t.call.Secrets...)})
	case r.tokens == nil || !t.call.Batched:
		return r.sendStandard(ctx, t)
	}
	t.declined = nil
	response, failed := r.sendBatch(ctx, t)
	if response == nil && failed == nil {
		response, failed = r.fallBack(ctx, t)
	}
	if failed != nil && failed.Kind == Unbuilt {
		failed.Earlier = t.declined // which has used up the request's body
	}
	return response, failed
}

// fallBack sends a request to the standard API host that the batch host did not take.
func (r *route) fallBack(ctx context.Context, t *trip) (*Response, *Failure) {
	r.logFallback(ctx)
	response, failed := r.sendStandard(ctx, t)
	if failed == nil && t.declined != nil && t.declined.Status == http.StatusForbidden { // so it is not the call that is
		r.tokens.Refused(t.token, errBatchRefused)
		r.logFallback(ctx)
	}
	return response, failed
}

// sendStandard sends one request to the standard API host, when there are
// credentials for it and the known rate limit allows it.
func (r *route) sendStandard(ctx context.Context, t *trip) (*Response, *Failure) {
	asked := time.Now()
	login, err := r.logins.next(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, canceled(ctx)
	case err != nil:
		return nil, &Failure{Kind: Unbuilt, Err: err}
	case t.rejected.repeats(login):
		t.rejected.failed.Passing = false
		return nil, t.rejected.failed
	}
	if err := r.gate.Acquire(ctx, r.maxWait); err != nil {
		if limited, ok := errors.AsType[*ratelimit.WaitError](err); ok {
			return nil, &Failure{Kind: Limited, RetryAfter: limited.Wait, Passing: true}
		}
		return nil, canceled(ctx)
	}
	defer r.gate.Done()
	t.waited += time.Since(asked)
	response, failed := r.attempts.send(ctx, t, target{
		url:       r.account + t.call.Path,
		authorize: login.authorize,
		redact:    login.redact.With(t.call.Secrets...),
		gate:      r.gate,
		door:      &r.door,
	})
	if failed != nil && failed.Kind == Refused && failed.Status == http.StatusUnauthorized && r.logins.source != nil {
		failed.Passing = t.rejected == nil // the source may have another token by now
		t.rejected = &rejection{failed, login}
	}
	return response, failed
}

// sendBatch sends one request to the batch host, and a second one with a new token
// if the first was refused there. It returns nils when the standard API host is to
// take the call. A 403 may be meant for the call or for the token.
func (r *route) sendBatch(ctx context.Context, t *trip) (*Response, *Failure) {
	for range 2 {
		asked := time.Now()
		token, err := r.tokens.Take(ctx)
		t.waited += time.Since(asked)
		switch {
		case errors.Is(err, batch.ErrNone):
			return nil, nil
		case err != nil:
			return nil, canceled(ctx)
		}
		response, failed := r.attempts.send(ctx, t, target{
			url:       r.batchBase + t.call.Path,
			authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+token.Value.Reveal()) },
			redact:    token.Redact.With(t.call.Secrets...),
			door:      &r.batchDoor,
			batch:     true,
		})
		if failed == nil || !r.declines(failed, token) {
			return response, failed
		}
		failed.Op, failed.Attempts = t.call.Op, t.requests
		t.declined, t.token = failed, token
		if failed.Status != http.StatusUnauthorized {
			return nil, nil
		}
	}
	r.tokens.Refused(t.token, errBatchRefused)
	return nil, nil
}

// declines reports whether a failure is that of the batch host or of its token,
// and not one of the call.
func (r *route) declines(failed *Failure, token *batch.Token) bool {
	switch {
	case failed.Kind == Lost && failed.Unsent:
		r.tokens.Unreachable(failed.Err)
		return true
	case failed.Status == http.StatusUnauthorized:
		r.tokens.Reject(token)
		return true
	}
	return failed.Status == http.StatusForbidden
}

// logFallback logs once that the standard API host takes the calls, and why.
func (r *route) logFallback(ctx context.Context) {
	if why := r.tokens.Fallback(); why != nil && r.log != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "cfimages batch API is unavailable: calls fall back to the standard API host",
			slog.String("error", why.Error()))
	}
}

func canceled(ctx context.Context) *Failure {
	return &Failure{Kind: Canceled, Err: Cancellation(ctx)}
}

// isQuotaLow reports whether the quota of the standard API host is low, when that
// host takes the calls and its window has not ended.
func (r *route) isQuotaLow(isLow func(ratelimit.State) bool) bool {
	if r.tokens != nil && r.tokens.Available() {
		return false
	}
	state := r.gate.State()
	return time.Now().Before(state.Reset) && isLow(state)
}
