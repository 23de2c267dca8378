package send

import (
	"context"
	"fmt"
	"time"

	"github.com/cfimages/cfimages-go/internal/envelope"
)

// Failure describes why a call failed. The public errors are created from it.
type Failure struct {
	Op   string
	Kind Kind
	Err  error // the cause; may be nil for Refused

	// Of the response, if there was one.
	Status           int
	Errors, Messages []envelope.Info
	RayID            string
	RetryAfter       time.Duration // wait requested by the server or required by the rate limit; 0: none
	Excerpt          string        // the start of a body that could not be decoded

	Attempts  int  // requests sent so far
	Unsent    bool // it is proven that no byte of this attempt's request was sent
	Unserved  bool // it is proven that the server did not process this attempt's request
	Unclear   bool // the server may have executed this attempt's request
	Retryable bool // the failure is temporary: a retry may succeed

	Unsure         string   // if the outcome is unknown: what may have happened and how to check
	EarlierUnclear bool     // the server may have executed an earlier attempt's request
	Earlier        *Failure // of the previous attempt, if no request was sent after it

	resent     bool        // net/http sent this attempt's request more than once, over HTTP/2
	connection *connection // lost with this attempt; nil: only this attempt failed
}

// Kind is the kind of a failure.
type Kind int

// The kinds.
const (
	Refused   Kind = iota + 1 // a response with an error status, or with success:false
	Malformed                 // a response that could not be decoded
	TooLarge                  // a response over a size limit; without a Status, its headers
	Lost                      // no response, or an incomplete one
	Canceled                  // the caller's context ended
	Limited                   // not sent: the known rate limit is used up
	Unbuilt                   // not sent: the request could not be built, or has no credentials
)

// Cancellation returns the error of an ended context, with its cause if that is a
// different error.
func Cancellation(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
