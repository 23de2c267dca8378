// Package memnet provides an in-memory network for tests, in particular inside a
// testing/synctest bubble. It makes no system calls and starts no goroutines. A goroutine
// that waits in it is durably blocked, so that the clock of the bubble can advance.
package memnet

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// backlogSize is the number of connections that can wait for Accept before Dial blocks.
const backlogSize = 128

// Listener accepts the connections created by its own Dial method. Inside a synctest
// bubble, it must be created and used in that bubble.
type Listener struct {
	backlog   chan *Conn
	closed    chan struct{}
	closeOnce sync.Once
	dialed    atomic.Uint32
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a new listener. All listeners have the same address, but each is a separate
// network.
func Listen() *Listener {
	return &Listener{
		backlog: make(chan *Conn, backlogSize),
		closed:  make(chan struct{}),
	}
}

// Addr returns 127.0.0.1:80, so that "http://127.0.0.1" is a valid URL of the listener.
func (l *Listener) Addr() net.Addr { return localAddr(80) }

// Accept waits for a connection, which is a [*Conn]. After Close, it fails with
// [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, l.opError("accept", net.ErrClosed)
	default:
	}
	select {
	case c := <-l.backlog:
		return c, nil
	case <-l.closed:
		return nil, l.opError("accept", net.ErrClosed)
	}
}

// Dial connects to the listener and returns a [*Conn]. It waits for Accept only if the
// backlog of 128 connections is full. After Close, it fails with [syscall.ECONNREFUSED].
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.opError("dial", err)
	}
	client, server := connect(localAddr(10_000+int(l.dialed.Add(1)%50_000)), l.Addr())
	select {
	case l.backlog <- server:
	case <-l.closed:
	case <-ctx.Done():
		return nil, l.opError("dial", ctx.Err())
	}
	select {
	case <-l.closed: // possibly after Close emptied the backlog
		_ = server.Reset()
		return nil, l.opError("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED))
	default:
		return client, nil
	}
}

// Close stops listening and resets the connections that were not accepted. Accepted
// connections stay open.
func (l *Listener) Close() error {
	err := l.opError("close", net.ErrClosed)
	l.closeOnce.Do(func() {
		err = nil
		close(l.closed)
		l.resetBacklog()
	})
	return err
}

func (l *Listener) resetBacklog() {
	for {
		select {
		case c := <-l.backlog:
			_ = c.Reset()
		default:
			return
		}
	}
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.Addr(), Err: err}
}

func localAddr(port int) net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
}
