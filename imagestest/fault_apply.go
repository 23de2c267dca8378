package imagestest

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// hit is a fault that is applied to a call. It writes the response, and records the call
// before the client can receive any of it.
type hit struct {
	http.ResponseWriter
	server         *Server
	call           *call
	at             Position
	own            response // the server's, from AfterCommit on
	recorded       bool
	serverResponds bool // the server still sends its own response
}

// apply applies a fault to a call. It returns false if the server must still send
// its own response.
func (s *Server) apply(w http.ResponseWriter, c *call, f *Fault, own response) bool {
	if c.now.IsZero() {
		c.now = s.clock.Now()
	}
	h := &hit{ResponseWriter: w, server: s, call: c, at: f.At, own: own}
	f.Kind.apply(h)
	return !h.serverResponds
}

// WriteHeader records the call and begins the response.
func (h *hit) WriteHeader(status int) {
	h.record(status)
	h.ResponseWriter.WriteHeader(status)
}

func (r Reply) apply(h *hit) {
	header := h.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	for name, values := range r.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	h.WriteHeader(cmp.Or(r.Status, http.StatusOK))
	io.WriteString(h, r.Body)
}

func (b Bomb) apply(h *hit) {
	h.Header().Set("Content-Type", "application/json")
	h.Header().Set("Content-Encoding", "gzip")
	h.WriteHeader(cmp.Or(b.Status, http.StatusOK))
	writeBomb(h, b.Size)
}

func (Stall) apply(h *hit) {
	h.sendUntilFault(false)
	<-h.call.request.Context().Done()
	h.abort()
}

func (k Slow) apply(h *hit) {
	h.server.send(&slowWriter{hit: h, fast: h.bodyBytes(), every: k.Every}, h.call, h.own)
}

func (k WrongLength) apply(h *hit) {
	w := &lengthWriter{hit: h, by: k.By}
	h.server.send(w, h.call, h.own)
	if h.call.request.ProtoMajor >= 2 {
		return // the stream ends here
	}
	h.flush()
	if len(w.surplus) == 0 {
		h.abort()
	}
	if conn := h.wire(); conn != nil {
		conn.Write(w.surplus)
		conn.Close()
	}
	h.abort()
}

func (RepeatToken) apply(h *hit) {
	h.sendList(func(q *listQuery) ([]*record, string) {
		page, _ := h.call.account.store.page(q)
		return page, cmp.Or(q.token, startToken(q))
	})
}

func (EmptyPage) apply(h *hit) {
	h.sendList(func(q *listQuery) ([]*record, string) { return nil, detourToken(q) })
}

// sendList sends another page than the requested one, unless the server's own response
// is an error.
func (h *hit) sendList(page func(*listQuery) ([]*record, string)) {
	if h.own.status == http.StatusOK {
		q, _ := h.server.parseListQuery(h.call) // it was parsed before, without an error
		images, token := page(q)
		h.own = listResponse(h.call, images, token)
	}
	h.server.send(h, h.call, h.own)
}

// sendUntilFault sends the part of the response that precedes the fault. It reports
// whether that is the whole response.
func (h *hit) sendUntilFault(chunked bool) (whole bool) {
	if h.at <= AfterCommit {
		h.record(0)
		return false
	}
	w := &partWriter{hit: h, left: h.bodyBytes(), chunked: chunked}
	h.server.send(w, h.call, h.own)
	h.flush()
	return !w.lost
}

// bodyBytes returns the number of bytes of the body that are sent before the fault.
func (h *hit) bodyBytes() int { return max(0, int(h.at-bodyStart)) }

// record records the call once. A status of 0 means that no response was sent.
func (h *hit) record(status int) {
	if !h.recorded {
		h.recorded = true
		h.server.log.add(h.call, status)
	}
}

func (h *hit) flush() { http.NewResponseController(h.ResponseWriter).Flush() }

// pause waits for d. It returns false if the client disconnects or the server closes.
func (h *hit) pause(d time.Duration) bool { return pause(h.call.request.Context(), d) }

// wire returns the wire of the call. If the handler is mounted on another server, it
// hijacks the connection. It returns nil if the connection cannot be hijacked, as over
// HTTP/2.
func (h *hit) wire() *wire {
	if h.call.wire != nil {
		return h.call.wire
	}
	conn, _, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil
	}
	return newWire(conn)
}

// abort ends the handler. net/http closes the connection unless it was hijacked.
func (h *hit) abort() { panic(http.ErrAbortHandler) }

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// partWriter sends the first part of a body and discards the rest.
type partWriter struct {
	*hit
	left    int
	chunked bool
	lost    bool // something was not sent
}

func (w *partWriter) WriteHeader(status int) {
	if w.chunked {
		w.Header().Del("Content-Length") // net/http then sends chunks
	}
	w.hit.WriteHeader(status)
}

func (w *partWriter) Write(p []byte) (int, error) {
	n := min(w.left, len(p))
	w.left -= n
	w.lost = w.lost || n < len(p)
	_, err := w.hit.Write(p[:n])
	return len(p), err
}

// slowWriter sends the first part of a body fast, and the rest byte by byte.
type slowWriter struct {
	*hit
	fast  int
	every time.Duration
}

func (w *slowWriter) Write(p []byte) (int, error) {
	n := min(w.fast, len(p))
	w.fast -= n
	_, err := w.hit.Write(p[:n])
	for ; n < len(p) && err == nil; n++ {
		w.flush()
		if !w.pause(w.every) {
			w.abort()
		}
		_, err = w.hit.Write(p[n : n+1])
	}
	w.flush()
	return n, err
}

// lengthWriter sends an incorrect Content-Length. It keeps the bytes beyond a length
// that is too small.
type lengthWriter struct {
	*hit
	by, left int
	surplus  []byte
}

func (w *lengthWriter) WriteHeader(status int) {
	length, _ := strconv.Atoi(w.Header().Get("Content-Length")) // none counts as 0
	w.left = max(0, length+w.by)
	w.Header().Set("Content-Length", strconv.Itoa(w.left))
	w.hit.WriteHeader(status)
}

func (w *lengthWriter) Write(p []byte) (int, error) {
	n := min(w.left, len(p))
	w.left -= n
	w.surplus = append(w.surplus, p[n:]...)
	_, err := w.hit.Write(p[:n])
	return len(p), err
}
