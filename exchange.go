package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// maxConnections is how many connections net/http may take for one attempt. It
// sends a request again by itself when it finds a connection closed, or an
// HTTP/2 stream refused, and knows no bound.
const maxConnections = 3

// exchange is the sending of one call: its attempts, one after the other.
type exchange struct {
	*sender
	call      call
	attempts  int           // requests
	detours   int           // of them, which the policy does not count: see attemptBatch
	forbidden bool          // by the batch host: the ordinary one is asked
	waited    time.Duration // before the current attempt
	unclear   bool          // an attempt before it may have done what was asked
	last      *failure      // of the attempt before
}

// failure is why an attempt failed, and whether another one makes sense.
type failure struct {
	err     error
	again   bool          // another attempt may help and does no harm
	after   time.Duration // the wait that the server asked for; 0: none
	unknown bool          // the server may have done what was asked
	passing bool          // the rate limit held the attempt back: later it would not
	detour  detour        // what it says of the batch host, if that was asked
}

// do sends attempts until the reply to one was read without an error, or there
// are to be no more.
func (x *exchange) do(ctx context.Context, read func(*reply) error) error {
	r, err := x.open(ctx)
	for err == nil {
		failed := r.finish(read(r))
		if failed == nil {
			return nil
		}
		r, err = x.reopen(ctx, failed)
	}
	return err
}

// open sends attempts until the server answers one with a status of success.
func (x *exchange) open(ctx context.Context) (*reply, error) {
	for {
		r, failed := x.attempt(ctx)
		if failed == nil {
			return r, nil
		}
		if err := x.wait(ctx, failed); err != nil {
			return nil, err
		}
	}
}

// reopen goes on after a reply that failed while it was read.
func (x *exchange) reopen(ctx context.Context, failed *failure) (*reply, error) {
	if err := x.wait(ctx, failed); err != nil {
		return nil, err
	}
	return x.open(ctx)
}

// wait returns nil when it is time for another attempt, and the call's error
// when there is to be none.
func (x *exchange) wait(ctx context.Context, failed *failure) error {
	x.last = failed
	if !failed.again || x.attempts-x.detours >= x.policy.MaxAttempts || failed.after > x.policy.MaxWait {
		return x.fail(failed)
	}
	wait := failed.after
	if wait == 0 {
		wait = retry.Backoff(x.policy.BaseDelay, x.policy.MaxDelay, x.attempts-x.detours-1)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return x.fail(failed)
	}
	if !x.budget.Spend() {
		return x.fail(failed)
	}
	x.unclear = x.unclear || failed.unknown
	asked := time.Now()
	if retry.Sleep(ctx, wait) != nil {
		return x.interrupted(ctx)
	}
	x.waited = time.Since(asked)
	return nil
}

// interrupted is the error of a call that was canceled between two attempts.
func (x *exchange) interrupted(ctx context.Context) error {
	return fmt.Errorf("cfimages: %s: %w while waiting to try again after: %w", x.call.op, cancellation(ctx), x.fail(x.last))
}

// fail returns the error of the whole call.
func (x *exchange) fail(failed *failure) error {
	err := failed.err
	if failed.unknown && x.call.repetition != repeatAlways {
		err = x.markUnknown(err)
	}
	if e, ok := err.(*Error); ok { // not one that was wrapped: it may be somebody else's
		e.Attempts = x.attempts
		return e
	}
	if x.attempts > 1 {
		return fmt.Errorf("cfimages: %s: attempt %d: %w", x.call.op, x.attempts, err)
	}
	return fmt.Errorf("cfimages: %s: %w", x.call.op, err)
}

func (x *exchange) markUnknown(err error) error {
	unknown := fmt.Errorf("%w: %s", ErrOutcomeUnknown, x.call.unsure)
	if e, ok := err.(*Error); ok {
		if e.cause != nil {
			unknown = fmt.Errorf("%w; %w", e.cause, unknown)
		}
		e.cause = unknown
		return e
	}
	return fmt.Errorf("%w; %w", err, unknown)
}

// attempt sends a request and returns its reply if its status is a success.
func (x *exchange) attempt(ctx context.Context) (*reply, *failure) {
	if ctx.Err() != nil {
		return nil, &failure{err: cancellation(ctx)}
	}
	if x.batch != nil && x.call.batched {
		if r, failed := x.attemptBatch(ctx); r != nil || failed != nil {
			return r, failed
		}
		x.batch.tell(ctx, x.log)
	}
	if !x.call.foreign {
		asked := time.Now()
		if err := x.gate.Acquire(ctx, x.policy.MaxWait); err != nil {
			return nil, x.heldBack(ctx, err)
		}
		defer x.gate.Done()
		x.waited += time.Since(asked)
	}
	r, failed := x.send(ctx, nil)
	if x.forbidden && failed == nil {
		x.batch.leave(batchRefusedPause, errBatchRefused)
		x.batch.tell(ctx, x.log)
	}
	x.forbidden = false
	return r, failed
}

// send sends one request, to the batch host if there is a token for that.
func (x *exchange) send(ctx context.Context, token *batchToken) (*reply, *failure) {
	x.attempts++
	r := newReply(ctx, x, token)
	req, err := x.request(httptrace.WithClientTrace(r.attemptCtx, r.sent.trace(r.cancel)), &x.call, token)
	if err != nil {
		r.close()
		return nil, &failure{err: err}
	}
	if req.Body != nil {
		req.Body = watchedBody{req.Body, r}
	}
	resp, err := x.http.Do(req)
	r.answered()
	if err != nil {
		return nil, r.lost(err)
	}
	return r.receive(resp)
}

// heldBack is the failure of an attempt that the known rate limit did not let
// through. What made the attempt before fail is not forgotten.
func (x *exchange) heldBack(ctx context.Context, err error) *failure {
	var limited *ratelimit.WaitError
	switch {
	case !errors.As(err, &limited) && x.last != nil:
		return &failure{err: fmt.Errorf("%w while waiting to try again after: %w", cancellation(ctx), x.last.err), unknown: x.last.unknown}
	case !errors.As(err, &limited):
		return &failure{err: cancellation(ctx)}
	case x.last != nil:
		e, ok := x.last.err.(*Error)
		if !ok {
			e = &Error{Op: x.call.op, cause: fmt.Errorf("%w after: %w", ErrRateLimited, x.last.err)}
		}
		e.RetryAfter = max(e.RetryAfter, limited.Wait)
		return &failure{err: e, unknown: x.last.unknown, passing: true}
	}
	return &failure{passing: true, err: &Error{Op: x.call.op, RetryAfter: limited.Wait, cause: fmt.Errorf(
		"%w: not sent, the known quota is spent until its window ends", ErrRateLimited)}}
}

// evidence is what is known of how far a request came.
type evidence struct {
	traced      atomic.Bool
	connections atomic.Int32
	hooks       httptrace.ClientTrace
}

// trace returns the hooks that collect evidence, and give an attempt up that
// net/http sends over too many connections.
func (e *evidence) trace(giveUp func(error)) *httptrace.ClientTrace {
	e.hooks.GetConn = func(string) { e.traced.Store(true) }
	e.hooks.GotConn = func(httptrace.GotConnInfo) {
		if e.connections.Add(1) > maxConnections {
			giveUp(errResent)
		}
	}
	return &e.hooks
}

// unsent reports whether it is proven that not a byte of the request left.
func (e *evidence) unsent(err error) bool {
	return e.connections.Load() == 0 && (e.traced.Load() || retry.NeverConnected(err))
}

// withoutURL takes off the *url.Error that net/http puts around its errors: its
// URL may be a one-time upload URL.
func withoutURL(err error) error {
	if withURL, ok := err.(*url.Error); ok {
		return withURL.Err
	}
	return err
}

// cancellation returns why a context ended: its error, and its cause if that is another.
func cancellation(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
