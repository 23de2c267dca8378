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

// wire is the server side of a connection, to which faults are applied. An HTTP/2 handler
// of net/http can access neither the connection nor the frames. Therefore wires decrypt TLS
// themselves, and net/http serves HTTP/2 without TLS.
type wire struct {
	net.Conn           // what net/http reads and writes
	raw      net.Conn  // below TLS; the same without TLS
	tls      *tls.Conn // nil without TLS
	state    *tls.ConnectionState
	frames   *frames // nil over HTTP/1.1

	blackholed atomic.Bool // nothing is sent or received
	closed     chan struct{}
	closeOnce  sync.Once
}

// wireListener wraps accepted connections in wires.
type wireListener struct {
	net.Listener
	tls *tls.Config // nil means no TLS
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

// wireOf returns the wire of a request, or nil if Server.Handler is mounted on another
// server.
func wireOf(r *http.Request) *wire {
	w, _ := r.Context().Value(wireKey{}).(*wire)
	return w
}

// Read reads from the client. It performs the TLS handshake in the first call, which
// net/http makes before it writes anything or serves a request.
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

// discardReads returns when the wire is closed. Over HTTP/1.1 it reads nothing, so the
// client's writes block once all buffers are full. Over HTTP/2 it reads and discards:
// flow control stops the client, which must still be able to send a ping.
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

// Close closes the connection normally.
func (w *wire) Close() error {
	w.closeOnce.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// CloseWrite closes the direction to the client.
func (w *wire) CloseWrite() error {
	if w.tls != nil {
		w.tls.CloseWrite() // the next line closes it even if this fails
	}
	if conn, ok := w.raw.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return w.Close()
}

// cut closes the direction to the client and waits for the client to disconnect. Closing a
// TCP connection with unread data would reset it, and sent data would be lost.
func (w *wire) cut() {
	w.flushFrames()
	w.blackholed.Store(true)
	w.CloseWrite()
}

// blackhole stops all traffic and leaves the connection open.
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

// reset closes the connection with a RST.
func (w *wire) reset() {
	raw := w.raw
	if wrapped, ok := raw.(interface{ NetConn() net.Conn }); ok { // TLS of another server
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
