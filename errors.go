package cfimages

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/send"
)

// What went wrong, for errors.Is. An error that came from a response is also an
// [*Error], for errors.As.
var (
	// ErrInvalidParams marks parameters that were rejected before any request was
	// sent. Each is a [*ParamError].
	ErrInvalidParams = errors.New("invalid parameters")
	// ErrBadRequest is a 400: Cloudflare rejects the request, such as a continuation
	// token that it does not accept any more.
	ErrBadRequest = errors.New("bad request")
	// ErrUnauthorized is a 401: the credentials are missing, wrong or expired.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden is a 403: the credentials do not allow this call on this account.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is a 404: no such image, account or upload URL.
	ErrNotFound = errors.New("not found")
	// ErrConflict is a 409: the ID is taken, or the upload URL was used.
	ErrConflict = errors.New("conflict")
	// ErrGone is a 410: the upload URL has expired.
	ErrGone = errors.New("gone")
	// ErrRateLimited is a 429, or a call that was not sent because the known quota is
	// spent and its window ends later than the call may wait.
	ErrRateLimited = errors.New("rate limited")
	// ErrOutcomeUnknown marks a create or an upload that failed after its request may
	// have reached Cloudflare: it may have been done or not. The text of the error says
	// how to look.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrMalformedResponse marks a response that arrived and could not be understood.
	// It is never taken for an empty result.
	ErrMalformedResponse = errors.New("malformed response")
	// ErrResponseTooLarge marks a response over a limit of this library: 32 MiB decoded
	// of a list or an original, 4 MiB of one image in a list or of any other success, 64
	// KiB of an error, 10,000 images in a page, or 1,000 variants of an image. The limit
	// for headers is that of the HTTP transport: 1 MiB for the library's own.
	ErrResponseTooLarge = errors.New("response too large")
	// ErrTokenLoop marks a walk whose next continuation token was used before in the
	// walk, so that it would never end.
	ErrTokenLoop = errors.New("continuation token repeated")
)

// Error is a response that was not a success: success:false at any status, a status
// that is not 2xx, or a body that could not be understood. It is also a call that was
// not sent because of the known rate limit. Calls return it as *Error; the error of a
// walk is a [*PageError] around it.
type Error struct {
	Op         string        // the call, such as "ImagesV2.List"
	StatusCode int           // of the last response; 0: there was none
	Errors     []ErrorInfo   // the errors of the response's envelope
	Messages   []ErrorInfo   // its messages
	RayID      string        // the Cf-Ray header: Cloudflare's support asks for it
	RetryAfter time.Duration // how long the server asks to wait; 0: it did not say
	Attempts   int           // requests sent for this call
	Body       string        // a short printable excerpt of a response that was not the JSON envelope

	cause error // what errors.Is finds besides the status
}

// ErrorInfo is one entry of the errors or messages of a response.
type ErrorInfo struct {
	Code             int
	Message          string
	DocumentationURL string
	Pointer          string // the part of the request it is about, a JSON pointer
}

// shownInfos is how many of its errors the text of an Error shows.
const shownInfos = 5

// Error says what was called, what was returned, and what to do if that is known.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("cfimages: ")
	b.WriteString(e.Op)
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": status %d", e.StatusCode)
		if text := http.StatusText(e.StatusCode); text != "" {
			b.WriteString(" " + text)
		}
	}
	separator := ": "
	for i, info := range e.Errors {
		if i == shownInfos {
			fmt.Fprintf(&b, "; and %d more", len(e.Errors)-i)
			break
		}
		b.WriteString(separator + info.String())
		separator = "; "
	}
	if e.Body != "" {
		fmt.Fprintf(&b, ": %q", e.Body)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry after %v", e.RetryAfter)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, "; after %d attempts", e.Attempts)
	}
	if e.RayID != "" {
		b.WriteString("; ray ID " + e.RayID)
	}
	return b.String()
}

// Is matches the sentinel of the status code.
func (e *Error) Is(target error) bool {
	switch e.StatusCode {
	case http.StatusBadRequest:
		return target == ErrBadRequest
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusConflict:
		return target == ErrConflict
	case http.StatusGone:
		return target == ErrGone
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	}
	return false
}

// Unwrap returns the cause besides the status, such as [ErrMalformedResponse]
// or [ErrOutcomeUnknown]; nil when the status says it all.
func (e *Error) Unwrap() error { return e.cause }

// LogValue makes slog print the fields that are safe and useful in a log.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("op", e.Op),
		slog.Int("status", e.StatusCode),
		slog.String("ray_id", e.RayID),
		slog.Int("attempts", e.Attempts),
		slog.String("message", e.Error()),
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if len(e.Errors) > 0 {
		attrs = append(attrs, slog.Int("code", e.Errors[0].Code))
	}
	return slog.GroupValue(attrs...)
}

// String returns the message with its code and pointer.
func (i ErrorInfo) String() string {
	s := i.Message
	if i.Pointer != "" {
		s += " at " + i.Pointer
	}
	return s + " (code " + strconv.Itoa(i.Code) + ")"
}

// ParamError is one parameter or option that was rejected before any request.
// Several are reported together, joined; each matches [ErrInvalidParams].
type ParamError struct {
	Param  string // the name of the field, option or argument
	Reason string // what is wrong with it, the limit, and what was given
}

// Error says which parameter and why.
func (e *ParamError) Error() string { return "cfimages: " + e.Param + ": " + e.Reason }

// Is matches [ErrInvalidParams].
func (e *ParamError) Is(target error) bool { return target == ErrInvalidParams }

// PageError is the last element of a walk that failed. Pass its token and count to
// ListParams, with otherwise the same parameters, to resume without losing or
// repeating images:
//
//	ListParams{ContinuationToken: e.ContinuationToken, Skip: e.Yielded, …}
type PageError struct {
	ContinuationToken string // of the page that failed; "" for the first
	Yielded           int    // images of that page that were yielded or skipped
	Err               error  // why
}

// Error says where the walk stopped and why. It leaves out the token, which may be
// anything that the server sent.
func (e *PageError) Error() string {
	where := "the first page"
	if e.ContinuationToken != "" {
		where = "the page of ContinuationToken"
	}
	return fmt.Sprintf("cfimages: walk stopped after %d images of %s: %s",
		e.Yielded, where, strings.TrimPrefix(fmt.Sprint(e.Err), "cfimages: "))
}

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// paramErrorf returns a ParamError with a formatted reason.
func paramErrorf(param, format string, args ...any) *ParamError {
	return &ParamError{Param: param, Reason: fmt.Sprintf(format, args...)}
}

// newError returns the error that a caller gets for a failed call. With causeOf, it is
// the only place where a failure becomes an error of this package.
//
//	failure     error                                   besides
//	Refused     *Error, found by the sentinel of its status
//	Malformed   *Error, ErrMalformedResponse
//	TooLarge    *Error, ErrResponseTooLarge              no *Error if its headers were too large
//	Limited     *Error, ErrRateLimited
//	Lost        the error of the connection
//	Canceled    the error of the context and its cause
//	Unbuilt     the error of the request's body or of the token source
//
// A failure that leaves the outcome of a write unknown is ErrOutcomeUnknown too.
func newError(f *send.Failure) error {
	cause := causeOf(f)
	switch {
	case f.Kind == send.Refused, f.Kind == send.Malformed, f.Kind == send.Limited, f.Kind == send.TooLarge && f.Status != 0:
		return &Error{
			Op:         f.Op,
			StatusCode: f.Status,
			Errors:     infosOf(f.Errors),
			Messages:   infosOf(f.Messages),
			RayID:      f.RayID,
			RetryAfter: f.RetryAfter,
			Attempts:   f.Attempts,
			Body:       f.Excerpt,
			cause:      cause,
		}
	case f.Attempts > 1:
		return fmt.Errorf("cfimages: %s: attempt %d: %w", f.Op, f.Attempts, cause)
	}
	return fmt.Errorf("cfimages: %s: %w", f.Op, cause)
}

// causeOf returns what errors.Is finds in the error of a failure besides its
// status; nil when the status says it all.
func causeOf(f *send.Failure) error {
	cause := f.Err
	switch f.Kind {
	case send.Malformed:
		cause = fmt.Errorf("%w: %w", ErrMalformedResponse, cause)
	case send.TooLarge:
		cause = fmt.Errorf("%w: %w", ErrResponseTooLarge, cause)
	case send.Limited:
		cause = fmt.Errorf("%w: not sent, the known quota is spent until its window ends", ErrRateLimited)
	}
	switch {
	case f.Earlier != nil && f.Kind == send.Unbuilt:
		cause = fmt.Errorf("%w; it was to be retried after: %w", cause, newError(f.Earlier))
	case f.Earlier != nil:
		cause = fmt.Errorf("%w while waiting to retry after: %w", cause, newError(f.Earlier))
	}
	switch {
	case f.Unsure == "":
		return cause
	case cause == nil:
		return fmt.Errorf("%w: %s", ErrOutcomeUnknown, f.Unsure)
	}
	return fmt.Errorf("%w; %w: %s", cause, ErrOutcomeUnknown, f.Unsure)
}

// describe returns the text of a failure for the log: without the call, which the
// record has, where there is no *Error.
func describe(f *send.Failure) string {
	if e, ok := newError(f).(*Error); ok {
		return e.Error()
	}
	return causeOf(f).Error()
}

func infosOf(infos []envelope.Info) []ErrorInfo {
	if infos == nil {
		return nil
	}
	converted := make([]ErrorInfo, len(infos))
	for i, info := range infos {
		converted[i] = ErrorInfo(info)
	}
	return converted
}
