package send

import (
	"context"
	"io"
	"os"
	"sync"
	"time"
)

// timeoutError is an attempt that this library gave up. It is not the caller's
// deadline, so it is not context.DeadlineExceeded.
type timeoutError struct{ what string }

var (
	errNoResponse = &timeoutError{"no response within the request timeout (see WithRequestTimeout)"}
	errStalled    = &timeoutError{"the response stalled"}
)

func (e *timeoutError) Error() string   { return e.what }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// watchdog gives up an attempt when the server is silent for too long: first until
// the headers of the response, and then during each read of its body.
type watchdog struct {
	timeout  time.Duration           // until the headers
	cancel   context.CancelCauseFunc // of the attempt
	evidence *evidence               // knows the connection

	mu      sync.Mutex
	owed    time.Time // since when the server owes the headers; zero: it does not
	headers bool      // arrived
	gaveUp  error     // why
	timer   *time.Timer
}

// grace is how long the transport has to end an attempt whose connection was
// closed. When it ends an attempt so, it does not use the connection any more.
const grace = 100 * time.Millisecond

// start begins to wait for the headers.
func (w *watchdog) start(timeout time.Duration, cancel context.CancelCauseFunc, e *evidence) {
	w.timeout, w.cancel, w.evidence = timeout, cancel, e
	w.owed = time.Now()
	w.timer = time.AfterFunc(timeout, w.giveUp)
}

func (w *watchdog) giveUp() {
	w.mu.Lock()
	again := w.gaveUp != nil
	switch {
	case again: // after the grace
	case w.headers:
		w.gaveUp = errStalled
	default:
		w.gaveUp = errNoResponse
	}
	why := w.gaveUp
	w.mu.Unlock()
	if !again && w.evidence.suspect() {
		w.timer.Reset(grace)
		return
	}
	w.cancel(why)
}

// why returns why the attempt was given up, nil if it was not.
func (w *watchdog) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gaveUp
}

// answered ends the wait for the headers.
func (w *watchdog) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.headers = true
	w.owed = time.Time{}
	w.timer.Stop()
}

// expect gives the server so much time for the headers, unless they have arrived; 0
// stops the wait.
func (w *watchdog) expect(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.headers:
	case d == 0:
		w.owed = time.Time{}
		w.timer.Stop()
	default:
		w.owed = time.Now()
		w.timer.Reset(d)
	}
}

// waited returns how long the server has owed the headers: 0 while the request is
// being sent, and once they have arrived.
func (w *watchdog) waited(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed.IsZero() {
		return 0
	}
	return now.Sub(w.owed)
}

// arm ends the attempt unless it is disarmed within d. It is for the body of a
// response, after answered.
func (w *watchdog) arm(d time.Duration) { w.timer.Reset(d) }

func (w *watchdog) disarm() { w.timer.Stop() }

// limit gives up the attempt after d, however busy the server is, until the timer that
// it returns is stopped.
func (w *watchdog) limit(d time.Duration) *time.Timer {
	return time.AfterFunc(d, func() { w.cancel(errStalled) })
}

// watchedBody is a request's body. While it is read, the server owes nothing, and
// after each part that was read it has its whole time again.
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
