// Package replybody reads the body of a reply within bounds: a largest size
// once decoded, of the whole and of one value in it, and a longest silence.
package replybody

import (
	"errors"
	"io"
	"time"
)

// ErrTooLarge is returned by Read for a body over its limit.
var ErrTooLarge = errors.New("body over the limit")

// prefixSize is how much of the start of a body is kept for an error's excerpt.
const prefixSize = 1024

// Body reads a reply's body. It is for one goroutine.
type Body struct {
	src      io.ReadCloser
	left     int64 // of the whole
	value    int64 // the most for one value
	mark     int64 // where the value began
	silence  time.Duration
	watchdog *time.Timer
	prefix   []byte
	read     int64
	err      error
	ended    bool
}

// New returns a Body that reads at most limit bytes of src, and at most value
// bytes from one Checkpoint to the next. The watchdog is a stopped timer that ends
// the attempt when it fires: it is armed with silence while a read waits, so that
// a reader who takes his time costs nothing.
func New(src io.ReadCloser, limit, value int64, silence time.Duration, watchdog *time.Timer) *Body {
	return &Body{src: src, left: limit, value: value, silence: silence, watchdog: watchdog}
}

// Checkpoint says that what was read so far needs no more room: a decoder is
// done with a value and reads the next one.
func (b *Body) Checkpoint() { b.mark = b.read }

// Read reads what has arrived, and fails with ErrTooLarge beyond a limit.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.ended {
		return 0, io.EOF
	}
	left := min(b.left, b.mark+b.value-b.read)
	// One byte more than is left tells a body that ends at the limit from a larger one.
	if int64(len(p)) > left+1 {
		p = p[:left+1]
	}
	b.watchdog.Reset(b.silence)
	n, err := b.src.Read(p)
	b.watchdog.Stop()
	if int64(n) > left {
		n, err = int(left), ErrTooLarge
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

// Prefix returns the first bytes of the body, as far as they were read, and
// whether that is all of what was read.
func (b *Body) Prefix() (text []byte, whole bool) { return b.prefix, int64(len(b.prefix)) == b.read }

// Len returns how many bytes were read.
func (b *Body) Len() int64 { return b.read }

// Close closes the body. One that was read to its end leaves its connection to
// the next request; any other gives it up, which is cheaper than to wait for the rest.
func (b *Body) Close() error {
	b.watchdog.Stop()
	return b.src.Close()
}
