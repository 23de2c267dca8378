package send

import (
	"errors"
	"io"
	"sync"
	"time"
)

// errTooLarge is returned by reads of a body beyond its limit.
var errTooLarge = errors.New("the body exceeds the limit")

// prefixSize is how many bytes of a body are kept for an error's excerpt.
const prefixSize = 1024

// body reads a response's body with three limits: the size of the whole body after
// decompression, the size of one value in it, and the idle timeout. It must be used
// by one goroutine.
type body struct {
	src      io.ReadCloser
	watchdog *watchdog
	evidence *evidence // records received bytes
	left     int64     // remaining bytes of the whole body
	value    int64     // maximum bytes of one value
	mark     int64     // offset of the start of the value
	prefix   []byte    // start of the body, in memory of the caller
	read     int64
	err      error
	ended    bool
}

// newBody returns a body that reads at most limit bytes of src, and at most value
// bytes from one checkpoint to the next. It stores the start of the body in prefix.
func newBody(src io.ReadCloser, limit, value int64, w *watchdog, e *evidence, prefix *[prefixSize]byte) body {
	return body{src: src, left: limit, value: value, watchdog: w, evidence: e, prefix: prefix[:0]}
}

// checkpoint marks the start of the next value.
func (b *body) checkpoint() { b.mark = b.read }

// Read reads from the body. Beyond a limit it fails with errTooLarge. The watchdog is
// armed only during a read: a slow reader does not cause a timeout.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.ended {
		return 0, io.EOF
	}
	left := min(b.left, b.mark+b.value-b.read)
	// Read one byte more than is left, to distinguish a body that ends at the limit
	// from a larger one.
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
		b.evidence.received()
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

// close closes the body. If it was read completely, its connection is reused;
// otherwise the connection is closed, which is cheaper than reading the rest.
func (b *body) close() {
	b.watchdog.disarm()
	_ = b.src.Close() // the body is no longer needed, so its error does not matter
}

// prefixPool is a pool of memory for the starts of bodies.
type prefixPool struct{ pool sync.Pool }

func (p *prefixPool) get() *[prefixSize]byte {
	if prefix, ok := p.pool.Get().(*[prefixSize]byte); ok {
		return prefix
	}
	return new([prefixSize]byte)
}

func (p *prefixPool) put(prefix *[prefixSize]byte) { p.pool.Put(prefix) }

const (
	// idleTimeout is how long a read of a body may wait for a byte.
	idleTimeout = 30 * time.Second

	// MaxBytes is the maximum size of a successful response, after decompression.
	MaxBytes = 32 << 20

	maxValueBytes = 4 << 20  // likewise, of one image in a list, or of a response without a list
	maxErrorBytes = 64 << 10 // likewise, of an error response
)
