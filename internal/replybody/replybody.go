// Package replybody reads the body of a reply within bounds: a largest size
// once decoded, and a longest silence.
package replybody

import (
	"errors"
	"io"
	"time"
)

// ErrTooLarge is returned by Read for a body over its limit.
var ErrTooLarge = errors.New("body over the limit")

// prefixSize is how much of the start of a body is kept for an error's excerpt.
const prefixSize = 512

// Body reads a reply's body. It is for one goroutine.
type Body struct {
	src      io.ReadCloser
	left     int64
	silence  time.Duration
	watchdog *time.Timer
	prefix   []byte
	read     int64
	err      error
	ended    bool
}

// New returns a Body that reads at most limit bytes of src. The watchdog is a
// stopped timer that ends the attempt when it fires: it is armed with silence
// while a read waits, so that a reader who takes his time costs nothing.
func New(src io.ReadCloser, limit int64, silence time.Duration, watchdog *time.Timer) *Body {
	return &Body{src: src, left: limit, silence: silence, watchdog: watchdog}
}

// Read reads what has arrived, and fails with ErrTooLarge beyond the limit.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.ended {
		return 0, io.EOF
	}
	// One byte more than is left tells a body that ends at the limit from a larger one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	b.watchdog.Reset(b.silence)
	n, err := b.src.Read(p)
	b.watchdog.Stop()
	if int64(n) > b.left {
		n, err = int(b.left), ErrTooLarge
	}
	b.left -= int64(n)
	b.read += int64(n)
	if room := prefixSize - len(b.prefix); room > 0 {
		b.prefix = append(b.prefix, p[:min(n, room)]...)
	}
	switch {
	case err == io.EOF:
		b.ended = true
	case err != nil:
		b.err = err
	}
	return n, err
}

// Err returns what ended the reading, nil after an orderly end.
func (b *Body) Err() error { return b.err }

// Prefix returns the first bytes of the body, as far as they were read.
func (b *Body) Prefix() []byte { return b.prefix }

// Len returns how many bytes were read.
func (b *Body) Len() int64 { return b.read }

// Close closes the body. One that was read to its end leaves its connection to
// the next request; any other gives it up, which is cheaper than to wait for the rest.
func (b *Body) Close() error {
	b.watchdog.Stop()
	return b.src.Close()
}
