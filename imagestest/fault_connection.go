package imagestest

import (
	"math"
	"time"
)

// Cut closes the connection in an orderly way, at any position: before the
// response is complete, which a careless client takes for its end. In mid body,
// the response is short of its Content-Length; a Chunked one has none and lacks
// the last chunk, or over HTTP/2 the end of its stream.
//
// Over HTTP/2 that is the end of all requests on the connection; Reset and
// Blackhole have all of them struck too.
type Cut struct {
	Chunked bool
}

// Reset breaks the connection by a TCP RST, at any position. What was sent of
// the response until then has a millisecond to arrive.
type Reset struct{}

// Blackhole makes the connection pass nothing more, in either direction, at any
// position. It stays open until the client gives it up or the server closes, and
// new connections work: as when a NAT has forgotten a connection, or a laptop
// has changed its network.
type Blackhole struct{}

// GoAway sends a GOAWAY frame, with which a server says that it takes no more
// requests on the connection, at any position. It needs WithHTTP2.
//
// By default, the request gets its response all the same, as when a server
// restarts in good order. With Close, the connection is closed right after the
// GOAWAY, as Cut does. With Unprocessed, the GOAWAY names an earlier request as
// the last one that was processed. So this one, and those that came after it, are
// proven to have done nothing, and Go's http.Transport retries them by itself if it
// can. That is possible at BeforeRead and AfterRead. When a request that came after
// this one was processed already, this one is refused by a RST_STREAM with
// REFUSED_STREAM, which proves the same.
//
// A request over HTTP/1.1 is struck by Cut instead; so it is with ResetStream.
type GoAway struct {
	Code        uint32 // of HTTP/2's error codes; 0 is NO_ERROR
	Close       bool
	Unprocessed bool
}

// ResetStream ends the request by a RST_STREAM frame, at any position, and
// leaves the connection and its other requests alone. It needs WithHTTP2.
//
// Code 7, REFUSED_STREAM, says that nothing was done, so it is possible at
// BeforeRead and AfterRead. Go's http.Transport retries such a request by itself if
// it can. After the last byte of the body, the response still lacks its end.
type ResetStream struct {
	Code uint32 // of HTTP/2's error codes; 0 is NO_ERROR
}

func (Cut) positions() (first, last Position)       { return BeforeRead, anywhere }
func (Reset) positions() (first, last Position)     { return BeforeRead, anywhere }
func (Blackhole) positions() (first, last Position) { return BeforeRead, anywhere }

func (k GoAway) positions() (first, last Position) {
	return BeforeRead, lastPosition(k.Unprocessed)
}

func (k ResetStream) positions() (first, last Position) {
	return BeforeRead, lastPosition(k.Code == codeRefusedStream)
}

// lastPosition returns the last position at which nothing was done, if undone,
// and otherwise the last one of all.
func lastPosition(undone bool) Position {
	if undone {
		return AfterRead
	}
	return anywhere
}

func (Cut) problem(Operation) string         { return "" }
func (Reset) problem(Operation) string       { return "" }
func (Blackhole) problem(Operation) string   { return "" }
func (GoAway) problem(Operation) string      { return "" }
func (ResetStream) problem(Operation) string { return "" }

// arrival is how long what was sent before a reset has to arrive: a reset
// destroys what is under way. Inside a synctest bubble, it always does arrive.
const arrival = time.Millisecond

func (k Cut) strike(h *hit) {
	whole := h.sendUntilStruck(k.Chunked)
	h.strikeWire(whole && !k.Chunked, (*wire).cut)
}

func (Reset) strike(h *hit) {
	whole := h.sendUntilStruck(false)
	h.strikeWire(whole, func(w *wire) {
		if h.at > AfterCommit {
			w.settle(arrival)
		}
		w.reset()
	})
}

func (Blackhole) strike(h *hit) {
	whole := h.sendUntilStruck(false)
	if h.overHTTP2() {
		h.strikeWire(whole, (*wire).blackhole)
		return
	}
	if h.call.wire != nil {
		h.call.wire.blackhole()
	}
	if !whole {
		<-h.call.request.Context().Done()
		h.breakOff()
	}
}

func (k ResetStream) strike(h *hit) {
	if !h.overHTTP2() {
		Cut{}.strike(h)
		return
	}
	h.sendUntilStruck(false)
	h.strikeWire(false, func(w *wire) { w.frames.resetStream(k.Code, h.call.stream) })
}

func (k GoAway) strike(h *hit) {
	if !h.overHTTP2() {
		Cut{}.strike(h)
		return
	}
	goAway := func(w *wire) {
		w.frames.goAway(k.Code, h.call.stream, k.Unprocessed)
		if k.Close {
			w.cut()
		}
	}
	switch {
	case k.Close || k.Unprocessed:
		h.strikeWire(h.sendUntilStruck(false), goAway)
	case h.at <= AfterCommit:
		h.call.wire.betweenFrames(func() { goAway(h.call.wire) })
		h.goesOn = true
	default:
		h.call.wire.frames.markStream(h.call.stream, h.bodyBytes(), func() { goAway(h.call.wire) })
		h.server.send(&splitWriter{hit: h, left: h.bodyBytes()}, h.call, h.own)
	}
}

// strikeWire does something to the wire that the call came by after what was
// sent of the response, and ends the call. Only where the response is whole does
// HTTP/2 still send the end of the stream before.
func (h *hit) strikeWire(whole bool, do func(*wire)) {
	if h.overHTTP2() {
		w := h.call.wire
		w.frames.markStream(h.call.stream, math.MaxInt, func() { do(w) })
		if whole {
			return
		}
	} else if w := h.wire(); w != nil {
		do(w)
		w.Close() // net/http does not close what was hijacked
	}
	h.breakOff()
}

func (h *hit) overHTTP2() bool {
	return h.call.wire != nil && h.call.wire.frames != nil && h.call.request.ProtoMajor == 2
}

// splitWriter sends the first part of a body in a frame of its own.
type splitWriter struct {
	*hit
	left int // -1: the first part is sent
}

func (w *splitWriter) Write(p []byte) (int, error) {
	if w.left < 0 || w.left > len(p) {
		w.left -= min(len(p), max(0, w.left))
		return w.hit.Write(p)
	}
	n := w.left
	w.left = -1
	if _, err := w.hit.Write(p[:n]); err != nil {
		return 0, err
	}
	w.flush()
	written, err := w.hit.Write(p[n:])
	return n + written, err
}
