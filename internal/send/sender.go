package send

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// retryBudget is how many retries a client may spend that are not covered by
// successes.
const retryBudget = 10

// ErrStop is returned by a reader that wants no more of a response. It ends the
// call without a failure.
var ErrStop = errors.New("the reader stopped")

// Policy says how often and how long a failed call is retried. It has the fields
// of the public RetryPolicy.
type Policy struct {
	MaxAttempts         int
	BaseDelay, MaxDelay time.Duration
	MaxWait             time.Duration
}

// Sender retries calls.
type Sender struct {
	route  *route
	policy Policy
	budget *retry.Budget
}

// Do sends a call and reads its response with read, in as many attempts as the
// policy allows. It returns nil when one of them was a success.
func (s *Sender) Do(ctx context.Context, c *Call, read func(*Response) error) *Failure {
	x := s.Start(c)
	r, failed := x.Open(ctx)
	if failed != nil {
		return failed
	}
	return x.Read(ctx, r, read)
}

// Start returns the exchange for a call that is not sent yet.
func (s *Sender) Start(c *Call) *Exchange {
	return &Exchange{sender: s, trip: trip{call: c}}
}

// Exchange is one call under way: its attempts, one after the other. It is for
// one goroutine.
type Exchange struct {
	sender  *Sender
	trip    trip
	tries   int      // attempts that the policy counts
	last    *Failure // of the attempt before
	unclear bool     // an attempt before may have done what was asked
}

// Open sends attempts until the server answers one with a status of success.
func (x *Exchange) Open(ctx context.Context) (*Response, *Failure) {
	for {
		x.tries++
		sent := x.trip.requests
		r, failed := x.sender.route.send(ctx, &x.trip)
		if failed == nil {
			return r, nil
		}
		if x.trip.requests == sent || failed.Kind == Unbuilt {
			failed = x.unsent(failed)
		}
		if failed = x.wait(ctx, x.complete(failed)); failed != nil {
			return nil, failed
		}
	}
}

// Read reads the response that Open returned, and those of further attempts, until
// read returns nil for one of them, or ErrStop. read must return ErrStop as it is.
func (x *Exchange) Read(ctx context.Context, r *Response, read func(*Response) error) *Failure {
	defer func() {
		if r != nil {
			r.Close() // which does something only if read panicked
		}
	}()
	for {
		failed := x.Finish(r, read(r))
		if failed == nil {
			return nil
		}
		if r, failed = x.Reopen(ctx, failed); failed != nil {
			return failed
		}
	}
}

// Reopen goes on after a response that failed while it was read.
func (x *Exchange) Reopen(ctx context.Context, failed *Failure) (*Response, *Failure) {
	if failed := x.wait(ctx, failed); failed != nil {
		return nil, failed
	}
	return x.Open(ctx)
}

// Finish ends a response that was read with the given result. It returns nil
// when that makes the call a success, or the reader stopped.
func (x *Exchange) Finish(r *Response, result error) *Failure {
	failed := r.finish(result)
	if failed != nil {
		return x.complete(failed)
	}
	x.sender.budget.Success()
	return nil
}

// complete adds to a failure what is known of the whole call.
func (x *Exchange) complete(failed *Failure) *Failure {
	failed.Op, failed.Attempts = x.trip.call.Op, x.trip.requests
	failed.EarlierUnclear = x.unclear || failed.resent
	if failed.Unclear && x.trip.call.Retry != RetryAlways {
		failed.Unsure = x.trip.call.Unsure
	}
	if failed.Kind == Refused && !failed.Unclear && !retry.StatusRetryable(failed.Status) {
		x.sender.budget.Success() // the server is well, and means what it says
	}
	return failed
}

// unsent returns the failure of a call of which no further request was sent, so
// that it says what made the attempt before fail.
func (x *Exchange) unsent(failed *Failure) *Failure {
	last := x.last
	switch {
	case last == nil || last == failed:
		return failed
	case failed.Kind == Limited && last.Kind == Refused:
		limited := *last
		limited.RetryAfter = max(last.RetryAfter, failed.RetryAfter)
		return &limited
	}
	failed.Earlier = last
	return failed
}

// wait returns nil when it is time for another attempt, and the failure of the
// call when there is to be none.
func (x *Exchange) wait(ctx context.Context, failed *Failure) *Failure {
	policy := x.sender.policy
	x.last = failed
	if !x.mayRetry(failed) || x.tries >= policy.MaxAttempts || failed.RetryAfter > policy.MaxWait {
		return failed
	}
	wait := failed.RetryAfter
	if wait == 0 {
		wait = retry.Backoff(policy.BaseDelay, policy.MaxDelay, x.tries-1)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait || !x.pay(failed) {
		return failed
	}
	x.unclear = x.unclear || failed.Unclear
	asked := time.Now()
	if retry.Sleep(ctx, wait) != nil {
		return x.complete(&Failure{Kind: Canceled, Err: Cancellation(ctx), Earlier: failed})
	}
	x.trip.waited = time.Since(asked)
	return nil
}

// pay takes a token of the retry budget for a retry: one for each attempt that failed
// by itself, one for all that were lost together with their connection, and none for
// one that the server did not get.
func (x *Exchange) pay(failed *Failure) bool {
	switch {
	case failed.Unsent:
		return true
	case failed.connection != nil:
		return failed.connection.pay(x.sender.budget.Spend)
	}
	return x.sender.budget.Spend()
}

// mayRetry reports whether another attempt may help and does no harm.
func (x *Exchange) mayRetry(failed *Failure) bool {
	switch x.trip.call.Retry {
	case RetryAlways:
		return failed.Passing
	case RetryUnserved:
		return failed.Passing && (failed.Unsent || failed.Unserved || failed.Status == http.StatusTooManyRequests)
	case RetryUnsent:
		return failed.Passing && failed.Unsent
	}
	return false
}

// RateLimit returns what is known of the rate limit of the standard API host.
func (s *Sender) RateLimit() ratelimit.State { return s.route.gate.State() }

// IsQuotaLow reports whether fewer than n requests may be sent before one has to
// wait for the next window. The batch host has no such quota.
func (s *Sender) IsQuotaLow(n int) bool {
	return s.route.isQuotaLow(func(state ratelimit.State) bool { return state.Remaining < n })
}

// IsQuotaReserved reports whether less than a quarter of the quota remains, which
// polling leaves to other calls.
func (s *Sender) IsQuotaReserved() bool {
	return s.route.isQuotaLow(func(state ratelimit.State) bool { return state.Remaining < state.Quota/4 })
}
