package main

import (
	"net/http"
	"runtime"
	"sync"
	"time"
)

// The link that far walks go over.
const (
	latency     = 50 * time.Millisecond // from a request to the first byte of its reply
	bytesPerSec = 20_000_000
	packet      = 1400 // bytes that arrive at once
)

// link carries one reply at a time, whatever the number of connections.
type link struct{ busy sync.Mutex }

// accept notes the arrival of a request.
func (l *link) accept() delivery { return delivery{link: l, first: time.Now().Add(latency)} }

// delivery is one reply on its way.
type delivery struct {
	link  *link
	first time.Time // when its first byte is due
}

// send writes each byte when it is due, in steps of about a quarter of a millisecond.
func (d delivery) send(w http.ResponseWriter, head, tail []byte) {
	sleepUntil(d.first)
	d.link.busy.Lock()
	defer d.link.busy.Unlock()
	controller := http.NewResponseController(w)
	body := append(head, tail...)
	start := time.Now()
	for sent := 0; sent < len(body); {
		due := packet + int(time.Since(start).Seconds()*bytesPerSec)
		due = min(due, len(body))
		if _, err := w.Write(body[sent:due]); err != nil {
			return
		}
		if err := controller.Flush(); err != nil {
			return
		}
		sent = due
		time.Sleep(250 * time.Microsecond)
	}
}

// sleepUntil is exact where time.Sleep may be a millisecond late: what is
// measured is to be the client's time.
func sleepUntil(t time.Time) {
	time.Sleep(time.Until(t) - 1500*time.Microsecond)
	for time.Now().Before(t) {
		runtime.Gosched()
	}
}

// bound is the least time in which that many bytes in pages can be walked, when each
// page is asked for as soon as the first byte of the one before it has come.
func bound(pages, pageBytes int) time.Duration {
	transfer := time.Duration(float64(pageBytes) / bytesPerSec * float64(time.Second))
	return time.Duration(pages)*latency + transfer
}
