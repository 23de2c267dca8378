// Package multipartbody builds multipart/form-data request bodies: plain fields in
// one buffer ([Fields]), or such fields and one file, which is streamed ([New]).
//
// A body has no WriteTo: net/http wraps a body of known length in an io.LimitedReader
// and would not call it. Sendfile with a custom connection was measured to be slower
// than reading (BenchmarkUpload).
package multipartbody

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"
)

// ErrRead is returned by [Form.Open] if the form was read before and the file cannot
// seek.
var ErrRead = errors.New("the file was already read and cannot seek back to its start")

var errClosed = errors.New("the body was closed, or replaced by a newer one")

// Form is a multipart/form-data form that ends with a file. [Form.Open] returns a body
// for each attempt to send it. If the previous body was read, the file must be able to
// seek.
type Form struct {
	// OnProgress, if set before Open, is called by the sending goroutine after each
	// chunk of the file was read. sent counts the bytes of the file; total is its size,
	// or -1 while the size is unknown. The last call for a complete file has
	// sent == total.
	OnProgress func(sent, total int64)

	contentType    string
	header, footer []byte // around the file
	src            io.Reader
	start          int64 // where the file begins in src; -1: it cannot seek
	size           int64 // of the file; -1: unknown
	blocks         bool  // see file

	file    *file
	content io.Reader // the whole form
	err     error     // returned by every further Read

	mu      sync.Mutex     // guards current and started
	current *body          // the only body that may be read
	started bool           // current was read
	reading sync.WaitGroup // the Reads of current
}

// New returns a form of the fields, followed by a file part with the data of src from
// its current position. src is never closed.
//
// fileName is escaped as in browsers: `"`, CR and LF become %22, %0D and %0A, and
// everything else stays UTF-8. Other control characters and invalid UTF-8 are
// rejected, in fieldName too. An empty fileName becomes "blob" (a part without a file
// name would be a text field), an empty contentType "application/octet-stream".
//
// A size above 0 is the size of the file. If size is 0 or -1, the size is determined from
// src if src can seek or has a Len method, and otherwise unknown. If src is known to
// have another size than given, New returns a [*SizeError]. If that is found later,
// Read returns the [*SizeError] before the body is complete.
func New(fields []Field, fieldName, fileName, contentType string, src io.Reader, size int64) (*Form, error) {
	if src == nil {
		return nil, errors.New("the file's reader is nil")
	}
	boundary := rand.Text()
	header, err := appendFields(nil, boundary, fields)
	if err != nil {
		return nil, err
	}
	header, err = appendFileHeader(header, boundary, fieldName, fileName, contentType)
	if err != nil {
		return nil, err
	}
	footer := []byte("\r\n--" + boundary + "--\r\n")
	start, found, err := remaining(src)
	if err != nil {
		return nil, err
	}
	size, err = settleSize(size, found)
	if err != nil {
		return nil, err
	}
	if size > math.MaxInt64-int64(len(header)+len(footer)) {
		return nil, fmt.Errorf("size %d is too large to be sent", size)
	}
	f := &Form{
		contentType: formType + boundary,
		header:      header,
		footer:      footer,
		src:         src,
		start:       start,
		size:        size,
		blocks:      found < 0,
	}
	f.begin()
	return f, nil
}

// begin starts the content of the form, with the file at its current position.
func (f *Form) begin() {
	f.file = &file{src: f.src, blocks: f.blocks, size: f.size, closed: make(chan struct{})}
	f.content = io.MultiReader(bytes.NewReader(f.header), f.file, bytes.NewReader(f.footer))
	f.started, f.err = false, nil
}

// ContentType returns the request's Content-Type, with a random boundary.
func (f *Form) ContentType() string { return f.contentType }

// Len returns the length of the whole body in bytes, or -1 when the file's size
// is unknown. Reading does not change it.
func (f *Form) Len() int64 {
	if f.size < 0 {
		return -1
	}
	return int64(len(f.header)+len(f.footer)) + f.size
}

// FileLen returns the length of the file in bytes, or -1 when it is unknown.
// Reading does not change it.
func (f *Form) FileLen() int64 { return f.size }

// Open returns the body for one attempt and invalidates the previous one. If that was
// read, Open seeks the file back to its start, or fails with [ErrRead] if it cannot
// seek.
//
// Only Close may be called during a Read of the body. After Close, every Read fails,
// as does a Read that waits for a file of unknown size. The file stays open.
func (f *Form) Open() (io.ReadCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.started {
		if err := f.rewind(); err != nil {
			return nil, err
		}
	}
	f.file.onProgress = f.OnProgress
	f.current = &body{f}
	return f.current, nil
}

// Spent reports whether Open would fail with [ErrRead].
func (f *Form) Spent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.started && f.start < 0
}

// rewind ends the current body and restarts the form. f.mu is held, except while the
// last Read ends.
func (f *Form) rewind() error {
	s, ok := f.src.(io.Seeker)
	if !ok || f.start < 0 {
		return ErrRead
	}
	f.close()
	f.mu.Unlock()
	f.reading.Wait()
	f.mu.Lock()
	if _, err := s.Seek(f.start, io.SeekStart); err != nil {
		return fmt.Errorf("seek back to offset %d of the file for the next attempt: %w", f.start, err)
	}
	f.begin()
	return nil
}

// Release closes the body and waits until neither the file nor OnProgress is in use.
// If a Read of a file of unknown size blocks, Release returns after the timeout.
func (f *Form) Release(timeout time.Duration) {
	f.mu.Lock()
	f.close()
	f.mu.Unlock()
	f.reading.Wait() // not a mutex: testing/synctest treats this wait as idle
	f.file.release(timeout)
}

// close ends the current body. f.mu is held.
func (f *Form) close() {
	if f.current != nil && f.started {
		close(f.file.closed)
	}
	f.current = nil
}

// body reads the form. It becomes invalid after Close, or when a newer body is opened.
type body struct{ form *Form }

func (b *body) Read(p []byte) (n int, err error) {
	f := b.form
	f.mu.Lock()
	if f.current != b {
		f.mu.Unlock()
		return 0, errClosed
	}
	f.started = true
	f.reading.Add(1)
	f.mu.Unlock()
	defer f.reading.Done()

	if f.err == nil {
		n, f.err = f.content.Read(p)
	}
	return n, f.err
}

func (b *body) Close() error {
	b.form.mu.Lock()
	defer b.form.mu.Unlock()
	if b.form.current == b {
		b.form.close()
	}
	return nil
}
