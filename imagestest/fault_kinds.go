package imagestest

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// Kind is a kind of failure. These kinds are available:
//   - [Reply] and [Bomb] replace the server's own response.
//   - [Slow], [WrongLength], [RepeatToken] and [EmptyPage] change it.
//   - [Stall] stops it.
//   - [Cut], [Reset] and [Blackhole] affect the connection.
//   - [GoAway] and [ResetStream] affect HTTP/2.
//
// Go's http.Transport retries a GET request by itself if a reused HTTP/1.1 connection is
// closed before the first byte of the response. With [Cut] and [Reset], such a
// retry counts for [Server.Count], and for the Call and Times of a fault.
type Kind interface {
	positions() (first, last Position) // that the kind supports; the first is the default
	problem(Operation) string          // why the kind is invalid for the operation, or ""
	apply(*hit)
}

// Reply replaces the server's own response. [Refusal] and [EdgePage] return common
// responses. It can be used at any position before [MidBody].
//
// At BeforeRead and AfterRead, the operation is not performed, credentials are not checked,
// and the request does not count against the rate limit. The response then has no rate-limit
// headers.
type Reply struct {
	Status int         // 0 means 200
	Header http.Header // further headers; Content-Type is application/json by default
	Body   string
}

// Refusal returns an error in Cloudflare's JSON envelope, with the given status.
func Refusal(status int) Reply {
	rejected := failure(reject(status, codeInjected, "Injected fault"))
	return Reply{Status: status, Body: string(rejected.body)}
}

// EdgePage returns an HTML page with the given status and without the envelope, as
// Cloudflare's edge sends when the server behind it fails. The text is not Cloudflare's.
func EdgePage(status int) Reply {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return Reply{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		Body:   "<!DOCTYPE html>\n<html><head><title>" + text + "</title></head>\n<body><h1>" + text + "</h1></body></html>\n",
	}
}

// With returns a copy of the response with an additional header:
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

// Bomb replaces the server's own response with a small gzip-compressed body that
// decompresses to an envelope of Size bytes. Nearly all of it is one JSON string. It can be
// used at the same positions as [Reply]. The server generates the body while sending it and
// needs little memory.
type Bomb struct {
	Status int // 0 means 200
	Size   int64
}

// Stall stops sending, at any position, until the client disconnects or the server closes.
// The connection is then closed. The server detects a disconnected client only after it has
// read the request. Over HTTP/2, only the request stalls: other requests on the connection
// are served, and the connection stays open.
type Stall struct{}

// Slow sends the server's own response one byte at a time, with a pause of Every before each
// byte. It starts at the beginning of the body, or after n bytes with [MidBody].
// Every must be positive.
type Slow struct {
	Every time.Duration
}

// WrongLength sends the server's own response with an incorrect Content-Length: the length
// of the body plus By, which must not be 0 and may be negative. The connection is then
// closed. Over HTTP/2, the stream ends instead, and bytes beyond a length that is too small
// are not sent.
type WrongLength struct {
	By int
}

// RepeatToken changes a page of [OpList] so that its continuation token leads to the same
// page again. If the request contained a token, the page returns that token.
type RepeatToken struct{}

// EmptyPage replaces a page of [OpList] with an empty page. Its continuation token leads to
// the page that was replaced.
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
		return "By must not be 0: the length would be correct"
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
