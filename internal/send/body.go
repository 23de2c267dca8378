package send

import (
	"errors"
	"io"
	"sync"
	"time"
)

// errTooLarge is returned by reads of a body over its limit.
var errTooLarge = errors.New("body over the limit")

// prefixSize is how much of the start of a body is kept for an error's excerpt.
const prefixSize = 1024

// body reads a response's body within bounds: a largest size once decoded, of the
// whole and of one value in it, and a longest silence. It is for one goroutine.
type body struct {
	src      io.ReadCloser
	watchdog *watchdog
	evidence *evidence // notes when bytes arrive
	left     int64     // of the whole
	value    int64     // the most for one value
	mark     int64     // where the value began
	prefix   []byte    // the start of the body, in memory of the caller's
	read     int64
	err      error
	ended    bool
}

// newBody returns a body that reads at most limit bytes of src, and at most value
// bytes from one checkpoint to the next. It keeps its start in prefix.
func newBody(src io.ReadCloser, limit, value int64, w *watchdog, e *evidence, prefix *[prefixSize]byte) body {
	return body{src: src, left: limit, value: value, watchdog: w, evidence: e, prefix: prefix[:0]}
}

// checkpoint says that what was read so far needs no more room: a decoder is
// done with a value and reads the next one.
func (b *body) checkpoint() { b.mark = b.read }

// Read reads what has arrived, and fails with errTooLarge beyond a limit. The
// watchdog is armed only while a read waits, so that a reader may take its time.
func (b *body) Read(p []byte) (int, error) {
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
	b.watchdog.arm(idleTimeout)
	n, err := b.src.Read(p)
	b.watchdog.disarm()
	if int64(n) > left {
		n, err = int(left), errTooLarge
	}
	b.left -= int64(n)
	b.read += int64(n)
	if n > 0 {
		b.evidence.hear()
	}
	if room := cap(b.prefix) - len(b.prefix); room > 0 {
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

// close closes the body. One that was read to its end leaves its connection to
// the next request; any other gives it up, which is cheaper than to wait for the rest.
func (b *body) close() {
	b.watchdog.disarm()
	_ = b.src.Close() // what was needed of it has been read
}

// prefixPool keeps memory for the starts of bodies.
type prefixPool struct{ pool sync.Pool }

func (p *prefixPool) get() *[prefixSize]byte {
	if prefix, ok := p.pool.Get().(*[prefixSize]byte); ok {
		return prefix
	}
	return new([prefixSize]byte)
}

func (p *prefixPool) put(prefix *[prefixSize]byte) { p.pool.Put(prefix) }

const (
	// idleTimeout is how long a body may not deliver a byte.
	idleTimeout = 30 * time.Second

	// MaxBytes is what is read at most of a response of success, decoded.
	MaxBytes = 32 << 20

	maxValueBytes = 4 << 20  // likewise, of one image in a list, or of a response without a list
	maxErrorBytes = 64 << 10 // likewise, of an error
)
