package cfimages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/cfimages/cfimages-go/internal/replybody"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// reply is one attempt and what came back for it.
type reply struct {
	*exchange
	ctx      context.Context // the caller's
	attempt  context.Context
	cancel   context.CancelCauseFunc
	watchdog *time.Timer // ends the attempt when it fires
	started  time.Time

	status     int
	rayID      string
	retryAfter time.Duration
	body       *replybody.Body
}

// receive looks at the headers, and takes in the whole of an error.
func (r *reply) receive(resp *http.Response) (*reply, *failure) {
	if !r.call.foreign {
		r.gate.Update(resp.Header)
	}
	r.status = resp.StatusCode
	r.rayID = r.clean(resp.Header.Get("Cf-Ray"), 64)
	r.retryAfter, _ = retry.After(resp.Header.Get("Retry-After"), time.Now())
	silent := time.AfterFunc(maxSilence, func() { r.cancel(errStalled) })
	silent.Stop()
	if resp.StatusCode/100 == 2 {
		r.body = replybody.New(resp.Body, maxReplyBytes, maxSilence, silent)
		return r, nil
	}
	r.body = replybody.New(resp.Body, maxErrorBytes, maxSilence, silent)
	defer r.close()
	return nil, r.refused()
}

// refused is the failure of a reply whose status is not a success.
func (r *reply) refused() *failure {
	text, err := io.ReadAll(r.body)
	e := r.newError()
	if errors.Is(err, replybody.ErrTooLarge) {
		e.cause = fmt.Errorf("%w: over %d bytes of an error", ErrResponseTooLarge, maxErrorBytes)
	}
	if r.status/100 == 3 {
		e.cause = errors.New("redirects are not followed")
	}
	var env envelope
	if err == nil && env.read(strings.NewReader(string(text)), nil) == nil && !env.success {
		r.addInfo(e, &env)
	} else {
		e.Body = r.clean(string(text), 200)
	}
	failed := &failure{
		err:     e,
		after:   r.retryAfter,
		unknown: r.status >= 500 || r.status == http.StatusRequestTimeout,
	}
	switch r.call.repetition {
	case repeatAlways:
		failed.again = retry.StatusRetryable(r.status)
	case repeatUnserved:
		failed.again = r.status == http.StatusTooManyRequests
	}
	return failed
}

// lost is the failure of an attempt without a reply.
func (r *reply) lost(err error, sent evidence) *failure {
	defer r.close()
	err = r.transportError(err)
	unsent := sent.unsent(err)
	return &failure{
		err:     err,
		again:   r.ctx.Err() == nil && retryable(err) && (unsent || r.call.repetition == repeatAlways),
		unknown: !unsent,
	}
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
	case errors.Is(broken, replybody.ErrTooLarge):
		e := r.newError()
		e.cause = fmt.Errorf("%w: over %d bytes decoded", ErrResponseTooLarge, maxReplyBytes)
		failed.err = e
	case broken != nil:
		failed.err = fmt.Errorf("read the reply: %w", r.transportError(broken))
		failed.again = r.call.repetition == repeatAlways && r.ctx.Err() == nil && retryable(failed.err)
	case r.ctx.Err() != nil:
		failed.err = cancellation(r.ctx)
	default:
		e := r.newError()
		e.Body = r.clean(string(r.body.Prefix()), 200)
		e.cause = fmt.Errorf("%w: %w", ErrMalformedResponse, r.redactError(err))
		failed.err = e
	}
	return failed
}

// close ends the attempt, whether a body came or not.
func (r *reply) close() {
	var size int64
	if r.body != nil {
		_ = r.body.Close() // what was needed of it has been read
		size = r.body.Len()
	}
	r.cancel(nil)
	if r.log == nil {
		return
	}
	r.log.LogAttrs(r.ctx, slog.LevelDebug, "cfimages request",
		slog.String("op", r.call.op),
		slog.String("method", r.call.method),
		slog.String("path", r.call.template),
		slog.Int("status", r.status),
		slog.Int("attempt", r.attempts),
		slog.Duration("duration", time.Since(r.started)),
		slog.String("ray_id", r.rayID),
		slog.Int64("bytes", size),
		slog.Duration("wait", r.waited))
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
			info.Message = r.clean(info.Message, 1000)
			info.DocumentationURL = r.clean(info.DocumentationURL, 1000)
			info.Pointer = r.clean(info.Pointer, 1000)
		}
		return infos
	}
	e.Errors, e.Messages = clean(env.errors), clean(env.messages)
}

// transportError returns err as the caller may see it: the context's own error
// when that ended it, and without the secrets that net/http or a server may have put in.
func (r *reply) transportError(err error) error {
	var timeout *timeoutError
	switch {
	case r.ctx.Err() != nil:
		return cancellation(r.ctx)
	case errors.As(context.Cause(r.attempt), &timeout):
		return timeout
	}
	err = withoutURL(err)
	if isHeaderOverflow(err) {
		return fmt.Errorf("%w: %w", ErrResponseTooLarge, err)
	}
	return r.redactError(err)
}

// redactError returns err, or only its text if that holds a secret.
func (r *reply) redactError(err error) error {
	text := err.Error()
	if safe := r.secrets.Replace(text); safe != text {
		return errors.New(safe)
	}
	return err
}

// clean makes a text from the server fit for an error: no secrets, no control
// characters, at most limit characters.
func (s *sender) clean(text string, limit int) string {
	text = s.secrets.Replace(text)
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	for i := range text {
		if limit == 0 {
			return text[:i] + "…"
		}
		limit--
	}
	return text
}

// redactor replaces the secrets that are not empty.
func redactor(secrets ...string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// timeoutError is an attempt that this library gave up. It is not the
// caller's deadline, so it is not context.DeadlineExceeded.
type timeoutError struct{ what string }

var (
	errNoReply = &timeoutError{"no reply within the request timeout (see WithRequestTimeout)"}
	errStalled = &timeoutError{"the reply stalled: not a byte for " + maxSilence.String()}
)

func (e *timeoutError) Error() string   { return e.what }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// retryable reports whether a lost attempt is worth another.
func retryable(err error) bool {
	var timeout net.Error
	return retry.ErrorRetryable(err) || errors.As(err, &timeout) && timeout.Timeout()
}

// isHeaderOverflow reports whether net/http refused a reply for the size of its
// headers, which it says in words only.
func isHeaderOverflow(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}
