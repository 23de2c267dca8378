package imagestest

import (
	"math"
	"time"
)

// Cut closes the connection with a TCP FIN, at any position, before the response is
// complete. At [MidBody], the body is shorter than its Content-Length. If Chunked is set,
// the response has no Content-Length, and lacks its last chunk or, over HTTP/2, the end of
// its stream.
//
// Over HTTP/2, Cut, Reset and Blackhole affect all requests on the connection.
type Cut struct {
	Chunked bool
}

// Reset breaks the connection with a TCP RST, at any position. Bytes of the response that
// were sent before get a millisecond to reach the client.
type Reset struct{}

// Blackhole drops all further bytes on the connection, in both directions, at any
// position, as if a NAT had forgotten it. The connection stays open until the client or
// the server closes it. New connections work.
type Blackhole struct{}

// GoAway sends a GOAWAY frame, at any position: the server accepts no further requests on
// the connection. It requires [WithHTTP2]. For a request over HTTP/1.1, it acts as Cut.
//
// By default, the request still gets its response, as in a graceful restart of a server.
// With Close, the connection is closed after the GOAWAY, as by Cut. With Unprocessed, the
// GOAWAY declares that this request and later ones were not processed, so that Go's
// http.Transport can retry them itself. Unprocessed is allowed at BeforeRead and
// AfterRead. If a later request was already processed, this request gets a RST_STREAM with
// REFUSED_STREAM instead, which has the same meaning.
type GoAway struct {
	Code        uint32 // an HTTP/2 error code; 0 is NO_ERROR
	Close       bool
	Unprocessed bool
}

// ResetStream ends the request with a RST_STREAM frame, at any position. The connection and
// its other requests are not affected. It requires [WithHTTP2]. For a request over
// HTTP/1.1, it acts as Cut.
//
// Code 7, REFUSED_STREAM, means that the request was not processed. It is allowed at
// BeforeRead and AfterRead, and Go's http.Transport can retry the request itself. After the
// last byte of the body, the response still has no end.
type ResetStream struct {
	Code uint32 // an HTTP/2 error code; 0 is NO_ERROR
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

// applyToWire does something to the wire that the call came by after what was
// sent of the response, and ends the call. Only where the response is whole does
// HTTP/2 still send the end of the stream before.
func (h *hit) applyToWire(whole bool, do func(*wire)) {
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
