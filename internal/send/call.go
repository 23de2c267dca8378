// Package send sends calls to Cloudflare and reads the responses. Its layers,
// outermost first, are each in one file:
//
//	call.go      the description of a call: data only
//	sender.go    the retry loop
//	route.go     the host, the credentials and the time of an attempt
//	attempt.go   one HTTP request
//	response.go  a response while it is read
//	failure.go   the description of a failure: data only
//
// The route also uses credentials.go and token.go; an attempt uses watchdog.go,
// evidence.go, connection.go and dial_gate.go; a response uses body.go. new.go
// assembles the layers.
//
// A layer uses only the one below it: the retry loop does not depend on hosts, the
// route not on retries, and an attempt on neither.
package send

import (
	"bytes"
	"context"
	"io"
)

// Call describes one call, independent of the number of attempts.
type Call struct {
	Op       string // such as "ImagesV2.List"
	Method   string
	Path     string // below the account's URL, with the query
	Template string // the path for the log: no IDs, no secrets

	Accept   string // the media type of the response; "" means JSON
	MaxValue int64  // the largest value in the response, in bytes; 0 means maxValueBytes
	Content  *Content
	Batched  bool // the batch host supports it too
	Streamed bool // the caller reads its response, which is not retried after its start
	Private  bool // a success contains a secret, so errors contain no excerpt of it
	Quoted   bool // any response may quote Secrets, so errors contain no excerpt of one

	// Retry determines which failed attempts may be retried.
	Retry RetryRule
	// Unsure explains, for an unknown outcome, what may have happened and how to
	// check. It is empty with RetryAlways.
	Unsure string

	// Secrets are parts of the request that are redacted in all texts, in addition
	// to the credentials. With an UploadURL, secrets shorter than 8 bytes are not.
	Secrets []string

	// UploadURL replaces Path: a URL on a host other than the API's, without
	// credentials and rate limit.
	UploadURL string
}

// RetryRule determines which failed attempts of a call may be retried.
type RetryRule int

// The rules.
const (
	RetryAlways   RetryRule = iota // all: the call is idempotent
	RetryUnserved                  // attempts that were not sent, not processed, or rate limited
	RetryUnsent                    // attempts of which no byte was sent
)

// Content is the body of a call's requests.
type Content struct {
	Type string // the media type
	Size int64  // in bytes; -1: unknown
	// Open returns the body for one attempt, which is valid until ctx ends. It is
	// read once: without GetBody, net/http cannot send it twice.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Spent reports whether the body was read and cannot be read again. nil means that
	// it always can.
	Spent func() bool
}

// NewContent returns a Content with a body in memory.
func NewContent(mediaType string, body []byte) *Content {
	return &Content{Type: mediaType, Size: int64(len(body)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body)), nil
	}}
}
