package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const refusedStream = 7 // the code that says that the request was not processed

// codes are all error codes of HTTP/2 (RFC 9113, section 7), and one that is none.
var codes = []uint32{0, 1, 2, 3, 4, 5, 6, refusedStream, 8, 9, 10, 11, 12, 13, 99}

// end is the position after the last byte of a response.
var end = imagestest.MidBody(1 << 20)

// beforeResponse are the positions at which nothing of the response was sent.
var beforeResponse = []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit}

// everywhere are they, and those in the response's body.
var everywhere = append(slices.Clone(beforeResponse), imagestest.MidBody(0), imagestest.MidBody(10), end)

// result is what the server did with a request, as far as the client knows.
type result int

const (
	served  result = iota // it was processed, and its response is received
	refused               // HTTP/2 proves that it was not processed
	unknown               // it may have been processed
)

// frame is a frame of HTTP/2 with an error code, at a position of a request.
type frame struct {
	name   string
	kind   func(code uint32) imagestest.Kind
	result func(position imagestest.Position, code uint32) result
	used   bool // the connection has served a request before
}

// goAwayCases are connections that the server closes by a GOAWAY, as it does when it
// restarts.
func goAwayCases() []testCase {
	graceful := frame{
		name:   "GOAWAY",
		kind:   func(code uint32) imagestest.Kind { return imagestest.GoAway{Code: code} },
		result: func(imagestest.Position, uint32) result { return served },
	}
	closed := frame{
		name: "GOAWAY and a close",
		kind: func(code uint32) imagestest.Kind { return imagestest.GoAway{Code: code, Close: true} },
		result: func(position imagestest.Position, _ uint32) result {
			if position == end {
				return served
			}
			return unknown
		},
	}
	earlier := frame{
		name:   "GOAWAY that names an earlier request",
		kind:   func(code uint32) imagestest.Kind { return imagestest.GoAway{Code: code, Unprocessed: true} },
		result: func(imagestest.Position, uint32) result { return refused },
	}
	earlierUsed := earlier
	earlierUsed.name, earlierUsed.used = earlier.name+", on a used connection", true
	earlierClosed := earlier
	earlierClosed.name = earlier.name + ", and a close"
	earlierClosed.kind = func(code uint32) imagestest.Kind {
		return imagestest.GoAway{Code: code, Unprocessed: true, Close: true}
	}
	return slices.Concat(graceful.cases(everywhere), closed.cases(everywhere),
		earlier.cases(beforeCommit), earlierUsed.cases(beforeCommit), earlierClosed.cases(beforeCommit))
}

// resetCases are requests that the server ends by a RST_STREAM.
func resetCases() []testCase {
	reset := frame{
		name: "RST_STREAM",
		kind: func(code uint32) imagestest.Kind { return imagestest.ResetStream{Code: code} },
		result: func(_ imagestest.Position, code uint32) result {
			if code == refusedStream {
				return refused
			}
			return unknown
		},
	}
	return reset.cases(everywhere)
}

// beforeCommit are the positions at which nothing was done.
var beforeCommit = beforeResponse[:2]

// cases are those of a frame at some positions of every operation, and of a walk.
// One case takes all codes if each has the same outcome.
func (fr frame) cases(positions []imagestest.Position) []testCase {
	var cases []testCase
	add := func(c testCase, position imagestest.Position) {
		c.only = http2
		if position == end {
			c.call = then(c.call, closeServer)
		}
		cases = append(cases, c)
	}
	for _, position := range positions {
		for _, o := range operations {
			if o.retry == always {
				add(fr.onRead(o, position), position)
				continue
			}
			codes := fr.codesAt(position)
			for i := len(cases) % everyNthCode; i < len(codes); i += everyNthCode {
				add(fr.onWrite(o, position, codes[i]), position)
			}
		}
		add(fr.onWalk(position), position)
	}
	return cases
}

// closeServer closes the connections that got a GOAWAY while they were idle: net/http
// does not use these any more, and does not close them: the server does.
func closeServer(_ context.Context, f *fixture) error {
	f.server.Close()
	return nil
}

// codesAt are the codes that the frame can have at a position.
func (fr frame) codesAt(position imagestest.Position) []uint32 {
	return slices.DeleteFunc(slices.Clone(codes), func(code uint32) bool {
		return fr.result(position, code) == refused && !slices.Contains(beforeCommit, position)
	})
}

// onRead is a read, or a deletion, that receives the frame with every code.
func (fr frame) onRead(o operation, position imagestest.Position) testCase {
	codes := fr.codesAt(position)
	call := o.call
	want := outcome{stored: o.after, atMost: time.Duration(len(codes)) * backoffs(1)}
	for _, code := range codes {
		want.requests++
		switch {
		case fr.result(position, code) == served:
		case o.op == imagestest.OpBlob && position > imagestest.AfterCommit: // what was read of it is the caller's
			call = breaksOff
		default:
			want.requests++
		}
	}
	return testCase{
		name: title(o, position, fr.name),
		call: func(ctx context.Context, f *fixture) error {
			for _, code := range codes {
				f.server.Inject(on(o.op, fr.kind(code), at(position)))
				if err := call(ctx, f); err != nil {
					return fmt.Errorf("code %d: %w", code, err)
				}
				if code != codes[len(codes)-1] {
					o.restore(f)
				}
			}
			return nil
		},
		want: want,
	}
}

// breaksOff is a blob whose connection is lost, which is not a malformed response.
func breaksOff(ctx context.Context, f *fixture) error {
	err := doBlob(ctx, f)
	if err == nil || errors.Is(err, cfimages.ErrMalformedResponse) {
		return fmt.Errorf("not a lost connection: %v", err)
	}
	return nil
}

// onWalk is a walk that receives the frame, with every code, at its second page.
func (fr frame) onWalk(position imagestest.Position) testCase {
	codes := fr.codesAt(position)
	want := outcome{atMost: time.Duration(len(codes)) * backoffs(1)}
	for _, code := range codes {
		want.requests += 3
		if fr.result(position, code) != served {
			want.requests++
		}
	}
	return testCase{
		name:   title("a walk", position, fr.name),
		client: inAlbum(cfimages.WithPrefetch(false)),
		call: func(ctx context.Context, f *fixture) error {
			for _, code := range codes {
				f.server.Inject(on(imagestest.OpList, fr.kind(code), call(1), at(position)))
				if err := doWalk(25)(ctx, f); err != nil {
					return fmt.Errorf("code %d: %w", code, err)
				}
			}
			return nil
		},
		want: want,
	}
}

// onWrite is a write that receives the frame with one code. A write that was not
// processed is retried. A one-time upload is not, but its error says that the caller
// may retry it.
func (fr frame) onWrite(o operation, position imagestest.Position, code uint32) testCase {
	c := testCase{
		name:   title(o, position, fr.name, "with code", code),
		faults: faults(on(o.op, fr.kind(code), at(position))),
		call:   o.call,
		want:   outcome{requests: 1, stored: o.after},
	}
	switch result := fr.result(position, code); {
	case result == unknown:
		c.want.is, c.want.stored = targets(cfimages.ErrOutcomeUnknown), o.storedAt(position)
	case result == refused && o.retry == unsent:
		c.want.says, c.want.stored = "may be retried", before
	case result == refused:
		c.want.requests, c.want.atMost = 2, backoffs(1)
	}
	if fr.used {
		c.call = then(doGetDraft, o.call)
		c.want.requests++
	}
	return c
}
