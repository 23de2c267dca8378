package imagestest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// drainLimit is how much of a body that is too large is still read, so that
// its sender gets to read the refusal.
const drainLimit = 256 << 20

// call is one request on its way through the server.
type call struct {
	op        Operation
	request   *http.Request
	wire      *wire  // that it came by; nil on somebody else's server
	stream    uint32 // of the wire, over HTTP/2
	origin    string // scheme and host that was asked
	batch     bool   // it came to the batch host
	accountID string // as in the path of an API request, or of the batch token
	hash      string // of the account, as in the path of an upload or delivery
	account   *Account
	scope     Scope // in the account, of an API request
	imageID   string
	variant   string // or options, as in the path of a delivery
	name      string // of the variant or signing key that is asked for
	sourceURL string // of an image to be fetched
	body      []byte
	now       time.Time

	showedDraft bool
}

// endpoint is how requests to a path are answered.
type endpoint struct {
	op      Operation
	need    Scope // of the credentials; 0 when there must be none
	maxBody int64 // what may be read; 0 for requests without a body
	handle  func(*Server, *call) (response, error)
}

// dispatch takes every request through the same steps. A fault can strike
// between any two of them.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	e, c := s.route(r)
	c.admitOnWire((*frames).admits)
	if s.latency > 0 && !pause(r.Context(), s.latency) {
		panic(http.ErrAbortHandler) // net/http's way to break a connection
	}
	s.writeHeaders(w.Header(), c)
	fault := s.faults.next(c.op)
	if fault != nil && fault.At == BeforeRead && s.apply(w, c, fault, response{}) {
		return
	}
	bodyErr := c.readBody(e.maxBody)
	c.now = s.clock.Now()
	if fault != nil && fault.At == AfterRead && s.apply(w, c, fault, response{}) {
		return
	}
	c.admitOnWire((*frames).begin)
	resp := s.perform(w.Header(), e, c, bodyErr)
	if fault != nil && fault.At >= AfterCommit && s.apply(w, c, fault, resp) {
		return
	}
	s.log.add(c, resp.status)
	s.send(w, c, resp)
}

// admitOnWire ends a request of which a GOAWAY has said that it is not answered.
func (c *call) admitOnWire(admits func(*frames, uint32) bool) {
	if c.wire != nil && c.wire.frames != nil && !admits(c.wire.frames, c.stream) {
		panic(http.ErrAbortHandler)
	}
}

// writeHeaders sets what responses carry whatever they say.
func (s *Server) writeHeaders(h http.Header, c *call) {
	h.Set("Cf-Ray", rayID(s.lastRay.Add(1)))
	if c.op == OpUpload || c.op == OpPreflight {
		allowCrossOrigin(h)
	}
}

// perform does what a request asks and returns the answer.
func (s *Server) perform(h http.Header, e endpoint, c *call, bodyErr error) response {
	resp, err := response{}, bodyErr
	if admitErr := s.admit(h, e, c); admitErr != nil {
		err = admitErr
	}
	if err == nil {
		resp, err = e.handle(s, c)
	}
	if err == nil {
		return resp
	}
	if rejected, ok := errors.AsType[*rejection](err); ok {
		return failure(rejected)
	}
	return failure(badRequest("The request could not be read: %v", err))
}

// admit checks the credentials of an API request and counts it.
func (s *Server) admit(h http.Header, e endpoint, c *call) error {
	if e.need == 0 {
		if c.isAPI() {
			s.limiter.write(h, s.limiter.take("", c.now))
		}
		return nil
	}
	if c.batch {
		return s.admitBatch(h, e, c)
	}
	who, err := s.authenticate(c, e.need)
	allowed := s.limiter.take(who, c.now)
	s.limiter.write(h, allowed)
	if allowed.rejected {
		return reject(http.StatusTooManyRequests, codeRateLimited, "Rate limit exceeded")
	}
	return err
}

// send writes the answer.
func (s *Server) send(w http.ResponseWriter, c *call, resp response) {
	if resp.content != nil {
		serveContent(w, c.request, resp.content)
		return
	}
	h := w.Header()
	if resp.resized != 0 {
		h.Set("Cf-Resized", "err="+strconv.Itoa(resp.resized))
	}
	if resp.body != nil {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(resp.body)))
	}
	w.WriteHeader(resp.status)
	w.Write(resp.body)
}

// readBody reads the body of a request that may have one.
func (c *call) readBody(limit int64) error {
	if limit == 0 {
		return nil
	}
	var buf bytes.Buffer
	if n := c.request.ContentLength; n > 0 {
		buf.Grow(int(min(n, limit)) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(io.LimitReader(c.request.Body, limit+1))
	if err != nil {
		return err
	}
	if int64(buf.Len()) > limit {
		io.CopyN(io.Discard, c.request.Body, drainLimit)
		return reject(http.StatusRequestEntityTooLarge, codeTooLarge, "Request too large: maximum %d bytes allowed", limit)
	}
	c.body = buf.Bytes()
	return nil
}
