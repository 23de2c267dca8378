package memnet

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const pipeCapacity = 64 << 10

// pipe is one direction of a connection. The mutex is never held while waiting.
type pipe struct {
	mu      sync.Mutex
	changed sync.Cond
	buf     bytes.Buffer
	reader  end // its err is returned when buf is empty
	writer  end
	writing bool // a write is in progress, and others must wait
}

// end is one end of a pipe, guarded by the mutex of the pipe. It is closed if err is
// net.ErrClosed. Any other err was set by the other end.
type end struct {
	err      error
	deadline time.Time
	timer    *time.Timer
}

func newPipe() *pipe {
	p := &pipe{}
	p.changed.L = &p.mu
	return p
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.reader.err == net.ErrClosed:
			return 0, net.ErrClosed
		case p.reader.late():
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case p.buf.Len() > 0:
			p.changed.Broadcast()
			return p.buf.Read(b)
		case p.reader.err != nil:
			return 0, p.reader.err
		}
		p.changed.Wait()
	}
}

func (p *pipe) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.awaitWrite(func() bool { return !p.writing }); err != nil {
		return 0, err
	}
	p.writing = true
	defer func() {
		p.writing = false
		p.changed.Broadcast()
	}()
	for n < len(b) {
		if err := p.awaitWrite(func() bool { return p.buf.Len() < pipeCapacity }); err != nil {
			return n, err
		}
		k := min(len(b)-n, pipeCapacity-p.buf.Len())
		p.buf.Write(b[n : n+k])
		n += k
		p.changed.Broadcast()
	}
	return n, nil
}

func (p *pipe) awaitWrite(ready func() bool) error {
	for {
		switch {
		case p.writer.err != nil:
			return p.writer.err
		case p.writer.late():
			return os.ErrDeadlineExceeded
		case ready():
			return nil
		}
		p.changed.Wait()
	}
}

// close closes an end. The other end gets otherErr unless it already has an error.
// It returns false if the end was already closed.
func (p *pipe) close(e, other *end, otherErr error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.err == net.ErrClosed {
		return false
	}
	e.err = net.ErrClosed
	e.stopTimer()
	if other.err == nil {
		other.err = otherErr
	}
	p.changed.Broadcast()
	return true
}

// reset discards the unread data of the reader and makes its reads fail.
func (p *pipe) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reader.err != net.ErrClosed {
		p.reader.err = syscall.ECONNRESET
	}
	p.buf.Reset()
	p.changed.Broadcast()
}

// endWrite makes writes fail without closing the end.
func (p *pipe) endWrite() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.writer.err {
	case nil:
		p.writer.err = syscall.EPIPE
		p.reader.err = io.EOF
		p.changed.Broadcast()
		return nil
	case syscall.EPIPE: // the write side or the peer is closed
		return nil
	}
	return p.writer.err
}

func (p *pipe) setDeadline(e *end, t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.err == net.ErrClosed {
		return net.ErrClosed
	}
	e.stopTimer()
	e.deadline = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		e.deadline = time.Now().Add(wait) // by the monotonic clock, as the timer
		e.timer = time.AfterFunc(wait, p.wake)
	}
	p.changed.Broadcast()
	return nil
}

// wake locks the mutex so that the wake-up cannot occur between a check and its wait.
func (p *pipe) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

func (e *end) stopTimer() {
	if e.timer != nil {
		e.timer.Stop()
	}
}

// late reports whether the deadline has passed. Without a deadline, it returns false.
func (e *end) late() bool {
	return !e.deadline.IsZero() && !time.Now().Before(e.deadline)
}
