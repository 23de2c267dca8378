package cfimages

import (
	"context"
	"time"
)

const (
	// aheadAfter is how many images of the first page are taken before the second
	// is asked for ahead: who looks for the first match pays for one request.
	aheadAfter = 100
	// aheadQuota is the known remaining quota below which no page is asked for ahead.
	aheadQuota = 20
	// aheadNews is how old the failure of a page asked for ahead may be to be
	// reported: a consumer that comes later asks again, as it would without the
	// page ahead.
	aheadNews = 5 * time.Second
)

// pageAhead is the request for a page that was sent before its turn.
type pageAhead struct {
	token    string
	cancel   context.CancelFunc
	exchange *exchange

	done  chan struct{} // closed when the following are set
	reply *reply        // its body waits unread
	err   error
	ended time.Time
}

// isOutdated reports whether the request failed for a reason that may be gone by now.
func (a *pageAhead) isOutdated() bool {
	if a.err == nil || a.exchange.last == nil || time.Since(a.ended) <= aheadNews {
		return false
	}
	return a.exchange.last.again || a.exchange.last.passing
}

// askAhead asks for the page with the token while the one before it is still
// being read or taken, where that does no harm.
func (w *walk) askAhead(token string) {
	if token == "" || w.ahead != nil || !w.service.prefetch || w.seen[token] ||
		w.pages == 0 && w.images < aheadAfter || w.quotaIsLow() {
		return
	}
	x := w.exchange(token)
	ctx, cancel := context.WithCancel(w.ctx)
	a := &pageAhead{token: token, cancel: cancel, exchange: x, done: make(chan struct{})}
	w.ahead = a
	go func() {
		defer close(a.done)
		a.reply, a.err = x.open(ctx)
		a.ended = time.Now()
	}()
}

func (w *walk) quotaIsLow() bool {
	s := w.service.sender
	if s.batch != nil {
		if token, _ := s.batch.state(); token != nil {
			return false
		}
	}
	state := s.gate.State()
	return state.Remaining < aheadQuota && time.Now().Before(state.Reset)
}

// dropAhead ends the request for a page that is not wanted any more.
func (w *walk) dropAhead() {
	a := w.ahead
	if a == nil {
		return
	}
	w.ahead = nil
	a.cancel()
	<-a.done
	if a.reply != nil {
		a.reply.close()
	}
}
