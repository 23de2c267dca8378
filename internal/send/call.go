// Package send takes one call to Cloudflare and back. Its layers, outermost
// first, each in a file with one job:
//
//	call.go      what is asked: data only
//	sender.go    the retry loop
//	route.go     which host takes an attempt, with which credentials, and when
//	attempt.go   one HTTP request
//	response.go  a response while it is read
//	failure.go   what went wrong: data only
//
// Beside them, credentials.go and token.go serve the route, watchdog.go, evidence.go,
// connection.go and door.go an attempt, and body.go a response. new.go puts the layers
// together.
//
// A layer knows the one below it and nothing above: the retry loop knows of no
// hosts, the route of no retries, an attempt of neither.
package send

import (
	"bytes"
	"context"
	"io"
)

// Call is what is asked of the server, whatever the number of attempts.
type Call struct {
	Op       string // such as "ImagesV2.List"
	Method   string
	Path     string // below the account's URL, with the query
	Template string // the path for the log: no IDs, no secrets

	Accept   string // the media type of the response; "" means JSON
	MaxValue int64  // the largest value in the response, in bytes; 0 means maxValueBytes
	Content  *Content
	Batched  bool // the batch host takes it too
	Streamed bool // its response is read by the caller, and not retried once it has begun
	Private  bool // its response holds a secret, so that no error shows a part of it

	// Retry says which failed attempts may be followed by another one.
	Retry RetryRule
	// Unsure says what may have happened when the outcome is unknown, and how to
	// look. Calls of RetryAlways have none.
	Unsure string

	// Secrets are parts of the request that appear in no text, besides the
	// credentials. With an UploadURL, those of less than 8 bytes do.
	Secrets []string

	// UploadURL is where the call goes instead of Path: a host other than the
	// API's, without credentials and rate limit.
	UploadURL string
}

// RetryRule says which failed attempts of a call may be followed by another one.
type RetryRule int

// The rules.
const (
	RetryAlways   RetryRule = iota // all: to do it twice does no harm
	RetryUnserved                  // those that were not sent, not processed, or refused by the rate limit
	RetryUnsent                    // those of which not a byte was sent
)

// Content is the body of a call's requests.
type Content struct {
	Type string // the media type
	Size int64  // in bytes; -1: unknown
	// Open returns the body for one attempt, which is good until ctx ends. It is
	// read once: net/http is given no way to send it twice.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// NewContent returns the Content that is in memory.
func NewContent(mediaType string, body []byte) *Content {
	return &Content{Type: mediaType, Size: int64(len(body)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body)), nil
	}}
}
