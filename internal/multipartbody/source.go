package multipartbody

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// SizeError reports a file that has another size than the caller promised.
type SizeError struct {
	Promised int64 // in bytes
	Found    int64 // in bytes; at least this many, when found while sending
}

func (e *SizeError) Error() string {
	if e.Found < e.Promised {
		return fmt.Sprintf("the file has only %d of the %d bytes promised as its size", e.Found, e.Promised)
	}
	return fmt.Sprintf("the file has more than the %d bytes promised as its size", e.Promised)
}

var errNotCurrent = errors.New("the body was closed, or replaced by a newer one")

var errReadOnce = errors.New("the file was read already and cannot be read again: it cannot seek")

// source is the caller's reader, which a body and its repetitions share. Only
// the current one may read: a transport that starts a request anew does not
// always wait until the first attempt has let go of its body.
type source struct {
	r       io.Reader
	seeker  io.Seeker // r, if it can go back to start; otherwise nil
	start   int64
	blocks  bool // r may wait for others: it is a pipe or a connection, for all that is known
	current atomic.Pointer[Body]

	mu       lock   // held while r is used
	touched  bool   // something was read, or tried
	buf      []byte // for reads that may be given up
	deserted chan readResult
}

// lock is a mutex that may be held for long: who waits for it is blocked on a
// channel, which testing/synctest knows to be idle.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

type readResult struct {
	n   int
	err error
}

// newSource also returns how many bytes r will deliver, or -1 when r cannot
// tell.
func newSource(r io.Reader) (*source, int64, error) {
	s := &source{r: r, mu: newLock()}
	if seeker, ok := r.(io.Seeker); ok {
		start, size, err := measure(seeker)
		if err != nil {
			return nil, 0, err
		}
		if size >= 0 {
			s.seeker, s.start = seeker, start
			return s, size, nil
		}
	}
	if l, ok := r.(interface{ Len() int }); ok {
		return s, int64(max(l.Len(), -1)), nil
	}
	s.blocks = true
	return s, -1, nil
}

// measure returns where s stands and how many bytes follow: -1 when s has the
// method but cannot seek, such as a pipe in an *os.File.
func measure(s io.Seeker) (start, size int64, err error) {
	start, err = s.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, -1, nil
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, -1, nil
	}
	if _, err := s.Seek(start, io.SeekStart); err != nil {
		return 0, 0, fmt.Errorf("going back to offset %d of the file after measuring it: %w", start, err)
	}
	return start, max(end-start, 0), nil
}

// settleSize weighs the size that the caller gave against the one found, each
// -1 when unknown. A given 0 is unknown too.
func settleSize(given, found int64) (int64, error) {
	switch {
	case given < -1:
		return 0, fmt.Errorf("size %d is negative; use -1 or 0 for a size that is not known", given)
	case given <= 0:
		return found, nil
	case found >= 0 && found != given:
		return 0, &SizeError{Promised: given, Found: found}
	}
	return given, nil
}

func (s *source) read(b *Body, p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Load() != b || s.deserted != nil {
		return 0, errNotCurrent
	}
	s.touched = true
	read := s.r.Read
	if s.blocks {
		read = func(p []byte) (int, error) { return s.readUntil(b.closed, p) }
	}
	n, err := read(p)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("its Read(%d bytes) claims to have read %d", len(p), n)
	}
	return n, err
}

// readUntil reads from a reader that may block, and gives it up when closed is.
// It needs a goroutine and a buffer of its own, since nothing else ends such a read.
func (s *source) readUntil(closed <-chan struct{}, p []byte) (int, error) {
	if s.buf == nil {
		s.buf = make([]byte, 32<<10)
	}
	buf := s.buf[:min(len(p), len(s.buf))]
	done := make(chan readResult, 1)
	go func() {
		n, err := s.r.Read(buf)
		done <- readResult{n, err}
	}()
	select {
	case result := <-done:
		if 0 < result.n && result.n <= len(buf) {
			copy(p, buf[:result.n])
		}
		return result.n, result.err
	case <-closed:
		s.deserted = done
		return 0, errNotCurrent
	}
}

// release waits until the reader is not used any more, but for one read that
// blocks only as long as patience says.
func (s *source) release(patience time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deserted == nil {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.deserted:
	case <-timer.C:
	}
}

// rewind takes the reader back to its start on behalf of next, after a read by
// an earlier body has ended.
func (s *source) rewind(next *Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.Store(nil)
	switch {
	case s.touched && s.seeker == nil:
		return errReadOnce
	case s.touched:
		if _, err := s.seeker.Seek(s.start, io.SeekStart); err != nil {
			return fmt.Errorf("going back to offset %d of the file: %w", s.start, err)
		}
	}
	s.current.Store(next)
	return nil
}
