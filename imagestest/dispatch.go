package imagestest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// drainLimit is how much of a too large body is still read, so that the client can read
// the error response.
const drainLimit = 256 << 20

// call is a request that the server is processing.
type call struct {
	op        Operation
	request   *http.Request
	wire      *wire  // of the connection; nil if the handler is mounted on another server
	stream    uint32 // HTTP/2 stream of the request
	origin    string // scheme and host of the request
	batch     bool   // whether it was sent to the batch host
	accountID string // as in the path of an API request, or of the batch token
	hash      string // of the account, as in the path of an upload or delivery
	account   *Account
	scope     Scope // in the account, of an API request
	imageID   string
	variant   string // or options, as in the path of a delivery
	name      string // of the requested variant or signing key
	sourceURL string // of an upload from a URL
	body      []byte
	now       time.Time

	showedDraft bool
}

// endpoint describes how requests to a path are handled.
type endpoint struct {
	op      Operation
	need    Scope // required scope; 0 if credentials are not allowed
	maxBody int64 // maximum length; 0 for requests without a body
	handle  func(*Server, *call) (response, error)
}

// dispatch processes a request in fixed steps. A fault can be applied between any two.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	e, c := s.route(r)
	c.admitOnWire((*frames).admits)
	if s.latency > 0 && !pause(r.Context(), s.latency) {
		panic(http.ErrAbortHandler) // makes net/http close the connection
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

// admitOnWire ends a request that a GOAWAY frame has excluded from processing.
func (c *call) admitOnWire(admits func(*frames, uint32) bool) {
	if c.wire != nil && c.wire.frames != nil && !admits(c.wire.frames, c.stream) {
		panic(http.ErrAbortHandler)
	}
}

// writeHeaders sets the headers that all responses have.
func (s *Server) writeHeaders(h http.Header, c *call) {
	h.Set("Cf-Ray", rayID(s.lastRay.Add(1)))
	if c.op == OpUpload || c.op == OpPreflight {
		allowCrossOrigin(h)
	}
}

// perform performs the operation of a request and returns the response.
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

// send writes the response.
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
