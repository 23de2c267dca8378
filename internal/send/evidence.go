package send

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// maxSends is how often net/http may send the request of one attempt. net/http
// resends a request without limit if a connection was closed or an HTTP/2 stream was
// refused.
const maxSends = 3

// Parts of the texts of net/http's HTTP/2 errors.
const (
	h2CannotRetry = "http2: Transport: cannot retry err [" // before the error of a request with a body
	h2StreamError = "stream error: "
	h2Shutdown    = "http2: Transport received Server's graceful shutdown GOAWAY"
	h2GoAway      = "http2: Transport received GOAWAY from server ErrCode:"
)

var (
	errIdle        = &timeoutError{"the connection was closed: a response on it was overdue, and no bytes were received"}
	errResent      = errors.New("net/http resent the request several times without a response")
	errUnprocessed = errors.New("the server did not process the request, which may be retried")
)

// evidence records how far the request of an attempt got. A transport may call its
// hooks from any goroutine, and after the attempt has ended.
type evidence struct {
	attempt *attempt

	mu    sync.Mutex // guards joining and leaving
	ended bool

	traced      atomic.Bool
	bodyRead    atomic.Bool
	sends       atomic.Int32
	rejectedTLS atomic.Bool
	connection  atomic.Pointer[connection] // the last one; nil: none yet, or unknown
	hooks       httptrace.ClientTrace
}

// trace returns the hooks that collect evidence.
func (e *evidence) trace() *httptrace.ClientTrace {
	e.hooks = httptrace.ClientTrace{
		GetConn: e.getConn,
		GotConn: e.gotConn,
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			e.rejectedTLS.Store(err != nil && !retry.IsConnectionLoss(err))
		},
	}
	return &e.hooks
}

// getConn records that the transport calls the hooks.
func (e *evidence) getConn(string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.traced.Store(true)
	e.attempt.dial.begin()
}

// gotConn records the connection, and cancels an attempt that net/http sends too
// often.
func (e *evidence) gotConn(info httptrace.GotConnInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.leave()
	e.attempt.dial.connect()
	e.connection.Store(e.attempt.attempts.connections.join(info.Conn, e.attempt))
	if e.sends.Add(1) > maxSends {
		e.attempt.watchdog.cancel(errResent)
	}
}

// received records that bytes of the response were received.
func (e *evidence) received() {
	if c := e.connection.Load(); c != nil {
		c.received()
	}
}

// suspect records that the response is overdue, and reports whether the connection
// was closed as a result, which ends the attempt.
func (e *evidence) suspect() (closed bool) {
	c := e.connection.Load()
	return c != nil && c.suspect()
}

// end removes the attempt from its connection and from the dial gate.
func (e *evidence) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.leave()
	e.attempt.dial.end()
}

// leave removes the attempt from its connection. e.mu is held.
func (e *evidence) leave() {
	if c := e.connection.Swap(nil); c != nil {
		e.attempt.attempts.connections.leave(c, e.attempt)
	}
}

// isUnsent reports whether it is proven that no byte of the request was sent.
// net/http reads no body before it has a connection; other transports may call the
// hooks in another order.
func (e *evidence) isUnsent(err error) bool {
	return e.sends.Load() == 0 && (e.traced.Load() && !e.bodyRead.Load() || retry.NeverConnected(err))
}

// isUnprocessed reports whether HTTP/2 proves that the server did not process the
// request: the server refused the stream, or its GOAWAY excludes the stream (RFC
// 9113, sections 6.8 and 8.7). For requests with a body, only the text of net/http's
// error shows this.
func isUnprocessed(err error) bool {
	if stream, ok := errors.AsType[retry.StreamError](err); ok {
		return stream.IsRefused()
	}
	text := err.Error()
	switch {
	case strings.HasPrefix(text, h2CannotRetry+h2StreamError):
		return strings.Contains(text, "; REFUSED_STREAM; ")
	case strings.HasPrefix(text, h2CannotRetry+h2Shutdown+"]"),
		strings.HasPrefix(text, h2Shutdown),
		strings.HasPrefix(text, h2GoAway),
		text == "net/http: cannot rewind body after connection loss": // lost before the request was sent
		return true
	}
	return false
}

// isHeaderOverflow reports whether net/http rejected a response because its headers
// are too large. Only the text of the error shows this.
func isHeaderOverflow(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

// isStreamOnly reports whether only the HTTP/2 stream of a request was reset, and
// not its connection.
func isStreamOnly(err error) bool {
	_, reset := errors.AsType[retry.StreamError](err)
	return reset || strings.HasPrefix(err.Error(), h2CannotRetry+h2StreamError)
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
