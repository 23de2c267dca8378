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

// maxSendings is how often net/http may send the request of one attempt. It does so
// by itself when it finds a connection closed, or an HTTP/2 stream refused, and
// knows no bound.
const maxSendings = 3

var (
	errSilent      = &timeoutError{"the connection was given up: a response on it was overdue, and nothing arrived"}
	errResent      = errors.New("the request was sent again and again without a response")
	errUnprocessed = errors.New("the server did not process the request, which may be sent again")
)

// evidence is what is known of how far the request of an attempt came. A transport may
// call its hooks from any goroutine, and after the attempt has ended.
type evidence struct {
	attempt *attempt

	mu    sync.Mutex // guards joining and leaving
	ended bool

	traced     atomic.Bool
	bodyRead   atomic.Bool
	sendings   atomic.Int32
	refusedTLS atomic.Bool
	connection atomic.Pointer[connection] // the last one; nil: none yet, or unknown
	hooks      httptrace.ClientTrace
}

// trace returns the hooks that collect evidence.
func (e *evidence) trace() *httptrace.ClientTrace {
	e.hooks = httptrace.ClientTrace{
		GetConn: e.getConn,
		GotConn: e.gotConn,
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			e.refusedTLS.Store(err != nil && !retry.IsConnectionLoss(err))
		},
	}
	return &e.hooks
}

// getConn notes that the transport tells what it does.
func (e *evidence) getConn(string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.traced.Store(true)
	e.attempt.visit.ask()
}

// gotConn notes the connection, and gives up an attempt that net/http sends too often.
func (e *evidence) gotConn(info httptrace.GotConnInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.leave()
	e.attempt.visit.connect()
	e.connection.Store(e.attempt.attempts.connections.join(info.Conn, e.attempt))
	if e.sendings.Add(1) > maxSendings {
		e.attempt.watchdog.cancel(errResent)
	}
}

// hear notes that bytes of the response have arrived.
func (e *evidence) hear() {
	if c := e.connection.Load(); c != nil {
		c.hear()
	}
}

// suspect says that the response is overdue, and reports whether the connection was
// closed for it, which ends the attempt.
func (e *evidence) suspect() (closed bool) {
	c := e.connection.Load()
	return c != nil && c.suspect()
}

// end ends the attempt's part in its connection, and lets in who waits for one.
func (e *evidence) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.leave()
	e.attempt.visit.leave()
}

// leave ends the attempt's part in its connection. e.mu is held.
func (e *evidence) leave() {
	if c := e.connection.Swap(nil); c != nil {
		e.attempt.attempts.connections.leave(c, e.attempt)
	}
}

// isUnsent reports whether it is proven that not a byte of the request was sent.
// net/http reads no body before it has a connection; other transports may use hooks of
// their own accord.
func (e *evidence) isUnsent(err error) bool {
	return e.sendings.Load() == 0 && (e.traced.Load() && !e.bodyRead.Load() || retry.NeverConnected(err))
}

// isUnprocessed reports whether HTTP/2 proves that the server did not process the
// request: it refused the stream, or left it out of those that its GOAWAY names (RFC
// 9113, sections 6.8 and 8.7). Of requests with a body net/http says it in words only.
func isUnprocessed(err error) bool {
	if stream, ok := errors.AsType[retry.StreamError](err); ok {
		return stream.IsRefused()
	}
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "http2: Transport: cannot retry err [stream error: "):
		return strings.Contains(text, "; REFUSED_STREAM; ")
	case strings.HasPrefix(text, "http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY]"),
		strings.HasPrefix(text, "http2: Transport received Server's graceful shutdown GOAWAY"),
		strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:"),
		text == "net/http: cannot rewind body after connection loss": // before it was sent
		return true
	}
	return false
}

// isHeaderOverflow reports whether net/http refused a response for the size of its
// headers, which it says in words only.
func isHeaderOverflow(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

// isAlone reports whether a request failed for itself, on a connection that lives on:
// its HTTP/2 stream was reset.
func isAlone(err error) bool {
	_, reset := errors.AsType[retry.StreamError](err)
	return reset || strings.HasPrefix(err.Error(), "http2: Transport: cannot retry err [stream error: ")
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
