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

// Kinds of errors, for errors.Is. An error that was made from a response is also an
// [*Error], for errors.As.
var (
	// ErrInvalidParams is returned if parameters or options are invalid. No request was
	// sent. The error contains a [*ParamError] for each of them. Fix the parameters.
	ErrInvalidParams = errors.New("invalid parameters")
	// ErrBadRequest is returned for status 400: Cloudflare rejects the request. In a
	// list, the cause is probably a continuation token that it no longer accepts: start
	// again without it. If images must not be processed twice, store their IDs.
	ErrBadRequest = errors.New("bad request")
	// ErrUnauthorized is returned for status 401: check the credentials.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden is returned for status 403: check the permissions and account ID.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is returned for status 404: check the ID and the account ID.
	ErrNotFound = errors.New("not found")
	// ErrConflict is returned for status 409. Probably the custom ID or the upload URL
	// was used before: use another ID, or create another upload URL.
	ErrConflict = errors.New("conflict")
	// ErrGone is returned for status 410: probably the upload URL has expired.
	ErrGone = errors.New("gone")
	// ErrRateLimited is returned for status 429, and for a call that was not sent
	// because the quota is used up, and the wait exceeds [RetryPolicy].MaxWait or the
	// context's deadline. Retry after [Error].RetryAfter, or set a longer MaxWait.
	ErrRateLimited = errors.New("rate limited")
	// ErrOutcomeUnknown is returned if a create, an upload or an update of
	// RequireSignedURLs failed, but may have happened: after a lost connection, a
	// timeout, the end of the context, status 408 or 5xx, or a malformed response. The
	// text says how to check; [DirectUploads.Create] has an example. Test for it first
	// (after an error of your Body, see [ImagesV1.Upload]), because the same error can
	// be an [*Error], too. Other calls never return it, and can be called again.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrMalformedResponse is returned if a response could not be understood, although
	// its connection did not fail. See [Error].Body.
	ErrMalformedResponse = errors.New("malformed response")
	// ErrResponseTooLarge is returned if a response exceeds a limit of this library: 32
	// MiB, decompressed, for a list or a [Blob]; 4 MiB for one image in a list or for
	// any other result; 64 KiB for an error; 10,000 images in a page; 1,000 variants or
	// signing keys. The default client limits headers to 1 MiB. Use a smaller PerPage.
	ErrResponseTooLarge = errors.New("response too large")
	// ErrTokenLoop is returned if a token occurs twice: list again, without a token.
	ErrTokenLoop = errors.New("continuation token repeated")
)

// Error is an unsuccessful response: a status that is not 2xx, "success": false with
// any status, or a body that could not be understood or is too large. It is also
// returned for a call that was not sent because of the rate limit. An iteration wraps
// it in a [*PageError]. A failure without a response, such as a lost connection, is not
// an *Error: it wraps the error of the network, often a net.Error.
type Error struct {
	Op         string        // the call, such as "ImagesV2.List"
	StatusCode int           // of the last response; 0 if there was none
	Errors     []ErrorInfo   // the errors in the response
	Messages   []ErrorInfo   // the messages in the response
	RayID      string        // the Cf-Ray header, for Cloudflare's support
	RetryAfter time.Duration // the wait before a retry, by the response or the rate limit; 0 if unknown
	Attempts   int           // requests sent for this call
	Body       string        // a short printable excerpt of a response that is not the API's JSON

	cause error // what errors.Is finds besides the status
}

// ErrorInfo is an entry of the errors or messages in a response.
type ErrorInfo struct {
	Code             int
	Message          string
	DocumentationURL string
	Pointer          string // a JSON pointer to the part of the request that caused it
}

// shownInfos is the number of Cloudflare's errors in the text of an Error.
const shownInfos = 5

// Error returns the call, the status, Cloudflare's errors, the cause, the number of
// attempts and the ray ID as text.
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

// Is reports whether target is the variable for the status code, such as [ErrNotFound].
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

// Unwrap returns the cause, such as [ErrMalformedResponse] or [ErrOutcomeUnknown]. It
// returns nil if the status is the only cause.
func (e *Error) Unwrap() error { return e.cause }

// LogValue returns the fields for slog, without secrets.
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

// ParamError is an invalid parameter or option. It is reported before a request is
// sent. Several are joined with errors.Join. Each matches [ErrInvalidParams].
type ParamError struct {
	Param  string // the name of the field, option or argument
	Reason string // the rule, and the given value unless it may be secret
}

// Error returns the parameter and the reason as text.
func (e *ParamError) Error() string { return "cfimages: " + e.Param + ": " + e.Reason }

// Is reports whether target is [ErrInvalidParams].
func (e *ParamError) Is(target error) bool { return target == ErrInvalidParams }

// PageError is the error of an iteration that failed. Unless it is [ErrTokenLoop], pass
// its ContinuationToken and Yielded to [ListParams] to resume without losing or
// repeating images. All other parameters, including PerPage, must be the same:
//
//	ListParams{ContinuationToken: e.ContinuationToken, Skip: e.Yielded, …}
type PageError struct {
	ContinuationToken string // of the page that failed; "" only for the first page of the list
	Yielded           int    // images of that page that were yielded or skipped
	Err               error  // the reason
}

// Error returns the position and the reason as text. It leaves out the token, which
// may be any text that the server sent.
func (e *PageError) Error() string {
	where := "the first page"
	if e.ContinuationToken != "" {
		where = "a page after the first"
	}
	if e.Yielded > 0 {
		where += fmt.Sprintf(", after %d of its images", e.Yielded)
	}
	return fmt.Sprintf("cfimages: list failed on %s: %s", where, strings.TrimPrefix(fmt.Sprint(e.Err), "cfimages: "))
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
//	failure     error                                   note
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
		return fmt.Errorf("cfimages: %s: after %d attempts: %w", f.Op, f.Attempts, cause)
	}
	return fmt.Errorf("cfimages: %s: %w", f.Op, cause)
}

// causeOf returns what errors.Is finds in the error of a failure besides its
// status; nil if there is none.
func causeOf(f *send.Failure) error {
	cause := f.Err
	switch f.Kind {
	case send.Malformed:
		cause = fmt.Errorf("%w: %w", ErrMalformedResponse, cause)
	case send.TooLarge:
		cause = fmt.Errorf("%w: %w", ErrResponseTooLarge, cause)
	case send.Limited:
		cause = fmt.Errorf("%w: not sent because the quota is used up until its window ends", ErrRateLimited)
	}
	switch {
	case f.Earlier != nil && f.Kind == send.Unbuilt:
		cause = fmt.Errorf("%w; the previous attempt failed: %w", cause, newError(f.Earlier))
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

// describe returns the text of a failure for the log. The call is left out, except in
// an *Error: the record has it.
func describe(f *send.Failure) string {
	if e, ok := newError(f).(*Error); ok {
		return e.Error()
	}
	return causeOf(f).Error()
}

func infosOf(infos []envelope.Info) (converted []ErrorInfo) {
	for _, info := range infos {
		converted = append(converted, ErrorInfo(info))
	}
	return converted
}
