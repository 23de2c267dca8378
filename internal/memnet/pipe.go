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
	mu            sync.Mutex
	changed       sync.Cond
	buf           bytes.Buffer
	readErr       error // what reads return when buf is empty
	writeErr      error // what writes return
	readDeadline  deadline
	writeDeadline deadline
	writing       bool // a write is under way, and others must not cut in
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
		case p.readErr == net.ErrClosed:
			return 0, net.ErrClosed
		case p.readDeadline.passed():
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case p.buf.Len() > 0:
			p.changed.Broadcast()
			return p.buf.Read(b)
		case p.readErr != nil:
			return 0, p.readErr
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
		case p.writeErr != nil:
			return p.writeErr
		case p.writeDeadline.passed():
			return os.ErrDeadlineExceeded
		case ready():
			return nil
		}
		p.changed.Wait()
	}
}

// closeRead is the reader's farewell. The writer gets peerErr unless its side
// has ended already. It returns false if it came before.
func (p *pipe) closeRead(peerErr error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.readErr == net.ErrClosed {
		return false
	}
	p.readErr = net.ErrClosed
	if p.writeErr == nil {
		p.writeErr = peerErr
	}
	p.readDeadline.stop()
	p.changed.Broadcast()
	return true
}

// closeWrite is the writer's farewell. The reader still gets what is left.
func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeErr = net.ErrClosed
	if p.readErr == nil {
		p.readErr = io.EOF
	}
	p.writeDeadline.stop()
	p.changed.Broadcast()
}

// reset is the writer's farewell without regard for what is left.
func (p *pipe) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeErr = net.ErrClosed
	if p.readErr != net.ErrClosed {
		p.readErr = syscall.ECONNRESET
	}
	p.buf.Reset()
	p.writeDeadline.stop()
	p.changed.Broadcast()
}

// endWrite lets the writer write no more without closing its end.
func (p *pipe) endWrite() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.writeErr {
	case nil:
		p.writeErr = syscall.EPIPE
		p.readErr = io.EOF
		p.changed.Broadcast()
		return nil
	case syscall.EPIPE: // ended before, or the peer has closed
		return nil
	}
	return p.writeErr
}

func (p *pipe) setReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.readErr == net.ErrClosed {
		return net.ErrClosed
	}
	p.readDeadline.set(t, p.wake)
	p.changed.Broadcast()
	return nil
}

func (p *pipe) setWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writeErr == net.ErrClosed {
		return net.ErrClosed
	}
	p.writeDeadline.set(t, p.wake)
	p.changed.Broadcast()
	return nil
}

// wake holds the mutex so that it can't fall between a check and its wait.
func (p *pipe) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// deadline is guarded by the mutex of its pipe. The zero value never passes.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) set(t time.Time, wake func()) {
	d.stop()
	d.at = t
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	d.at = time.Now().Add(wait) // by the monotonic clock, as the timer
	if wait > 0 {
		d.timer = time.AfterFunc(wait, wake)
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

func (d *deadline) passed() bool {
	return !d.at.IsZero() && !time.Now().Before(d.at)
}
