package multipartbody

import (
	"fmt"
	"io"
	"time"
)

// SizeError means that a file does not have the size that the caller gave.
type SizeError struct {
	Size  int64 // in bytes, as given
	Found int64 // in bytes; a minimum if found while sending
}

func (e *SizeError) Error() string {
	if e.Found < e.Size {
		return fmt.Sprintf("the file has only %d bytes, but its Size is %d", e.Found, e.Size)
	}
	return fmt.Sprintf("the file has more bytes than its Size of %d", e.Size)
}

// file reads the caller's file, checks its given size, and reports progress.
type file struct {
	src        io.Reader
	size       int64 // -1: unknown until the end
	sent       int64
	onProgress func(sent, total int64) // may be nil

	blocks    bool          // reads of src may block, as with a pipe or a connection
	closed    chan struct{} // closed with the body
	buf       []byte        // for reads that may be abandoned
	abandoned chan error    // receives the result of the abandoned read; nil: none
}

// Read returns io.EOF only if the file has its given size.
func (f *file) Read(p []byte) (n int, err error) {
	if f.size >= 0 {
		p = p[:min(int64(len(p)), f.size-f.sent)]
	}
	if len(p) > 0 {
		n, err = f.readSource(p)
		f.sent += int64(n)
	}
	if err == nil && f.sent == f.size {
		err = f.probeEnd()
	}
	switch {
	case err == io.EOF && f.sent < f.size:
		return n, &SizeError{Size: f.size, Found: f.sent}
	case err == io.EOF:
		f.size = f.sent
	case err != nil:
		return n, fmt.Errorf("reading the file after %d bytes: %w", f.sent, err)
	}
	if f.onProgress != nil && (n > 0 || err == io.EOF) {
		f.onProgress(f.sent, f.size)
	}
	return n, err
}

// probeEnd reads beyond the given size. It returns io.EOF at the end of src, and
// nil if src returned neither data nor an error.
func (f *file) probeEnd() error {
	n, err := f.readSource(make([]byte, 1))
	if n > 0 {
		return &SizeError{Size: f.size, Found: f.size + 1}
	}
	return err
}

// readSource reads from src. A read that may block is abandoned when the body is
// closed. It uses a separate goroutine and buffer, because it cannot be interrupted.
func (f *file) readSource(p []byte) (int, error) {
	if !f.blocks {
		return readChecked(f.src, p)
	}
	if f.buf == nil {
		f.buf = make([]byte, 32<<10)
	}
	buf := f.buf[:min(len(p), len(f.buf))]
	var n int
	done := make(chan error, 1)
	go func() {
		var err error
		n, err = readChecked(f.src, buf)
		done <- err
	}()
	select {
	case err := <-done:
		return copy(p, buf[:n]), err
	case <-f.closed:
		f.abandoned = done
		return 0, errClosed
	}
}

func readChecked(src io.Reader, p []byte) (int, error) {
	n, err := src.Read(p)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("its Read(%d bytes) claims to have read %d", len(p), n)
	}
	return n, err
}

// release waits for an abandoned read, at most for the timeout.
func (f *file) release(timeout time.Duration) {
	if f.abandoned == nil {
		return
	}
	select {
	case <-f.abandoned: //nolint:errcheck // nobody is left to read its error
	case <-time.After(timeout):
	}
}

// remaining returns how many bytes src will deliver, or -1 if that is unknown; its
// Read may then block. start is its current offset, or -1 if it cannot seek.
func remaining(src io.Reader) (start, size int64, err error) {
	if s, ok := src.(io.Seeker); ok {
		if start, size, err := measure(s); size >= 0 || err != nil {
			return start, size, err
		}
	}
	if l, ok := src.(interface{ Len() int }); ok {
		return -1, int64(max(l.Len(), -1)), nil
	}
	return -1, -1, nil
}

// measure returns the current offset of s and the number of bytes after it. It returns
// -1 for both if s cannot seek despite its method, such as a pipe in an *os.File.
func measure(s io.Seeker) (start, size int64, err error) {
	start, err = s.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1, -1, nil
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return -1, -1, nil
	}
	if _, err := s.Seek(start, io.SeekStart); err != nil {
		return -1, -1, fmt.Errorf("seek back to offset %d of the file after measuring it: %w", start, err)
	}
	return start, max(end-start, 0), nil
}

// settleSize compares the caller's size with the one found; -1 means unknown. A given
// size of 0 also means unknown.
func settleSize(given, found int64) (int64, error) {
	switch {
	case given < -1:
		return 0, fmt.Errorf("size %d is negative; use -1 or 0 for a size that is not known", given)
	case given <= 0:
		return found, nil
	case found >= 0 && found != given:
		return 0, &SizeError{Size: given, Found: found}
	}
	return given, nil
}
