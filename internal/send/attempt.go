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

// target is where a request goes, and what belongs to it there.
type target struct {
	url       string
	authorize func(http.Header) // nil: no credentials
	redact    *secret.Redactor
	gate      *ratelimit.Gate // learns from the response's headers; nil: none
	door      *door           // of the host; nil: none
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

	caller   context.Context // ends when the caller gives up
	ctx      context.Context // ends with the attempt
	watchdog watchdog
	visit    visit
	evidence evidence
}

// send sends one request and returns its response if its status is a success.
func (as *attempts) send(ctx context.Context, t *trip, to target) (*Response, *Failure) {
	a := &attempt{attempts: as, call: t.call, target: to, caller: ctx, visit: visit{door: to.door}}
	asked := time.Now()
	if a.visit.enter(ctx) != nil {
		return nil, canceled(ctx)
	}
	t.requests++
	a.number, a.started = t.requests, time.Now()
	a.waited, t.waited = t.waited+a.started.Sub(asked), 0
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
		a.watchdog.answered()
		return nil, a.fail(failed)
	}
	a.watchdog.answered()
	a.evidence.hear()
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

// lost is the failure of an attempt that got no response.
func (a *attempt) lost(err error) *Failure {
	failed := a.broken(err)
	if failed.Kind == Lost && a.evidence.sendings.Load() == 0 && a.evidence.refusedTLS.Load() {
		failed.Passing = false
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

// broken is the failure of an attempt whose connection failed with err, which is as
// net/http gave it: the texts of net/http and of a server may hold secrets.
func (a *attempt) broken(err error) *Failure {
	cause := a.watchdog.why()
	if cause == nil {
		cause = context.Cause(a.ctx)
	}
	switch c := a.evidence.connection.Load(); {
	case a.caller.Err() != nil:
		if a.watchdog.waited(time.Now()) >= maxSilence {
			a.evidence.suspect() // the caller had less time than the request timeout
		}
		return canceled(a.caller)
	case cause != nil:
		return &Failure{Kind: Lost, Err: cause, Passing: true, connection: a.noteLoss(err)}
	case c != nil && c.isClosed():
		return &Failure{Kind: Lost, Err: errSilent, Passing: true, connection: a.noteLoss(err)}
	case isHeaderOverflow(err):
		return &Failure{Kind: TooLarge, Err: a.target.redact.Error(err)}
	case isTimeout(err) && a.watchdog.waited(time.Now()) > 0: // one that the caller set in the client or its transport
		a.evidence.suspect()
	}
	return &Failure{
		Kind:       Lost,
		Err:        a.target.redact.Error(err),
		Passing:    !retry.IsPermanent(err),
		connection: a.noteLoss(err),
	}
}

// noteLoss tells the door that the connection of the attempt is lost. It returns the
// connection, or nil if the attempt failed alone or without one.
func (a *attempt) noteLoss(err error) *connection {
	if isAlone(err) {
		return nil
	}
	c := a.evidence.connection.Load()
	overdue := a.watchdog.why() != nil || isTimeout(err)
	first, together := a.visit.lose()
	switch {
	case c == nil:
		return nil
	case overdue && first:
		a.attempts.http.CloseIdleConnections() // those of HTTP/1.1 may be as dead
	}
	if !together || overdue && !c.isClosed() { // which may be alive
		return nil
	}
	return c
}

// fail ends an attempt that has no response to be read.
func (a *attempt) fail(failed *Failure) *Failure {
	a.end(&Response{failed: failed})
	return failed
}

// end frees what the attempt holds, and logs it. An attempt without a response ends
// with one that has only the failure.
func (a *attempt) end(r *Response) {
	a.watchdog.answered()
	a.watchdog.cancel(nil)
	if r.Status != 0 && r.failed == nil {
		a.visit.succeed()
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

// withoutURL takes off the *url.Error that net/http puts around its errors: its
// URL may be a one-time upload URL.
func withoutURL(err error) error {
	if withURL, ok := err.(*url.Error); ok {
		return withURL.Err
	}
	return err
}
