// Package multipartbody builds multipart/form-data request bodies: one file,
// streamed between its header and its footer ([New]), or a few plain fields in
// one buffer ([Fields]).
//
// A Body has no WriteTo: net/http puts an io.LimitedReader around a body of known
// length and would not call it, and sendfile by way of a connection of our own was
// measured to be slower than reading (BenchmarkUpload).
package multipartbody

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Body is a multipart/form-data body that carries one file. It holds the part's
// header and the closing boundary; the file itself passes through unbuffered.
//
// A Body is read once. Only Close may be called while it is being read.
type Body struct {
	// OnProgress, when set before the first read, is called by the goroutine
	// that sends, after each chunk of the file was handed over. sent counts the
	// file's bytes; total is the file's size, or -1 until an unknown size has
	// become known. The last call of a complete file has sent == total.
	OnProgress func(sent, total int64)

	form     *form
	head     []byte // of the header, what was not read yet
	tail     []byte // of the footer, likewise
	sent     int64  // bytes of the file read so far
	size     int64  // of the file; -1: unknown
	fileDone bool
	closed   chan struct{}
	mu       lock    // held during Read, and so during OnProgress
	extra    [1]byte // receives the byte that must not follow the file
	err      error   // what every further Read returns
}

// form is what a body and its repetitions have in common.
type form struct {
	contentType    string
	header, footer []byte
	file           *source
	size           int64
}

// New returns a body with a single part that holds what src delivers from where
// it stands now. src is never closed.
//
// fileName is written as browsers do: `"`, CR and LF become %22, %0D and %0A,
// everything else stays UTF-8. Other control characters and invalid UTF-8 are
// refused, in fieldName too. An empty fileName becomes "blob" (a part without
// one would be a text field), an empty contentType "application/octet-stream".
//
// A size above 0 is a promise. Otherwise, for 0 and -1, it is found out from
// src when that can seek or has a Len method, and stays unknown when not. A
// promise that src is known to break is refused here with a [*SizeError]; one
// that src breaks later makes Read fail with it before the body is complete.
func New(fieldName, fileName, contentType string, src io.Reader, size int64) (*Body, error) {
	if src == nil {
		return nil, errors.New("the file's reader is nil")
	}
	boundary := rand.Text()
	header, err := appendFileHeader(nil, boundary, fieldName, fileName, contentType)
	if err != nil {
		return nil, err
	}
	file, found, err := newSource(src)
	if err != nil {
		return nil, err
	}
	size, err = settleSize(size, found)
	if err != nil {
		return nil, err
	}
	f := &form{
		contentType: formContentType(boundary),
		header:      header,
		footer:      []byte("\r\n--" + boundary + "--\r\n"),
		file:        file,
		size:        size,
	}
	if size > math.MaxInt64-f.framing() {
		return nil, fmt.Errorf("size %d is too large to be sent", size)
	}
	b := f.newBody()
	file.current.Store(b)
	return b, nil
}

// ContentType returns the request's Content-Type with the boundary, which is
// random.
func (b *Body) ContentType() string { return b.form.contentType }

// Len returns the length of the whole body in bytes, or -1 when the file's size
// is unknown. Reading does not change it.
func (b *Body) Len() int64 {
	if b.form.size < 0 {
		return -1
	}
	return b.form.size + b.form.framing()
}

// FileLen returns the length of the file in bytes, or -1 when it is unknown.
func (b *Body) FileLen() int64 { return b.form.size }

// Read reads the body. The file goes straight from its reader into p, and the
// footer follows only when the file has ended where it should.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	n := copy(p, b.head)
	b.head = b.head[n:]
	if !b.fileDone && n < len(p) {
		m, err := b.readFile(p[n:])
		n += m
		if err != nil {
			b.err = err
			return n, err
		}
	}
	if b.fileDone {
		m := copy(p[n:], b.tail)
		b.tail = b.tail[m:]
		n += m
		if len(b.tail) == 0 {
			b.err = io.EOF
		}
	}
	return n, b.err
}

// Close makes every Read of the file fail that begins after it, and one that
// waits for a reader of unknown size. The source stays open.
func (b *Body) Close() error {
	if b.form.file.current.CompareAndSwap(b, nil) {
		close(b.closed)
	}
	return nil
}

// Release closes the body and waits until neither the source nor OnProgress is
// in use. A source of unknown size whose Read blocks is given up after patience.
func (b *Body) Release(patience time.Duration) {
	b.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.form.file.release(patience)
}

// Again returns a new body for another attempt, which replaces this one. It
// takes the source back to where New found it; one that cannot seek must not have
// been read yet.
func (b *Body) Again() (*Body, error) {
	next := b.form.newBody()
	next.OnProgress = b.OnProgress
	if err := b.form.file.rewind(next); err != nil {
		return nil, err
	}
	return next, nil
}

// readFile reads from the file into p, which is not empty, and finds out
// whether the file has ended, and where it should.
func (b *Body) readFile(p []byte) (n int, err error) {
	if b.size >= 0 {
		p = p[:min(int64(len(p)), b.size-b.sent)]
	}
	if len(p) > 0 {
		n, err = b.form.file.read(b, p)
		b.sent += int64(n)
	}
	if err == nil && b.sent == b.size {
		err = b.probeEnd()
	}
	switch {
	case err == io.EOF && b.sent < b.size:
		return n, &SizeError{Promised: b.size, Found: b.sent}
	case err == io.EOF:
		b.size, b.fileDone = b.sent, true
	case err != nil:
		return n, fmt.Errorf("reading the file after %d bytes: %w", b.sent, err)
	}
	if b.OnProgress != nil && (n > 0 || b.fileDone) {
		b.OnProgress(b.sent, b.size)
	}
	return n, nil
}

// probeEnd looks past the promised size. It returns io.EOF when nothing is
// there, and nil when the source does not tell yet.
func (b *Body) probeEnd() error {
	n, err := b.form.file.read(b, b.extra[:])
	if n > 0 {
		return &SizeError{Promised: b.size, Found: b.size + 1}
	}
	return err
}

func (f *form) newBody() *Body {
	return &Body{form: f, head: f.header, tail: f.footer, size: f.size, closed: make(chan struct{}), mu: newLock()}
}

func (f *form) framing() int64 { return int64(len(f.header) + len(f.footer)) }
