package send

import (
	"context"
	"fmt"
	"time"

	"github.com/cfimages/cfimages-go/internal/envelope"
)

// Failure is what went wrong with a call, as data: the public errors are made
// from it.
type Failure struct {
	Op   string
	Kind Kind
	Err  error // the cause; of Refused it may be nil

	// Of the response, if there was one.
	Status           int
	Errors, Messages []envelope.Info
	RayID            string
	RetryAfter       time.Duration // the wait that the server asked for, or that the known rate limit needs; 0: none
	Excerpt          string        // the start of a body that was not understood

	Attempts int  // requests sent so far
	Unsent   bool // it is proven that not a byte of this attempt's request was sent
	Unserved bool // it is proven that the server did not process this attempt's request
	Unclear  bool // the server may have done what this attempt asked
	Passing  bool // a later attempt may end better

	Unsure         string   // what may have happened and how to look, if the outcome is unknown
	EarlierUnclear bool     // an attempt before this one may have done what was asked
	Earlier        *Failure // of the attempt before, when no other was sent after it

	resent     bool        // net/http sent this attempt's request more than once, over HTTP/2
	connection *connection // that this attempt was lost with; nil: it failed alone
}

// Kind is the kind of a failure.
type Kind int

// The kinds.
const (
	Refused   Kind = iota + 1 // a response with a status of failure, or with success:false
	Malformed                 // a response that is not understood
	TooLarge                  // a response over a limit; without a Status, its headers were
	Lost                      // no response, or not all of it
	Canceled                  // the caller's context ended
	Limited                   // not sent: the known rate limit is spent
	Unbuilt                   // not sent: there is no request to send, or no credentials for it
)

// Cancellation returns why a context ended: its error, and its cause if that is
// another.
func Cancellation(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
