package send

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// retryBudget is the capacity of the retry budget: the retries that are not covered
// by successes.
const retryBudget = 10

// ErrStop is returned by a read function to stop reading a response. It ends the
// call without a failure.
var ErrStop = errors.New("the reader stopped")

// Policy sets how often and how long a failed call is retried. It has the fields of
// the public RetryPolicy.
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

// Do sends a call and reads its response with read. It retries as the policy
// allows, and returns nil if an attempt succeeded.
func (s *Sender) Do(ctx context.Context, c *Call, read func(*Response) error) *Failure {
	x := s.Start(c)
	r, failed := x.Open(ctx)
	if failed != nil {
		return failed
	}
	return x.Read(ctx, r, read)
}

// Start returns an Exchange for a call. It sends nothing.
func (s *Sender) Start(c *Call) *Exchange {
	return &Exchange{sender: s, trip: trip{call: c}}
}

// Exchange is one call with its successive attempts. It must be used by one
// goroutine.
type Exchange struct {
	sender  *Sender
	trip    trip
	tries   int      // attempts that the policy counts
	last    *Failure // of the previous attempt
	unclear bool     // an earlier attempt may have been executed
}

// Open sends attempts until a response has a success status.
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

// Read reads the response that Open returned, and retries until read returns nil or
// ErrStop for a response. read must return ErrStop unwrapped.
func (x *Exchange) Read(ctx context.Context, r *Response, read func(*Response) error) *Failure {
	defer func() {
		if r != nil {
			r.Close() // already closed, unless read panicked
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

// Reopen retries after a response that failed while it was read.
func (x *Exchange) Reopen(ctx context.Context, failed *Failure) (*Response, *Failure) {
	if failed := x.wait(ctx, failed); failed != nil {
		return nil, failed
	}
	return x.Open(ctx)
}

// Finish closes a response, given the result of reading it. It returns nil if the
// call succeeded or the reader stopped.
func (x *Exchange) Finish(r *Response, result error) *Failure {
	failed := r.finish(result)
	if failed != nil {
		return x.complete(failed)
	}
	x.sender.budget.Success()
	return nil
}

// complete adds the data of the whole call to a failure.
func (x *Exchange) complete(failed *Failure) *Failure {
	failed.Op, failed.Attempts = x.trip.call.Op, x.trip.requests
	failed.EarlierUnclear = x.unclear || failed.resent
	if failed.Unclear && x.trip.call.Retry != RetryAlways {
		failed.Unsure = x.trip.call.Unsure
	}
	if failed.Kind == Refused && !failed.Unclear && !retry.StatusRetryable(failed.Status) {
		x.sender.budget.Success() // the server works: it rejected this call on purpose
	}
	return failed
}

// unsent returns the failure of an attempt that sent no request. It includes the
// failure of the previous attempt.
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

// wait waits until the next attempt and returns nil. If the call may not be retried,
// it returns the failure of the call.
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
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait || !x.spendBudget(failed) {
		return failed
	}
	x.unclear = x.unclear || failed.Unclear
	start := time.Now()
	if retry.Sleep(ctx, wait) != nil {
		return x.complete(&Failure{Kind: Canceled, Err: Cancellation(ctx), Earlier: failed})
	}
	x.trip.waited = time.Since(start)
	return nil
}

// spendBudget takes a token of the retry budget for a retry, and reports whether the
// retry may be sent. Attempts that were lost with the same connection share one
// token, and an attempt that was not sent takes none.
func (x *Exchange) spendBudget(failed *Failure) bool {
	switch {
	case failed.Unsent:
		return true
	case failed.connection != nil:
		return failed.connection.spendOnce(x.sender.budget.Spend)
	}
	return x.sender.budget.Spend()
}

// mayRetry reports whether a retry may succeed and is allowed by the call's rule.
func (x *Exchange) mayRetry(failed *Failure) bool {
	if content := x.trip.call.Content; content != nil && content.Spent != nil && content.Spent() {
		return false
	}
	switch x.trip.call.Retry {
	case RetryAlways:
		return failed.Retryable
	case RetryUnserved:
		return failed.Retryable && (failed.Unsent || failed.Unserved || failed.Status == http.StatusTooManyRequests)
	case RetryUnsent:
		return failed.Retryable && failed.Unsent
	}
	return false
}

// RateLimit returns the known rate limit of the standard API host.
func (s *Sender) RateLimit() ratelimit.State { return s.route.gate.State() }

// IsQuotaLow reports whether fewer than n requests remain in the current window.
// The batch host has no such quota.
func (s *Sender) IsQuotaLow(n int) bool {
	return s.route.isQuotaLow(func(state ratelimit.State) bool { return state.Remaining < n })
}

// IsQuotaReserved reports whether less than a quarter of the quota remains. Polling
// leaves it to other calls.
func (s *Sender) IsQuotaReserved() bool {
	return s.route.isQuotaLow(func(state ratelimit.State) bool { return state.Remaining < state.Quota/4 })
}
