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

// errTokensRejected means that the batch host rejected the tokens for a call that
// the standard API host accepted.
var errTokensRejected = errors.New("the batch host rejects the batch tokens that the API issues")

// maxTokenAge is how long a request waits for the rate limit before the token source
// is asked again.
const maxTokenAge = time.Second

// route selects the host of an attempt: the batch host, if it supports the call and
// a token is available, otherwise the standard API host. Each host has its own
// credentials and its own limit.
type route struct {
	attempts *attempts
	log      *slog.Logger // nil: nothing is logged

	account  string // base URL of the account's paths
	logins   logins
	gate     *ratelimit.Gate
	maxWait  time.Duration // for the gate
	dialGate dialGate

	batchBase     string        // base URL of the batch host's paths
	tokens        *batch.Tokens // nil: the batch host is not used
	batchDialGate dialGate
}

// trip is the state of one call that the layers share.
type trip struct {
	call     *Call
	requests int           // sent so far
	waited   time.Duration // before the next request
	declined *Failure      // of the batch host in this attempt; nil: none
	token    *batch.Token  // last one sent to the batch host
	rejected *rejection    // last attempt whose token was rejected; nil: none
}

// send sends one attempt to the batch host or the standard API host. If the batch
// host declines the call, the attempt takes more than one request.
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
		failed.Earlier = t.declined // its request has consumed the body
	}
	return response, failed
}

// fallBack sends a request to the standard API host after the batch host was
// unavailable or declined it.
func (r *route) fallBack(ctx context.Context, t *trip) (*Response, *Failure) {
	r.logFallback(ctx)
	response, failed := r.sendStandard(ctx, t)
	if failed == nil && t.declined != nil && t.declined.Status == http.StatusForbidden { // so the batch host rejected the token, not the call
		r.tokens.Rejected(t.token, errTokensRejected)
		r.logFallback(ctx)
	}
	return response, failed
}

// sendStandard sends one request to the standard API host, if it has credentials and
// the known rate limit allows it.
func (r *route) sendStandard(ctx context.Context, t *trip) (*Response, *Failure) {
	start := time.Now()
	login, failed := r.admit(ctx, t)
	if failed != nil {
		return nil, failed
	}
	defer r.gate.Done()
	t.waited += time.Since(start)
	response, failed := r.attempts.send(ctx, t, target{
		url:       r.account + t.call.Path,
		authorize: login.authorize,
		redact:    login.redact.With(t.call.Secrets...),
		gate:      r.gate,
		dialGate:  &r.dialGate,
	})
	if failed != nil && failed.Kind == Refused && failed.Status == http.StatusUnauthorized && r.logins.source != nil {
		failed.Retryable = t.rejected == nil // the source may return another token
		t.rejected = &rejection{failed, login}
	}
	return response, failed
}

// admit waits until the rate limit allows a request to the standard API host, and
// returns the credentials for it. The caller must then call gate.Done. A token source
// is asked before the wait, because a call must not use up quota if its source fails,
// and again after a long wait, because its token may have expired. If it fails then,
// one request of the known quota is lost.
func (r *route) admit(ctx context.Context, t *trip) (credentials *login, failed *Failure) {
	credentials, failed = r.login(ctx, t)
	if failed != nil {
		return nil, failed
	}
	start := time.Now()
	if err := r.gate.Acquire(ctx, r.maxWait); err != nil {
		if limited, ok := errors.AsType[*ratelimit.WaitError](err); ok {
			return nil, &Failure{Kind: Limited, RetryAfter: limited.Wait, Retryable: true}
		}
		return nil, canceled(ctx)
	}
	if r.logins.source == nil || time.Since(start) < maxTokenAge {
		return credentials, nil
	}
	admitted := false
	defer func() {
		if !admitted { // the source failed or panicked
			r.gate.Done()
		}
	}()
	credentials, failed = r.login(ctx, t)
	admitted = failed == nil
	return credentials, failed
}

// login returns the credentials for a request to the standard API host, unless they
// are those that it rejected.
func (r *route) login(ctx context.Context, t *trip) (*login, *Failure) {
	credentials, err := r.logins.next(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, canceled(ctx)
	case err != nil:
		return nil, &Failure{Kind: Unbuilt, Err: err}
	case t.rejected.repeats(credentials):
		t.rejected.failed.Retryable = false
		return nil, t.rejected.failed
	}
	return credentials, nil
}

// sendBatch sends one request to the batch host, and a second one with a new token
// if the first token was rejected. It returns nil, nil if the call must fall back to
// the standard API host. A 403 may apply to the call or to the token.
func (r *route) sendBatch(ctx context.Context, t *trip) (*Response, *Failure) {
	for range 2 {
		start := time.Now()
		token, err := r.tokens.Take(ctx)
		t.waited += time.Since(start)
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
			dialGate:  &r.batchDialGate,
			batch:     true,
		})
		if failed == nil || !r.declines(failed, token) {
			if failed == nil || failed.Status/100 == 4 { // such as 404: the token was accepted
				r.tokens.Accepted(token)
			}
			return response, failed
		}
		failed.Op, failed.Attempts = t.call.Op, t.requests
		t.declined, t.token = failed, token
		if failed.Status != http.StatusUnauthorized {
			return nil, nil
		}
	}
	r.tokens.Rejected(t.token, errTokensRejected)
	return nil, nil
}

// declines reports whether a failure is caused by the batch host or its token, and
// not by the call.
func (r *route) declines(failed *Failure, token *batch.Token) bool {
	switch {
	case failed.Kind == Lost && failed.Unsent:
		r.tokens.Unreachable(failed.Err)
		return true
	case failed.Status == http.StatusUnauthorized:
		r.tokens.Discard(token)
		return true
	}
	return failed.Status == http.StatusForbidden
}

// logFallback logs the fallback to the standard API host and its reason, once.
func (r *route) logFallback(ctx context.Context) {
	if why := r.tokens.Fallback(); why != nil && r.log != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "cfimages batch API is unavailable: calls fall back to the standard API host",
			slog.String("error", why.Error()))
	}
}

func canceled(ctx context.Context) *Failure {
	return &Failure{Kind: Canceled, Err: Cancellation(ctx)}
}

// isQuotaLow reports whether the quota of the standard API host is low. It is false
// while the batch host is used, and after the end of the window.
func (r *route) isQuotaLow(isLow func(ratelimit.State) bool) bool {
	if r.tokens != nil && r.tokens.Available() {
		return false
	}
	state := r.gate.State()
	return time.Now().Before(state.Reset) && isLow(state)
}
