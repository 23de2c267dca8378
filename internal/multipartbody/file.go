package multipartbody

import (
	"fmt"
	"io"
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

// file reads what the caller gave as the file, sees that it keeps its promised size,
// and reports progress.
type file struct {
	src        io.Reader
	size       int64 // -1: unknown until the end
	sent       int64
	onProgress func(sent, total int64) // may be nil

	blocks    bool          // src may wait for others: it is a pipe or a connection, for all that is known
	closed    chan struct{} // is closed with the body
	buf       []byte        // for reads that may be abandoned
	abandoned chan error    // receives the end of the read that was; nil: none was
}

// Read returns io.EOF only when the file has ended where it should.
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
		return n, &SizeError{Promised: f.size, Found: f.sent}
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

// probeEnd looks past the promised size. It returns io.EOF when nothing is
// there, and nil when src does not tell yet.
func (f *file) probeEnd() error {
	n, err := f.readSource(make([]byte, 1))
	if n > 0 {
		return &SizeError{Promised: f.size, Found: f.size + 1}
	}
	return err
}

// readSource reads from src. A read that may block is abandoned when the body is
// closed; it needs a goroutine and a buffer of its own, since nothing else ends it.
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

// release waits for an abandoned read, but only as long as patience says.
func (f *file) release(patience time.Duration) {
	if f.abandoned == nil {
		return
	}
	select {
	case <-f.abandoned: //nolint:errcheck // nobody is left to read its error
	case <-time.After(patience):
	}
}

// remaining returns how many bytes src will deliver, or -1 when src cannot tell:
// then its Read may block. start is where it stands, or -1 when it cannot seek.
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

// measure returns where s stands and how many bytes follow, or -1 for both when s has
// the method but cannot seek, such as a pipe in an *os.File.
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
		return -1, -1, fmt.Errorf("going back to offset %d of the file after measuring it: %w", start, err)
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
