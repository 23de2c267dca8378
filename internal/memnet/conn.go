package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is one end of a connection. Each direction holds up to 64 KiB that was
// written and not read yet. All errors but io.EOF are a [*net.OpError], as TCP's.
type Conn struct {
	in, out       *pipe
	local, remote net.Addr
}

var _ net.Conn = (*Conn)(nil)

func connect(clientAddr, serverAddr net.Addr) (client, server *Conn) {
	up, down := newPipe(), newPipe()
	client = &Conn{in: down, out: up, local: clientAddr, remote: serverAddr}
	server = &Conn{in: up, out: down, local: serverAddr, remote: clientAddr}
	return client, server
}

// Read waits for data. When the peer has closed its side, it returns what is
// left and then io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

// Write waits until all of p has found room. When the peer has closed, it fails
// with [syscall.EPIPE].
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.opError("write", err)
}

// Close ends both directions. The peer can still read what was written.
func (c *Conn) Close() error {
	if !c.in.close(&c.in.reader, &c.in.writer, syscall.EPIPE) {
		return c.opError("close", net.ErrClosed)
	}
	c.out.close(&c.out.writer, &c.out.reader, io.EOF)
	return nil
}

// CloseWrite ends the direction towards the peer, which reads what is left and
// then io.EOF. Reading from the peer goes on.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.out.endWrite())
}

// Reset closes the connection as a TCP RST does: data in flight is lost, and
// the peer's pending and later reads and writes fail with [syscall.ECONNRESET].
func (c *Conn) Reset() error {
	if !c.in.close(&c.in.reader, &c.in.writer, syscall.ECONNRESET) {
		return c.opError("close", net.ErrClosed)
	}
	c.out.reset()
	c.out.close(&c.out.writer, &c.out.reader, nil)
	return nil
}

// LocalAddr returns this end's address: a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address: a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline makes pending and later reads fail with
// [os.ErrDeadlineExceeded] from t on. The zero time takes the deadline away.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.in.setDeadline(&c.in.reader, t))
}

// SetWriteDeadline is SetReadDeadline for writes. A write that fails so may
// have written a part.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.out.setDeadline(&c.out.writer, t))
}

func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
