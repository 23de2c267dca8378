package imagestest

import (
	"math"
	"time"
)

// Cut closes the connection normally, at any position. Before the end of the body, the
// response is incomplete. A client that does not check the length could think that it
// is complete. In the middle of the body, the response is shorter than its
// Content-Length. With Chunked, it has no Content-Length and lacks the last chunk, or
// over HTTP/2 the end of the stream.
//
// Over HTTP/2, Cut, [Reset] and [Blackhole] affect all requests on the connection.
type Cut struct {
	Chunked bool
}

// Reset closes the connection with a TCP RST, at any position. At [MidBody], the server
// waits one millisecond before the reset, so that the part of the response that was
// sent can be delivered.
type Reset struct{}

// Blackhole stops all traffic on the connection in both directions, at any position, as
// when a NAT drops a connection or a laptop changes its network. The connection stays
// open until the client closes it or the server is closed. New connections work.
type Blackhole struct{}

// GoAway sends a GOAWAY frame, which announces that the server accepts no more requests
// on the connection. It can be used at any position, and requires [WithHTTP2].
//
// By default, the request still gets its response, as in a graceful restart of a
// server. With Close, the connection is closed directly after the GOAWAY, as with
// [Cut].
//
// With Unprocessed, the GOAWAY names an earlier request as the last one that was
// processed. It thereby confirms that this request and all later ones on the connection
// were not processed. Go's http.Transport retries such requests by itself if it can.
// Unprocessed can be used at BeforeRead and AfterRead. If the server has already
// processed a later request, it instead ends this request with a RST_STREAM frame and
// the code REFUSED_STREAM, which confirms the same.
//
// For a request over HTTP/1.1, the server applies [Cut] instead.
type GoAway struct {
	Code        uint32 // HTTP/2 error code; 0 is NO_ERROR
	Close       bool
	Unprocessed bool
}

// ResetStream ends the request with a RST_STREAM frame, at any position. The connection
// and its other requests are not affected. It requires [WithHTTP2].
//
// Code 7, REFUSED_STREAM, confirms that the request was not processed. It can be used
// at BeforeRead and AfterRead. Go's http.Transport retries such a request by itself if
// it can.
//
// If the whole body was sent, the response still lacks its end. For a request over
// HTTP/1.1, the server applies [Cut] instead.
type ResetStream struct {
	Code uint32 // HTTP/2 error code; 0 is NO_ERROR
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

// lastPosition returns the last position before the operation is performed if undone
// is set, and otherwise the last position of all.
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

// deliveryTime is the time that data sent before a reset has to be delivered: a reset
// discards what is still in transit. Inside a synctest bubble, it is always delivered.
const deliveryTime = time.Millisecond

func (k Cut) apply(h *hit) {
	whole := h.sendUntilFault(k.Chunked)
	h.applyToWire(whole && !k.Chunked, (*wire).cut)
}

func (Reset) apply(h *hit) {
	whole := h.sendUntilFault(false)
	h.applyToWire(whole, func(w *wire) {
		if h.at > AfterCommit {
			w.awaitDelivery(deliveryTime)
		}
		w.reset()
	})
}

func (Blackhole) apply(h *hit) {
	whole := h.sendUntilFault(false)
	if h.overHTTP2() {
		h.applyToWire(whole, (*wire).blackhole)
		return
	}
	if h.call.wire != nil {
		h.call.wire.blackhole()
	}
	if !whole {
		<-h.call.request.Context().Done()
		h.abort()
	}
}

func (k ResetStream) apply(h *hit) {
	if !h.overHTTP2() {
		Cut{}.apply(h)
		return
	}
	h.sendUntilFault(false)
	h.applyToWire(false, func(w *wire) { w.frames.resetStream(k.Code, h.call.stream) })
}

func (k GoAway) apply(h *hit) {
	if !h.overHTTP2() {
		Cut{}.apply(h)
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
		h.applyToWire(h.sendUntilFault(false), goAway)
	case h.at <= AfterCommit:
		h.call.wire.betweenFrames(func() { goAway(h.call.wire) })
		h.serverResponds = true
	default:
		h.call.wire.frames.markStream(h.call.stream, h.bodyBytes(), func() { goAway(h.call.wire) })
		h.server.send(&splitWriter{hit: h, left: h.bodyBytes()}, h.call, h.own)
	}
}

// applyToWire calls do with the wire of the call after the part of the response that
// was sent, and ends the call. Over HTTP/2, the end of the stream is sent before that
// only if the response is whole.
func (h *hit) applyToWire(whole bool, do func(*wire)) {
	if h.overHTTP2() {
		w := h.call.wire
		w.frames.markStream(h.call.stream, math.MaxInt, func() { do(w) })
		if whole {
			return
		}
	} else if w := h.wire(); w != nil {
		do(w)
		w.Close() // net/http does not close hijacked connections
	}
	h.abort()
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
