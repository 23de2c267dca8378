package imagestest

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// Kind is what happens in a fault. Reply, Bomb, Slow, WrongLength, RepeatToken
// and EmptyPage are responses; Stall is none. Cut, Reset and Blackhole happen to
// the connection, GoAway and ResetStream to HTTP/2.
//
// Where Reset and Cut leave a GET without a byte of its response, on an HTTP/1.1
// connection that has served before, Go's http.Transport retries it by itself:
// that is one request more than the client library knows of.
type Kind interface {
	positions() (first, last Position) // at which the kind can strike; the first is the default
	problem(Operation) string          // what is wrong with the kind itself; "": nothing
	strike(*hit)
}

// Reply is an answer in place of the server's own, at any position but MidBody.
// See Refusal and EdgePage. Until AfterCommit what was asked is not done,
// credentials are not checked and the rate limit is neither counted nor told.
type Reply struct {
	Status int         // 0 means 200
	Header http.Header // besides Content-Type application/json, or in place of it
	Body   string
}

// Refusal returns a response with the usual envelope around an error.
func Refusal(status int) Reply {
	refused := failure(refuse(status, codeInjected, "Injected fault"))
	return Reply{Status: status, Body: string(refused.body)}
}

// EdgePage returns a response without the envelope, as Cloudflare's edge gives
// when what lies behind it fails: a page of HTML. Its text is not Cloudflare's.
func EdgePage(status int) Reply {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return Reply{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		Body:   "<!DOCTYPE html>\n<html><head><title>" + text + "</title></head>\n<body><h1>" + text + "</h1></body></html>\n",
	}
}

// With returns the response with one header more:
//
//	imagestest.Refusal(429).With("Retry-After", "7")
func (r Reply) With(name, value string) Reply {
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Add(name, value)
	return r
}

// Bomb is an answer in place of the server's own, as Reply is: a small gzip
// that decodes to an envelope of Size bytes, nearly all of them the text of one
// JSON string. The server makes it as it is sent, and keeps little in memory.
type Bomb struct {
	Status int // 0 means 200
	Size   int64
}

// Stall sends nothing more, at any position, until the client leaves or the
// server closes; then the connection is broken. That the client has left is
// noticed only after the request was read. Over HTTP/2 other requests on the
// connection are served, and the connection is not broken.
type Stall struct{}

// Slow sends the server's own response a byte at a time, with a pause before each,
// either all of it or what is left at MidBody.
type Slow struct {
	Every time.Duration
}

// WrongLength sends the server's own response with a Content-Length that is By
// larger, or smaller when By is negative, than the body. Then the connection
// is closed. Over HTTP/2 the stream ends instead, and what goes beyond a length
// that is too small is not sent.
type WrongLength struct {
	By int
}

// RepeatToken makes a page of OpList name a continuation token that leads to
// this very page again. That is the token that was asked for, if there was one.
type RepeatToken struct{}

// EmptyPage makes a page of OpList come without images but with a continuation
// token, which leads to the page that should have come.
type EmptyPage struct{}

const anywhere = math.MaxInt // the last position

func (Reply) positions() (first, last Position)       { return BeforeRead, AfterCommit }
func (Bomb) positions() (first, last Position)        { return BeforeRead, AfterCommit }
func (Stall) positions() (first, last Position)       { return BeforeRead, anywhere }
func (Slow) positions() (first, last Position)        { return AfterCommit, anywhere }
func (WrongLength) positions() (first, last Position) { return AfterCommit, AfterCommit }
func (RepeatToken) positions() (first, last Position) { return AfterCommit, AfterCommit }
func (EmptyPage) positions() (first, last Position)   { return AfterCommit, AfterCommit }

func (r Reply) problem(Operation) string { return statusProblem(r.Status, r.Body != "") }

func (b Bomb) problem(Operation) string {
	if b.Size < minBombSize {
		return fmt.Sprintf("Size must be at least %d, for the envelope", minBombSize)
	}
	return statusProblem(b.Status, true)
}

func (Stall) problem(Operation) string { return "" }

func (s Slow) problem(Operation) string {
	if s.Every <= 0 {
		return "Every must be positive"
	}
	return ""
}

func (w WrongLength) problem(Operation) string {
	if w.By == 0 {
		return "By must not be 0: then the length is right"
	}
	return ""
}

func (RepeatToken) problem(op Operation) string { return listProblem(op) }
func (EmptyPage) problem(op Operation) string   { return listProblem(op) }

func listProblem(op Operation) string {
	if op != OpList {
		return "Operation must be OpList: only lists have pages"
	}
	return ""
}

func statusProblem(status int, hasBody bool) string {
	switch {
	case status != 0 && (status < 200 || status > 999):
		return fmt.Sprintf("Status must be 200 to 999, or 0 for 200, got %d", status)
	case hasBody && (status == http.StatusNoContent || status == http.StatusNotModified):
		return fmt.Sprintf("a response of status %d has no body", status)
	}
	return ""
}
