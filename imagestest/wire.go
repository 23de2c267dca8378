package imagestest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// wire is the server's end of a connection, on which faults act. A handler of
// net/http reaches neither the connection of an HTTP/2 request nor its frames,
// so net/http gets wires that are decrypted already, and sees HTTP/2 without TLS.
type wire struct {
	net.Conn           // what net/http reads and writes
	raw      net.Conn  // below TLS; the same without TLS
	tls      *tls.Conn // nil without TLS
	state    *tls.ConnectionState
	frames   *frames // nil over HTTP/1.1

	blackholed atomic.Bool // nothing passes any more
	closed     chan struct{}
	closeOnce  sync.Once
}

// wireListener makes wires of the connections that it accepts.
type wireListener struct {
	net.Listener
	tls *tls.Config // nil: no TLS
}

func (l wireListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := newWire(raw)
	if l.tls != nil {
		w.tls = tls.Server(raw, l.tls)
		w.Conn = w.tls
	}
	return w, nil
}

func newWire(raw net.Conn) *wire {
	return &wire{Conn: raw, raw: raw, closed: make(chan struct{})}
}

type wireKey struct{}

func withWire(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, wireKey{}, conn)
}

// wireOf returns the wire that a request came by, or nil when it came by the
// server of somebody else, on which Server.Handler is mounted.
func wireOf(r *http.Request) *wire {
	w, _ := r.Context().Value(wireKey{}).(*wire)
	return w
}

// Read reads from the client. The first one is net/http's, before it writes
// anything or serves a request.
func (w *wire) Read(p []byte) (n int, err error) {
	if w.tls != nil && w.state == nil {
		if err := w.handshake(); err != nil {
			return 0, err
		}
	}
	if !w.blackholed.Load() {
		if w.frames != nil {
			n, err = w.frames.in.Read(p)
		} else {
			n, err = w.Conn.Read(p)
		}
		if err != nil || !w.blackholed.Load() {
			return n, err
		}
	}
	return w.discardReads(p)
}

func (w *wire) handshake() error {
	if err := w.tls.HandshakeContext(context.Background()); err != nil {
		return err
	}
	state := w.tls.ConnectionState()
	if state.NegotiatedProtocol == protoHTTP2 {
		w.frames = newFrames(w.Conn)
	}
	w.state = &state
	return nil
}

// swallow returns when the wire is closed. Over HTTP/1.1 it takes nothing, so
// that the client's writes wait once all buffers are full. Over HTTP/2 flow
// control is what makes the client wait: were it blocked while it writes a frame,
// it could not even send a ping.
func (w *wire) discardReads(p []byte) (int, error) {
	if w.frames == nil {
		<-w.closed
		return 0, net.ErrClosed
	}
	for {
		if _, err := w.Conn.Read(p); err != nil {
			return 0, err
		}
	}
}

// Write writes to the client.
func (w *wire) Write(p []byte) (int, error) {
	switch {
	case w.frames != nil:
		return w.writeFrames(p)
	case w.blackholed.Load():
		return len(p), nil
	}
	return w.Conn.Write(p)
}

// Close closes the connection in an orderly way.
func (w *wire) Close() error {
	w.closeOnce.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// CloseWrite ends the direction towards the client.
func (w *wire) CloseWrite() error {
	if w.tls != nil {
		w.tls.CloseWrite() // the next line ends it all the same
	}
	if conn, ok := w.raw.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return w.Close()
}

// cut ends the connection in an orderly way. It takes nothing more from the
// client but waits for it to leave: closing a TCP connection that has something
// unread would reset it, and what was sent would be lost.
func (w *wire) cut() {
	w.flushFrames()
	w.blackholed.Store(true)
	w.CloseWrite()
}

// blackhole makes the connection pass nothing more, and leaves it open.
func (w *wire) blackhole() {
	w.flushFrames()
	w.blackholed.Store(true)
}

// awaitDelivery waits until what was sent has been delivered, or the wire is closed.
func (w *wire) awaitDelivery(d time.Duration) {
	w.flushFrames()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.closed:
	}
}

// reset closes the connection by a RST.
func (w *wire) reset() {
	raw := w.raw
	if wrapped, ok := raw.(interface{ NetConn() net.Conn }); ok { // TLS of somebody else's server
		raw = wrapped.NetConn()
	}
	switch conn := raw.(type) {
	case interface{ Reset() error }: // in memory
		conn.Reset()
		return
	case *net.TCPConn:
		conn.SetLinger(0)
	}
	raw.Close()
}
