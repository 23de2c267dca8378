package send

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/retry"
)

// Response is a response with a success status while it is read.
type Response struct {
	Status int
	Header http.Header

	attempt    *attempt
	rayID      string
	retryAfter time.Duration
	body       body
	prefix     *[prefixSize]byte // memory for the start of body
	decoder    *jsontext.Decoder
	failed     *Failure
	closed     bool
	resent     bool // net/http sent the request more than once; after PROTOCOL_ERROR, the server may have processed it
}

// receive reads the headers of a response. It reads the whole response if the status
// is not a success.
func receive(a *attempt, resp *http.Response) (*Response, *Failure) {
	r := &Response{Status: resp.StatusCode, Header: resp.Header, attempt: a}
	r.resent = resp.ProtoMajor >= 2 && a.evidence.sends.Load() > 1
	r.rayID = a.target.redact.Clean(resp.Header.Get("Cf-Ray"), 64)
	r.retryAfter = retry.After(resp.Header.Get("Retry-After"), time.Now())
	r.prefix = a.attempts.prefixes.get()
	if resp.StatusCode < 200 { // the context does not end reads after a 101
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	if resp.StatusCode/100 == 2 {
		r.body = newBody(resp.Body, MaxBytes, cmp.Or(a.call.MaxValue, maxValueBytes), &a.watchdog, &a.evidence, r.prefix)
		r.decoder = a.attempts.decoders.Get(&r.body)
		return r, nil
	}
	r.body = newBody(resp.Body, maxErrorBytes, maxErrorBytes, &a.watchdog, &a.evidence, r.prefix)
	defer r.Close()
	r.failed = r.refused()
	return nil, r.failed
}

// Decoder returns the decoder of the body.
func (r *Response) Decoder() *jsontext.Decoder { return r.decoder }

// Checkpoint marks the end of one value of the body and the start of the next.
func (r *Response) Checkpoint() { r.body.checkpoint() }

// Read reads the body of a response that is not JSON.
func (r *Response) Read(p []byte) (int, error) { return r.body.Read(p) }

// Size returns how many bytes of the body were read, after decompression.
func (r *Response) Size() int64 { return r.body.read }

// Close ends the response and its attempt. It may be called more than once.
func (r *Response) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.body.close()
	if r.decoder != nil {
		r.attempt.attempts.decoders.Put(r.decoder)
		r.decoder = nil
	}
	r.body.prefix = nil
	r.attempt.attempts.prefixes.put(r.prefix)
	r.attempt.end(r)
}

// refused returns the failure of a response whose status is not a success. If the
// connection is lost while the body is read, the call may be retried.
func (r *Response) refused() *Failure {
	slow := r.attempt.watchdog.limit(r.attempt.attempts.timeout)
	defer slow.Stop()
	text, err := io.ReadAll(&r.body)
	f := r.failure(Refused, nil)
	f.Retryable = retry.StatusRetryable(r.Status) && r.attempt.caller.Err() == nil
	switch {
	case errors.Is(err, errTooLarge):
		f.Kind, f.Err = TooLarge, fmt.Errorf("the error response has more than %d bytes", maxErrorBytes)
	case err != nil:
		broken := r.attempt.broken(err)
		f.Err, f.connection = broken.Err, broken.connection
		f.Retryable = f.Retryable || broken.Kind == Lost && broken.Retryable
	case r.Status/100 == 3:
		f.Err = errors.New("redirects are not followed")
	}
	var e envelope.Envelope
	if err == nil && e.Read(envelope.NewDecoder(bytes.NewReader(text)), nil) == nil && !e.Success {
		r.addInfo(f, &e)
	} else {
		f.Excerpt = r.excerpt()
	}
	f.Unclear = r.Status >= 500 || r.Status == http.StatusRequestTimeout
	return f
}

// finish closes a response, given the result of reading it, and returns its failure.
func (r *Response) finish(result error) *Failure {
	if result != nil && result != ErrStop {
		r.failed = r.unread(result)
	}
	r.Close()
	return r.failed
}

// unread returns the failure of a response that could not be read completely.
func (r *Response) unread(result error) *Failure {
	if refusal, ok := errors.AsType[*envelope.RefusedError](result); ok {
		f := r.failure(Refused, nil)
		r.addInfo(f, refusal.Envelope)
		return f
	}
	var f *Failure
	switch broken := r.body.err; {
	case errors.Is(result, envelope.ErrTooMany) || errors.Is(broken, errTooLarge):
		f = r.failure(TooLarge, result)
	case broken != nil && !isCorruptGzip(broken):
		if f = r.attempt.broken(broken); f.Kind == Lost {
			f.Err = fmt.Errorf("read the response: %w", f.Err)
		}
	case r.attempt.caller.Err() != nil:
		f = canceled(r.attempt.caller)
	default:
		f = r.failure(Malformed, r.attempt.target.redact.Error(withoutPointer(result)))
		f.Excerpt = r.excerpt()
	}
	f.Unclear = true
	return f
}

// failure returns a failure with the data of the headers.
func (r *Response) failure(kind Kind, err error) *Failure {
	return &Failure{
		Op:         r.attempt.call.Op,
		Kind:       kind,
		Err:        err,
		Status:     r.Status,
		RayID:      r.rayID,
		RetryAfter: r.retryAfter,
		Attempts:   r.attempt.number,
		resent:     r.resent,
	}
}

// addInfo adds the errors and messages of an envelope to a failure, redacted.
func (r *Response) addInfo(f *Failure, e *envelope.Envelope) {
	clean := func(infos []envelope.Info) []envelope.Info {
		for i := range infos {
			info := &infos[i]
			for _, text := range []*string{&info.Message, &info.DocumentationURL, &info.Pointer} {
				*text = r.attempt.target.redact.Clean(*text, 1000)
			}
		}
		return infos
	}
	f.Errors, f.Messages = clean(e.Errors), clean(e.Messages)
}

// excerpt returns the printable start of a body that could not be decoded, unless it
// may contain a secret.
func (r *Response) excerpt() string {
	if c := r.attempt.call; c.Quoted || c.Private && r.Status/100 == 2 {
		return ""
	}
	start := string(r.body.prefix)
	if int64(len(start)) < r.body.read {
		return r.attempt.target.redact.CleanStart(start, 200)
	}
	return r.attempt.target.redact.Clean(start, 200)
}

// isCorruptGzip reports whether a received body does not match its Content-Encoding.
func isCorruptGzip(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// withoutPointer removes the names sent by a server from an error of jsontext.
func withoutPointer(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}
