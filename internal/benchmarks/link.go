package main

import (
	"net/http"
	"runtime"
	"sync"
	"time"
)

// The properties of the link of far walks.
const (
	latency     = 50 * time.Millisecond // from a request to the first byte of its response
	bytesPerSec = 20_000_000
	packet      = 1400 // bytes that arrive at once
)

// link transfers one response at a time, for any number of connections.
type link struct{ busy sync.Mutex }

// accept records the arrival of a request.
func (l *link) accept() delivery { return delivery{link: l, first: time.Now().Add(latency)} }

// delivery is the transfer of one response.
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

// sleepUntil is exact. time.Sleep may be a millisecond late, which would be counted as
// time of the client.
func sleepUntil(t time.Time) {
	time.Sleep(time.Until(t) - 1500*time.Microsecond)
	for time.Now().Before(t) {
		runtime.Gosched()
	}
}

// bound returns the shortest possible duration of a walk, if each page is requested
// as soon as the first byte of the previous page arrives.
func bound(pages, pageBytes int) time.Duration {
	transfer := time.Duration(float64(pageBytes) / bytesPerSec * float64(time.Second))
	return time.Duration(pages)*latency + transfer
}
