package send

import (
	"errors"
	"net"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// maxConnections is how many connections net/http may take for one attempt. It
// sends a request again by itself when it finds a connection closed, or an
// HTTP/2 stream refused, and knows no bound.
const maxConnections = 3

var errResent = errors.New("the request was sent again and again without a response")

// evidence is what is known of how far a request came.
type evidence struct {
	traced      atomic.Bool
	connections atomic.Int32
	hooks       httptrace.ClientTrace
}

// trace returns the hooks that collect evidence, and give up an attempt that
// net/http sends over too many connections.
func (e *evidence) trace(giveUp func(error)) *httptrace.ClientTrace {
	e.hooks.GetConn = func(string) { e.traced.Store(true) }
	e.hooks.GotConn = func(httptrace.GotConnInfo) {
		if e.connections.Add(1) > maxConnections {
			giveUp(errResent)
		}
	}
	return &e.hooks
}

// unsent reports whether it is proven that not a byte of the request was sent.
func (e *evidence) unsent(err error) bool {
	return e.connections.Load() == 0 && (e.traced.Load() || retry.NeverConnected(err))
}

// isPassing reports whether another attempt may end better than with an error of
// net/http.
func isPassing(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return retry.ErrorRetryable(err) || ok && timeout.Timeout()
}

// isHeaderOverflow reports whether net/http refused a response for the size of its
// headers, which it says in words only.
func isHeaderOverflow(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}
