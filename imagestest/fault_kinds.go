package imagestest

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// Kind is the kind of a fault. [Reply], [Bomb], [Slow], [WrongLength], [RepeatToken] and
// [EmptyPage] change the response; [Stall] prevents it. [Cut], [Reset] and [Blackhole] break
// the connection. [GoAway] and [ResetStream] are failures of HTTP/2.
//
// If Reset or Cut happens before the first byte of the response to a GET, on an HTTP/1.1
// connection that was used before, Go's http.Transport retries the request itself. The
// server then receives one request more than the client library has sent.
type Kind interface {
	positions() (first, last Position) // the allowed positions; the first is the default
	problem(Operation) string          // why the kind is invalid; "" if it is valid
	apply(*hit)
}

// Reply replaces the server's response. [Refusal] and [EdgePage] return common ones. It can
// happen at every position except [MidBody]. Before AfterCommit, the request is not
// processed: credentials are not checked, and the rate limit is not counted.
type Reply struct {
	Status int         // 0 means 200
	Header http.Header // the Content-Type is application/json by default
	Body   string
}

// Refusal returns a response with a status and an error in the usual envelope, for example
// Refusal(503).
func Refusal(status int) Reply {
	rejected := failure(reject(status, codeInjected, "Injected fault"))
	return Reply{Status: status, Body: string(rejected.body)}
}

// EdgePage returns a response with an HTML page instead of the envelope, as Cloudflare's
// edge returns if the API behind it fails. The text of the page is not Cloudflare's.
func EdgePage(status int) Reply {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return Reply{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		Body:   "<!DOCTYPE html>\n<html><head><title>" + text + "</title></head>\n<body><h1>" + text + "</h1></body></html>\n",
	}
}

// With returns the response with an additional header:
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

// Bomb replaces the server's response, as [Reply] does, by a small gzip body that
// decompresses to an envelope of Size bytes with one long JSON string.
type Bomb struct {
	Status int // 0 means 200
	Size   int64
}

// Stall stops sending, at any position, until the client disconnects or the server is
// closed. Then the connection is broken. The server detects that the client has
// disconnected only after it has read the request. Over HTTP/2, only the request
// stalls: the connection stays usable.
type Stall struct{}

// Slow sends the server's response byte by byte, with a pause before each byte. With
// [MidBody], it starts at that position.
type Slow struct {
	Every time.Duration
}

// WrongLength sends the server's response with a Content-Length that differs from the
// length of the body by By, and closes the connection. Over HTTP/2, it ends the stream
// instead, and does not send bytes beyond the Content-Length.
type WrongLength struct {
	By int
}

// RepeatToken returns a page of [OpList] with a continuation token that leads to the same
// page again. If the request had a token, it is that token.
type RepeatToken struct{}

// EmptyPage returns a page of [OpList] without images. Its continuation token leads to the
// page that was requested.
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
