package send

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// attempts sends single HTTP requests.
type attempts struct {
	http      *http.Client
	userAgent string
	timeout   time.Duration // until the response's headers
	log       *slog.Logger  // nil: nothing is logged
	describe  func(*Failure) string
	decoders  envelope.Decoders
	prefixes  prefixPool

	connections connections
}

// target is the URL of a request and the settings of its host.
type target struct {
	url       string
	authorize func(http.Header) // nil: no credentials
	redact    *secret.Redactor
	gate      *ratelimit.Gate // updated from the response's headers; nil: none
	dialGate  *dialGate       // of the host; nil: none
	batch     bool            // for the log
}

// attempt is one HTTP request, from its start to the end of its response.
type attempt struct {
	attempts *attempts
	call     *Call
	target   target
	number   int
	waited   time.Duration
	started  time.Time

	caller   context.Context // the caller's context
	ctx      context.Context // ends with the attempt
	watchdog watchdog
	dial     dialState
	evidence evidence
}

// send sends one request and returns its response if it has a success status.
func (as *attempts) send(ctx context.Context, t *trip, to target) (*Response, *Failure) {
	a := &attempt{attempts: as, call: t.call, target: to, caller: ctx, dial: dialState{gate: to.dialGate}}
	start := time.Now()
	if a.dial.wait(ctx) != nil {
		return nil, canceled(ctx)
	}
	t.requests++
	a.number, a.started = t.requests, time.Now()
	a.waited, t.waited = t.waited+a.started.Sub(start), 0
	var cancel context.CancelCauseFunc
	a.ctx, cancel = context.WithCancelCause(ctx)
	a.evidence.attempt = a
	a.watchdog.start(as.timeout, cancel, &a.evidence)
	req, err := a.request()
	if err != nil {
		return nil, a.fail(&Failure{Kind: Unbuilt, Err: err})
	}
	resp, err := a.do(req)
	if err != nil {
		failed := a.lost(withoutURL(err))
		a.watchdog.headersReceived()
		return nil, a.fail(failed)
	}
	a.watchdog.headersReceived()
	a.evidence.received()
	if to.gate != nil {
		to.gate.Update(resp.Header)
	}
	return receive(a, resp)
}

// do sends the request. It ends the attempt if the caller's transport panics.
func (a *attempt) do(req *http.Request) (*http.Response, error) {
	returned := false
	defer func() {
		if !returned {
			a.end(&Response{})
		}
	}()
	resp, err := a.attempts.http.Do(req)
	returned = true
	return resp, err
}

// request builds the request.
func (a *attempt) request() (*http.Request, error) {
	ctx := httptrace.WithClientTrace(a.ctx, a.evidence.trace())
	req, err := http.NewRequestWithContext(ctx, a.call.Method, a.target.url, nil)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", withoutURL(err))
	}
	req.Header.Set("User-Agent", a.attempts.userAgent)
	req.Header.Set("Accept", cmp.Or(a.call.Accept, "application/json"))
	if a.target.authorize != nil {
		a.target.authorize(req.Header)
	}
	if content := a.call.Content; content != nil {
		body, err := content.Open(a.ctx)
		if err != nil {
			return nil, err
		}
		req.Body, req.ContentLength = watchedBody{body, &a.watchdog}, content.Size
		req.Header.Set("Content-Type", content.Type)
	} else if a.call.Retry != RetryAlways {
		// net/http resends a request without a body after a RST_STREAM with
		// PROTOCOL_ERROR, whether it was processed or not; one with a body it cannot.
		req.Body = watchedBody{io.NopCloser(strings.NewReader("")), &a.watchdog}
	}
	return req, nil
}

// lost returns the failure of an attempt without a response.
func (a *attempt) lost(err error) *Failure {
	failed := a.broken(err)
	if failed.Kind == Lost && a.evidence.sends.Load() == 0 && a.evidence.rejectedTLS.Load() {
		failed.Retryable = false
	}
	switch {
	case a.evidence.isUnsent(err):
		failed.Unsent = failed.Kind == Lost
	case failed.Kind == Lost && isUnprocessed(err):
		failed.Unserved, failed.Err = true, fmt.Errorf("%w: %w", errUnprocessed, failed.Err)
	default:
		failed.Unclear = true
	}
	return failed
}

// broken returns the failure of an attempt whose connection failed. err is the
// unchanged error of net/http; its text may contain secrets, so it is redacted.
func (a *attempt) broken(err error) *Failure {
	cause := a.watchdog.timeoutErr()
	if cause == nil {
		cause = context.Cause(a.ctx)
	}
	switch c := a.evidence.connection.Load(); {
	case a.caller.Err() != nil:
		if a.watchdog.waited(time.Now()) >= maxIdle {
			a.evidence.suspect() // the caller had less time than the request timeout
		}
		return canceled(a.caller)
	case cause != nil:
		return &Failure{Kind: Lost, Err: cause, Retryable: true, connection: a.noteLoss(err)}
	case c != nil && c.isClosed():
		return &Failure{Kind: Lost, Err: errIdle, Retryable: true, connection: a.noteLoss(err)}
	case isHeaderOverflow(err):
		return &Failure{Kind: TooLarge, Err: a.target.redact.Error(err)}
	case isTimeout(err) && a.watchdog.waited(time.Now()) > 0: // a timeout of the caller's client or transport
		a.evidence.suspect()
	}
	return &Failure{
		Kind:       Lost,
		Err:        a.target.redact.Error(err),
		Retryable:  !retry.IsPermanent(err),
		connection: a.noteLoss(err),
	}
}

// noteLoss records in the dial gate that the connection of the attempt is lost. It
// returns the connection, or nil if only this attempt failed or it had none.
func (a *attempt) noteLoss(err error) *connection {
	if isStreamOnly(err) {
		return nil
	}
	c := a.evidence.connection.Load()
	overdue := a.watchdog.timeoutErr() != nil || isTimeout(err)
	first, shared := a.dial.lost()
	switch {
	case c == nil:
		return nil
	case overdue && first:
		a.attempts.http.CloseIdleConnections() // idle HTTP/1.1 connections may be lost too
	}
	if !shared || overdue && !c.isClosed() { // the connection may still work
		return nil
	}
	return c
}

// fail ends an attempt without a response.
func (a *attempt) fail(failed *Failure) *Failure {
	a.end(&Response{failed: failed})
	return failed
}

// end releases the resources of the attempt and logs it. For an attempt without a
// response, r has only the failure.
func (a *attempt) end(r *Response) {
	a.watchdog.headersReceived()
	a.watchdog.cancel(nil)
	if r.Status != 0 && r.failed == nil {
		a.dial.succeeded()
	}
	a.evidence.end()
	if a.attempts.log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", a.call.Op),
		slog.String("method", a.call.Method),
		slog.String("path", a.call.Template),
		slog.Int("status", r.Status),
		slog.Int("attempt", a.number),
		slog.Duration("duration", time.Since(a.started)),
		slog.String("ray_id", r.rayID),
		slog.Int64("bytes", r.Size()),
		slog.Duration("wait", a.waited),
		slog.Bool("batch", a.target.batch),
	}
	if r.failed != nil {
		attrs = append(attrs, slog.String("error", a.attempts.describe(r.failed)))
	}
	a.attempts.log.LogAttrs(a.caller, slog.LevelDebug, "cfimages request", attrs...)
}

// withoutURL unwraps the *url.Error of net/http: its URL may be a one-time upload
// URL.
func withoutURL(err error) error {
	if withURL, ok := err.(*url.Error); ok {
		return withURL.Err
	}
	return err
}
