package cfimages

import (
	"context"
	"time"

	"github.com/cfimages/cfimages-go/internal/send"
)

const (
	// prefetchAfter is the number of images of the first page that are yielded before
	// the second is prefetched: a search for the first match takes one request.
	prefetchAfter = 100
	// prefetchQuota is the known remaining quota below which nothing is prefetched.
	prefetchQuota = 20
	// prefetchMaxAge is the age up to which the failure of a prefetch is reported.
	// An older one is discarded and the page is requested again.
	prefetchMaxAge = 5 * time.Second
)

// openedPage is a page whose request has returned a response or failed.
type openedPage struct {
	ctx      context.Context
	cancel   context.CancelFunc
	exchange *send.Exchange
	response *send.Response // its body is not read yet
	failed   *send.Failure
}

// prefetchedPage is a page that is requested while the one before it is in use.
type prefetchedPage struct {
	openedPage
	token    string
	done     chan struct{} // closed when the request has ended
	ended    time.Time
	panicked any // of a token source or a transport; nil: none; lost if the page is not used
}

// open requests the page with the token, unless it is prefetched.
func (w *walk) open(token string) *openedPage {
	if p := w.prefetched; p != nil && p.token == token {
		<-p.done
		if p.panicked != nil {
			panic(p.panicked) // in the goroutine of the caller, who may recover it
		}
		if !p.isOutdated() {
			w.prefetched = nil
			return &p.openedPage
		}
	}
	w.dropPrefetched()
	o := w.newPage(token)
	o.response, o.failed = o.exchange.Open(o.ctx)
	return &o
}

func (w *walk) newPage(token string) openedPage {
	ctx, cancel := context.WithCancel(w.ctx)
	return openedPage{ctx: ctx, cancel: cancel, exchange: w.newExchange(token)}
}

// prefetch requests the page with the token while the one before it is still being
// received or used, unless a condition of [WithPrefetch] forbids it.
func (w *walk) prefetch(token string) {
	if token == "" || w.prefetched != nil || !w.service.prefetch || w.seen[token] ||
		w.pages == 0 && w.images < prefetchAfter || w.service.sender.IsQuotaLow(prefetchQuota) {
		return
	}
	p := &prefetchedPage{openedPage: w.newPage(token), token: token, done: make(chan struct{})}
	w.prefetched = p
	go func() {
		defer close(p.done)
		defer func() { p.panicked = recover() }()
		p.response, p.failed = p.exchange.Open(p.ctx)
		p.ended = time.Now()
	}()
}

// isOutdated reports whether the request failed long ago, for a temporary reason.
func (p *prefetchedPage) isOutdated() bool {
	return p.failed != nil && p.failed.Retryable && time.Since(p.ended) > prefetchMaxAge
}

// dropPrefetched cancels the prefetch, if there is one.
func (w *walk) dropPrefetched() {
	p := w.prefetched
	if p == nil {
		return
	}
	w.prefetched = nil
	p.cancel()
	<-p.done
	if p.response != nil {
		p.response.Close()
	}
}
