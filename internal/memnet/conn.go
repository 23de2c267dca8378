package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is one end of a connection. Each direction buffers up to 64 KiB. All errors except
// io.EOF are of type [*net.OpError], as with TCP.
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

// Read waits for data. After the peer has closed its side, it returns the remaining data
// and then io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

// Write waits until all of p is buffered. If the peer has closed the connection, it fails
// with [syscall.EPIPE].
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.opError("write", err)
}

// Close closes both directions. The peer can still read data that was written.
func (c *Conn) Close() error {
	if !c.in.close(&c.in.reader, &c.in.writer, syscall.EPIPE) {
		return c.opError("close", net.ErrClosed)
	}
	c.out.close(&c.out.writer, &c.out.reader, io.EOF)
	return nil
}

// CloseWrite closes the direction to the peer, which reads the remaining data and then
// io.EOF. The connection can still be read.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.out.endWrite())
}

// Reset closes the connection like a TCP RST: data in transit is lost, and pending and later
// reads and writes of the peer fail with [syscall.ECONNRESET].
func (c *Conn) Reset() error {
	if !c.in.close(&c.in.reader, &c.in.writer, syscall.ECONNRESET) {
		return c.opError("close", net.ErrClosed)
	}
	c.out.reset()
	c.out.close(&c.out.writer, &c.out.reader, nil)
	return nil
}

// LocalAddr returns the address of this end, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the peer, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the read and write deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the time from which pending and later reads fail with
// [os.ErrDeadlineExceeded]. The zero time removes the deadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.in.setDeadline(&c.in.reader, t))
}

// SetWriteDeadline sets the same deadline for writes. A write that fails may have written
// a part of its data.
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
