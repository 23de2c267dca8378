package cfimages

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/replybody"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// reply is one attempt and what came back for it.
type reply struct {
	*exchange
	token      *batchToken     // that the request had; nil: the client's own credentials
	redact     redactor        // of what the request had
	ctx        context.Context // the caller's
	attemptCtx context.Context // ends with the attempt, and says why
	cancel     context.CancelCauseFunc
	started    time.Time

	mu       sync.Mutex
	replied  bool        // the headers have come
	watchdog *time.Timer // ends the attempt when the server is silent

	sent       evidence
	why        error // the attempt failed, for the log
	status     int
	header     http.Header
	rayID      string
	retryAfter time.Duration
	body       *replybody.Body
	decoder    *jsontext.Decoder // of the body
}

// newReply begins an attempt.
func newReply(ctx context.Context, x *exchange, token *batchToken) *reply {
	r := &reply{exchange: x, token: token, redact: x.redact, ctx: ctx, started: time.Now()}
	if token != nil {
		r.redact = token.redact
	}
	r.attemptCtx, r.cancel = context.WithCancelCause(ctx)
	r.watchdog = time.AfterFunc(x.timeout, r.giveUp)
	return r
}

// receive looks at the headers, and takes in the whole of an error.
func (r *reply) receive(resp *http.Response) (*reply, *failure) {
	if !r.call.foreign && r.token == nil {
		r.gate.Update(resp.Header)
	}
	r.status, r.header = resp.StatusCode, resp.Header
	r.rayID = r.redact.clean(resp.Header.Get("Cf-Ray"), 64)
	r.retryAfter, _ = retry.After(resp.Header.Get("Retry-After"), time.Now())
	if resp.StatusCode/100 == 2 {
		r.body = replybody.New(resp.Body, maxReplyBytes, cmp.Or(r.call.maxValue, maxValueBytes), maxSilence, r.watchdog)
		r.decoder = r.decoders.get(r.body)
		return r, nil
	}
	r.body = replybody.New(resp.Body, maxErrorBytes, maxErrorBytes, maxSilence, r.watchdog)
	defer r.close()
	return nil, r.refused()
}

// refused is the failure of a reply whose status is not a success.
func (r *reply) refused() *failure {
	slow := time.AfterFunc(r.timeout, func() { r.cancel(errStalled) })
	defer slow.Stop()
	text, err := io.ReadAll(r.body)
	e := r.newError()
	switch {
	case errors.Is(err, replybody.ErrTooLarge):
		e.cause = fmt.Errorf("%w: over %d bytes of an error", ErrResponseTooLarge, maxErrorBytes)
	case err != nil:
		e.cause = r.transportError(err)
	case r.status/100 == 3:
		e.cause = errors.New("redirects are not followed")
	}
	var env envelope
	if err == nil && env.read(newDecoder(bytes.NewReader(text)), nil) == nil && !env.success {
		r.addInfo(e, &env)
	} else {
		e.Body = r.excerpt()
	}
	failed := &failure{
		err:     e,
		after:   r.retryAfter,
		again:   retry.StatusRetryable(r.status) && r.ctx.Err() == nil,
		unknown: r.status >= 500 || r.status == http.StatusRequestTimeout,
		detour:  detourAfter(r.status, r.token),
	}
	if !failed.again && !failed.unknown {
		r.budget.Success() // the server is well, and means what it says
	}
	r.why = e
	switch r.call.repetition {
	case repeatUnserved:
		failed.again = failed.again && r.status == http.StatusTooManyRequests
	case repeatUnsent:
		failed.again = false
	}
	return failed
}

// lost is the failure of an attempt without a reply.
func (r *reply) lost(err error) *failure {
	defer r.close()
	err = withoutURL(err)
	unsent := r.sent.unsent(err)
	r.why = r.transportError(err)
	failed := &failure{
		err:     r.why,
		again:   r.retryable(err) && (unsent || r.call.repetition == repeatAlways),
		unknown: !unsent,
	}
	if r.token != nil && unsent && r.ctx.Err() == nil {
		failed.detour = hostUnreached
	}
	return failed
}

// finish ends a reply that was read with the given result. It returns nil when
// that makes the call a success.
func (r *reply) finish(err error) *failure {
	defer r.close()
	if err == nil {
		r.budget.Success()
		return nil
	}
	failed := &failure{unknown: true}
	var refusal *envelope
	broken := r.body.Err()
	switch {
	case errors.As(err, &refusal):
		e := r.newError()
		r.addInfo(e, refusal)
		failed.err, failed.unknown = e, false
	case errors.Is(err, errTooMany) || errors.Is(broken, replybody.ErrTooLarge):
		e := r.newError()
		e.cause = fmt.Errorf("%w: %w", ErrResponseTooLarge, err)
		failed.err = e
	case r.retryable(broken):
		failed.err = fmt.Errorf("read the reply: %w", r.transportError(broken))
		failed.again = r.call.repetition == repeatAlways
	case r.ctx.Err() != nil:
		failed.err = cancellation(r.ctx)
	default:
		e := r.newError()
		e.Body = r.excerpt()
		e.cause = fmt.Errorf("%w: %w", ErrMalformedResponse, r.redact.error(withoutPointer(err)))
		failed.err = e
	}
	r.why = failed.err
	return failed
}

// close ends the attempt, whether a body came or not.
func (r *reply) close() {
	var size int64
	if r.body != nil {
		_ = r.body.Close() // what was needed of it has been read
		size = r.body.Len()
	}
	if r.decoder != nil {
		r.decoders.put(r.decoder)
		r.decoder = nil
	}
	r.answered()
	r.cancel(nil)
	if r.log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", r.call.op),
		slog.String("method", r.call.method),
		slog.String("path", r.call.template),
		slog.Int("status", r.status),
		slog.Int("attempt", r.attempts),
		slog.Duration("duration", time.Since(r.started)),
		slog.String("ray_id", r.rayID),
		slog.Int64("bytes", size),
		slog.Duration("wait", r.waited),
		slog.Bool("batch", r.token != nil),
	}
	if r.why != nil {
		attrs = append(attrs, slog.String("error", r.why.Error()))
	}
	r.log.LogAttrs(r.ctx, slog.LevelDebug, "cfimages request", attrs...)
}

func (r *reply) newError() *Error {
	return &Error{
		Op:         r.call.op,
		StatusCode: r.status,
		RayID:      r.rayID,
		RetryAfter: r.retryAfter,
		Attempts:   r.attempts,
	}
}

// addInfo moves an envelope's errors and messages to e.
func (r *reply) addInfo(e *Error, env *envelope) {
	clean := func(infos []ErrorInfo) []ErrorInfo {
		for i := range infos {
			info := &infos[i]
			info.Message = r.redact.clean(info.Message, 1000)
			info.DocumentationURL = r.redact.clean(info.DocumentationURL, 1000)
			info.Pointer = r.redact.clean(info.Pointer, 1000)
		}
		return infos
	}
	e.Errors, e.Messages = clean(env.errors), clean(env.messages)
}

// transportError returns err as the caller may see it: the context's own error
// when that ended it, and without the secrets that net/http or a server may have put in.
func (r *reply) transportError(err error) error {
	switch cause := context.Cause(r.attemptCtx); {
	case r.ctx.Err() != nil:
		return cancellation(r.ctx)
	case cause != nil:
		return cause
	case isHeaderOverflow(err):
		return fmt.Errorf("%w: %w", ErrResponseTooLarge, r.redact.error(err))
	}
	return r.redact.error(err)
}

// retryable reports whether another attempt may end better than with err, which
// is as net/http gave it.
func (r *reply) retryable(err error) bool {
	switch {
	case err == nil || r.ctx.Err() != nil || isHeaderOverflow(err):
		return false
	case context.Cause(r.attemptCtx) != nil: // the watchdog
		return true
	}
	var timeout net.Error
	return retry.ErrorRetryable(err) || errors.As(err, &timeout) && timeout.Timeout()
}

// excerpt returns the printable start of a body that was not understood.
func (r *reply) excerpt() string {
	if r.call.private && r.status/100 == 2 {
		return ""
	}
	text, whole := r.body.Prefix()
	if !whole { // it may end within a secret, which could not be recognized
		text = text[:max(0, len(text)-r.longestSecret())]
	}
	return r.redact.clean(string(text), 200)
}

// longestSecret returns how many bytes of a secret may stand at the end of a text
// that was cut.
func (r *reply) longestSecret() int {
	longest := 256 // of an upload URL
	if r.token != nil {
		longest = max(longest, len(r.token.value.Reveal()))
	}
	for _, secret := range r.creds.reveal() {
		longest = max(longest, len(secret))
	}
	return longest
}

// isHeaderOverflow reports whether net/http refused a reply for the size of its
// headers, which it says in words only.
func isHeaderOverflow(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

// withoutPointer takes the names that a server sent out of an error of jsontext.
func withoutPointer(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}
