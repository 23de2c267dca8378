package cfimages

import (
	"errors"
	"io"
	"os"
	"time"
)

// timeoutError is an attempt that this library gave up. It is not the
// caller's deadline, so it is not context.DeadlineExceeded.
type timeoutError struct{ what string }

var (
	errNoReply = &timeoutError{"no reply within the request timeout (see WithRequestTimeout)"}
	errStalled = &timeoutError{"the reply stalled"}
	errResent  = errors.New("the request was sent again and again without a reply")
)

func (e *timeoutError) Error() string   { return e.what }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// giveUp is what the watchdog does.
func (r *reply) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replied {
		r.cancel(errStalled)
	} else {
		r.cancel(errNoReply)
	}
}

// answered ends the waiting for the headers of a reply. The body arms the
// watchdog itself from now on.
func (r *reply) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replied = true
	r.watchdog.Stop()
}

// watchedBody is a request's body. While it is read, nobody waits for the
// server, and when a part of it is taken the server has all its time again.
type watchedBody struct {
	io.ReadCloser
	reply *reply
}

func (b watchedBody) Read(p []byte) (int, error) {
	b.reply.watch(0)
	defer b.reply.watch(b.reply.timeout)
	return b.ReadCloser.Read(p)
}

// watch gives the server so much time for its reply, unless that has come; 0
// stops the watch.
func (r *reply) watch(patience time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.replied:
	case patience == 0:
		r.watchdog.Stop()
	default:
		r.watchdog.Reset(patience)
	}
}
