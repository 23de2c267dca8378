package cfimages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// What is read of a reply at most.
const (
	maxReplyBytes  = 32 << 20 // decoded, of a success
	maxErrorBytes  = 64 << 10 // decoded, of an error
	maxHeaderBytes = 1 << 20
	maxSilence     = 30 * time.Second // without a byte of the body
)

// retryBudget is how many retries a client may spend that no success paid back.
const retryBudget = 10

// sender is the one path on which every request leaves.
type sender struct {
	http      *http.Client
	account   string // the URL below which the account's paths lie
	creds     credentials
	userAgent string
	insecure  bool
	log       logger
	policy    RetryPolicy
	timeout   time.Duration
	budget    *retry.Budget
	gate      *ratelimit.Gate
	secrets   *strings.Replacer // takes the secrets out of a text
}

// credentials are an API token, or an e-mail address and an API key.
type credentials struct{ token, email, key *secret.Value }

func newSender(cfg *config, base, account string, creds credentials) *sender {
	s := &sender{
		http:      cfg.httpClient,
		account:   base + "/accounts/" + account + "/",
		creds:     creds,
		userAgent: strings.TrimSpace(cfg.userAgent + " cfimages-go/" + version),
		insecure:  cfg.insecure,
		log:       cfg.logger,
		policy:    cfg.retry,
		timeout:   cfg.timeout,
		budget:    retry.NewBudget(retryBudget),
		gate:      ratelimit.NewGate(),
		secrets:   redactor(creds.token.Reveal(), creds.email.Reveal(), creds.key.Reveal()),
	}
	if s.http == nil {
		s.http = &http.Client{Transport: newTransport()}
	}
	own := *s.http
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.http = &own
	return s
}

// newTransport returns the transport of a client that was given none.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// repetition says when a call may be sent again.
type repetition int

const (
	repeatAlways   repetition = iota // it does no harm
	repeatUnserved                   // not sent, or refused by the rate limit
	repeatUnsent                     // not a byte left
)

// call is what is asked of the server, whatever the number of attempts.
type call struct {
	op       string
	method   string
	url      string
	template string // the path for the log: no IDs, no secrets
	// content returns the body for the next attempt, nil for none. It reports to
	// progress when a part of it was taken.
	content    func(progress func()) (content, error)
	repetition repetition
	unsure     string // what may have happened when the outcome is unknown, and how to look
	foreign    bool   // not the API's host: no credentials, no rate limit
}

// content is the body of one attempt's request.
type content struct {
	io.ReadCloser
	contentType string
	size        int64 // -1: unknown
	// again returns the body from its start, nil if it can not. net/http uses it
	// where not a byte went out over a connection that turned out to be closed.
	again func() (io.ReadCloser, error)
}

// apiCall returns a call of the account's API.
func (s *sender) apiCall(op, method, path, template string) call {
	return call{op: op, method: method, url: s.account + path, template: template}
}

// do sends a call, and reads its reply with read, as often as the policy allows.
func (s *sender) do(ctx context.Context, c call, read func(io.Reader) error) error {
	x := &exchange{sender: s, call: c}
	r, err := x.open(ctx)
	for err == nil {
		failed := r.finish(read(r.body))
		if failed == nil {
			return nil
		}
		r, err = x.reopen(ctx, failed)
	}
	return err
}

// request builds the request of one attempt.
func (s *sender) request(ctx context.Context, c *call, progress func()) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, nil)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", withoutURL(err))
	}
	req.Header.Set("User-Agent", s.userAgent)
	req.Header.Set("Accept", "application/json")
	if c.content != nil {
		content, err := c.content(progress)
		if err != nil {
			return nil, err
		}
		req.Body, req.ContentLength, req.GetBody = content.ReadCloser, content.size, content.again
		req.Header.Set("Content-Type", content.contentType)
	}
	switch {
	case c.foreign:
	case s.creds.token.Reveal() != "":
		req.Header.Set("Authorization", "Bearer "+s.creds.token.Reveal())
	default:
		req.Header.Set("X-Auth-Email", s.creds.email.Reveal())
		req.Header.Set("X-Auth-Key", s.creds.key.Reveal())
	}
	return req, nil
}

// exchange is the sending of one call: its attempts, one after the other.
type exchange struct {
	*sender
	call     call
	attempts int
	waited   time.Duration // before the current attempt
	unclear  bool          // an attempt before it may have done what was asked
}

// failure is why an attempt failed, and whether another one makes sense.
type failure struct {
	err     error
	again   bool          // another attempt may help and does no harm
	after   time.Duration // the wait that the server asked for; 0: none
	unknown bool          // the server may have done what was asked
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
	if !failed.again || x.attempts >= x.policy.MaxAttempts || failed.after > x.policy.MaxWait {
		return x.fail(failed)
	}
	wait := failed.after
	if wait == 0 {
		wait = x.policy.internal().Backoff(x.attempts - 1)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return x.fail(failed)
	}
	if !x.budget.Spend() {
		return x.fail(failed)
	}
	x.waited = wait
	x.unclear = x.unclear || failed.unknown
	if retry.Sleep(ctx, wait) != nil {
		return fmt.Errorf("%w while waiting to try again after: %w", cancellation(ctx), x.fail(failed))
	}
	return nil
}

// fail returns the error of the whole call.
func (x *exchange) fail(failed *failure) error {
	if failed.unknown && x.call.repetition != repeatAlways {
		failed.err = x.markUnknown(failed.err)
	}
	var e *Error
	if errors.As(failed.err, &e) {
		e.Attempts = x.attempts
		return e
	}
	if x.attempts > 1 {
		return fmt.Errorf("cfimages: %s: attempt %d: %w", x.call.op, x.attempts, failed.err)
	}
	return fmt.Errorf("cfimages: %s: %w", x.call.op, failed.err)
}

func (x *exchange) markUnknown(err error) error {
	unknown := fmt.Errorf("%w: %s", ErrOutcomeUnknown, x.call.unsure)
	var e *Error
	if errors.As(err, &e) {
		if e.cause != nil {
			unknown = fmt.Errorf("%w; %w", e.cause, unknown)
		}
		e.cause = unknown
		return e
	}
	return fmt.Errorf("%w; %w", err, unknown)
}

// attempt sends one request and returns its reply if its status is a success.
func (x *exchange) attempt(ctx context.Context) (*reply, *failure) {
	if err := ctx.Err(); err != nil {
		return nil, &failure{err: cancellation(ctx)}
	}
	if !x.call.foreign {
		asked := time.Now()
		if err := x.gate.Acquire(ctx, x.policy.MaxWait); err != nil {
			return nil, &failure{err: x.notSent(ctx, err)}
		}
		defer x.gate.Done()
		x.waited += time.Since(asked)
	}
	x.attempts++
	r := &reply{exchange: x, ctx: ctx, started: time.Now()}
	r.attempt, r.cancel = context.WithCancelCause(ctx)
	r.watchdog = time.AfterFunc(x.timeout, func() { r.cancel(errNoReply) })
	var sent evidence
	resp, err := x.roundTrip(r, &sent)
	r.watchdog.Stop()
	if err != nil {
		return nil, r.lost(err, sent)
	}
	return r.receive(resp)
}

// roundTrip sends the attempt's request.
func (x *exchange) roundTrip(r *reply, sent *evidence) (*http.Response, error) {
	ctx := r.attempt
	if x.call.repetition != repeatAlways {
		ctx = httptrace.WithClientTrace(ctx, sent.trace())
	}
	req, err := x.request(ctx, &x.call, func() { r.watchdog.Reset(x.timeout) })
	if err != nil {
		return nil, err
	}
	return x.http.Do(req)
}

// notSent is the error of a call that the known rate limit held back.
func (x *exchange) notSent(ctx context.Context, err error) error {
	var limited *ratelimit.WaitError
	if errors.As(err, &limited) {
		return &Error{Op: x.call.op, RetryAfter: limited.Wait, cause: fmt.Errorf(
			"%w: not sent, the known quota is spent until its window ends", ErrRateLimited)}
	}
	return cancellation(ctx)
}

// evidence is what is known of how far a request came.
type evidence struct{ traced, connected bool }

func (e *evidence) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { e.traced = true },
		GotConn: func(httptrace.GotConnInfo) { e.connected = true },
	}
}

// unsent reports whether it is proven that not a byte of the request left.
func (e evidence) unsent(err error) bool {
	return !e.connected && (e.traced || retry.NeverConnected(err))
}

// withoutURL takes off the *url.Error that net/http puts around its errors: its
// URL may be a one-time upload URL.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
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
