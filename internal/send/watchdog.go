package send

import (
	"context"
	"io"
	"os"
	"sync"
	"time"
)

// timeoutError is a timeout of this library. It is not the caller's deadline, so it
// is not context.DeadlineExceeded.
type timeoutError struct{ text string }

var (
	errNoResponse = &timeoutError{"no response within the request timeout (see WithRequestTimeout)"}
	errStalled    = &timeoutError{"the response stalled"}
)

func (e *timeoutError) Error() string   { return e.text }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// watchdog cancels an attempt that times out: first while it waits for the headers of
// the response, and then in each read of the body.
type watchdog struct {
	timeout  time.Duration           // until the headers
	cancel   context.CancelCauseFunc // of the attempt
	evidence *evidence               // has the connection

	mu      sync.Mutex
	since   time.Time // start of the wait for the headers; zero: not waiting
	headers bool      // received
	expired error     // the timeout that ended the attempt; nil: none
	timer   *time.Timer
}

// grace is how long the transport may take to end an attempt whose connection was
// closed. After that, the transport no longer uses the connection.
const grace = 100 * time.Millisecond

// start begins to wait for the headers.
func (w *watchdog) start(timeout time.Duration, cancel context.CancelCauseFunc, e *evidence) {
	w.timeout, w.cancel, w.evidence = timeout, cancel, e
	w.since = time.Now()
	w.timer = time.AfterFunc(timeout, w.expire)
}

// expire ends the attempt with a timeout. If the connection was closed, it first
// gives the transport time to end the attempt.
func (w *watchdog) expire() {
	w.mu.Lock()
	second := w.expired != nil
	switch {
	case second: // after the grace period
	case w.headers:
		w.expired = errStalled
	default:
		w.expired = errNoResponse
	}
	cause := w.expired
	w.mu.Unlock()
	if !second && w.evidence.suspect() {
		w.timer.Reset(grace)
		return
	}
	w.cancel(cause)
}

// timeoutErr returns the timeout that ended the attempt, or nil.
func (w *watchdog) timeoutErr() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expired
}

// headersReceived ends the wait for the headers.
func (w *watchdog) headersReceived() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.headers = true
	w.since = time.Time{}
	w.timer.Stop()
}

// expect restarts the wait for the headers with a timeout of d, unless they were
// received. 0 stops the wait.
func (w *watchdog) expect(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.headers:
	case d == 0:
		w.since = time.Time{}
		w.timer.Stop()
	default:
		w.since = time.Now()
		w.timer.Reset(d)
	}
}

// waited returns how long the attempt has waited for the headers: 0 while the request
// is sent, and after the headers were received.
func (w *watchdog) waited(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		return 0
	}
	return now.Sub(w.since)
}

// arm ends the attempt unless disarm is called within d. It is used for the body of
// a response, after headersReceived.
func (w *watchdog) arm(d time.Duration) { w.timer.Reset(d) }

func (w *watchdog) disarm() { w.timer.Stop() }

// limit ends the attempt after d, even if bytes are received, unless the returned
// timer is stopped.
func (w *watchdog) limit(d time.Duration) *time.Timer {
	return time.AfterFunc(d, func() { w.cancel(errStalled) })
}

// watchedBody is the body of a request. Each read stops the wait for the headers, and
// restarts it afterwards with the full timeout.
type watchedBody struct {
	io.ReadCloser
	watchdog *watchdog
}

func (b watchedBody) Read(p []byte) (int, error) {
	b.watchdog.evidence.bodyRead.Store(true)
	b.watchdog.expect(0)
	defer b.watchdog.expect(b.watchdog.timeout)
	return b.ReadCloser.Read(p)
}
