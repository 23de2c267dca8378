package conformance_test

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// createCases are all kinds of faults at six positions of a create: there is one
// draft at most, never a success that did not happen, and the outcome is called
// unknown exactly when the server may have made a draft.
//
// A 4xx that comes although the draft was made is a lie that no client can see
// through; it is taken at its word, but for a 429, after which there would be two.
func createCases() []testCase {
	const whole = `{"errors":[],"messages":[],"result":{"id":"new","uploadURL":"http://127.0.0.1:0/upload/TestHash-TestHash-Test/new"},"success":true}`
	cases := writeCases(imagestest.OpCreate, doCreate, before+" (new)", len(whole))
	for _, position := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead} {
		cases = append(cases, testCase{
			name:   title(imagestest.OpCreate, position, "rate limited"),
			faults: faults(on(imagestest.OpCreate, imagestest.Refusal(429), at(position), times(3))),
			call:   doCreate,
			want:   outcome{requests: 4, stored: before + " (new)", atMost: backoffs(3)},
		})
	}
	return cases
}

// writeCases are faults at every position of a call that must not be retried,
// with a response of length bytes.
func writeCases(op imagestest.Operation, call func(context.Context, *fixture) error, done string, length int) []testCase {
	var cases []testCase
	add := func(position imagestest.Position, kind imagestest.Kind, name string, want outcome) {
		want.requests = 1
		if position >= imagestest.AfterCommit {
			want.stored = done
		}
		cases = append(cases, testCase{
			name:   title(op, position, name),
			faults: faults(on(op, kind, at(position))),
			call:   call,
			want:   want,
		})
	}
	early := []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit}
	inBody := []imagestest.Position{imagestest.MidBody(0), imagestest.MidBody(length / 2), imagestest.MidBody(length - 1)}
	for _, position := range early {
		for _, r := range wrongResponses(op) {
			add(position, r.kind, r.name, outcome{is: r.is, status: r.status, attempts: 1})
		}
	}
	unknown := func(is ...error) []error { return append(is, cfimages.ErrOutcomeUnknown) }
	for _, position := range slices.Concat(early, inBody) {
		arrival := time.Duration(0)
		if position > imagestest.AfterCommit {
			arrival = time.Millisecond // imagestest.Reset lets arrive what was sent
			add(position, imagestest.Cut{Chunked: true}, "cut chunks", outcome{is: unknown()})
		}
		reset := unknown(syscall.ECONNRESET)
		if position == imagestest.BeforeRead {
			reset = unknown() // net/http may find the connection closed while it writes
		}
		add(position, imagestest.Reset{}, "reset", outcome{is: reset, took: arrival})
		add(position, imagestest.Cut{}, "cut", outcome{is: unknown()})
		add(position, imagestest.Stall{}, "stall", outcome{is: unknown(os.ErrDeadlineExceeded), took: 30 * time.Second})
	}
	for _, position := range append(inBody, imagestest.AfterCommit) {
		add(position, imagestest.Slow{Every: time.Second}, "slow", outcome{atMost: time.Duration(length+1) * time.Second}) // https is longer
	}
	add(imagestest.AfterCommit, imagestest.WrongLength{By: 1}, "length too large", outcome{is: unknown()})
	add(imagestest.AfterCommit, imagestest.WrongLength{By: -1}, "length too small",
		outcome{is: unknown(cfimages.ErrMalformedResponse), status: 200, attempts: 1})
	return cases
}

// wrongResponse is a response to a write that is not the server's own, and the
// error that it becomes.
type wrongResponse struct {
	name   string
	kind   imagestest.Kind
	status int
	is     []error
}

func wrongResponses(op imagestest.Operation) []wrongResponse {
	unknown, malformed, tooLarge := cfimages.ErrOutcomeUnknown, cfimages.ErrMalformedResponse, cfimages.ErrResponseTooLarge
	responses := []wrongResponse{
		{"refused", imagestest.Refusal(400), 400, targets(cfimages.ErrBadRequest)},
		{"forbidden", imagestest.Refusal(403), 403, targets(cfimages.ErrForbidden)},
		{"conflict", imagestest.Refusal(409), 409, targets(cfimages.ErrConflict)},
		{"success:false", imagestest.Refusal(200), 200, nil},
		{"redirect", refusalOf(307), 307, nil},
		{"request timeout", imagestest.Refusal(408), 408, targets(unknown)},
		{"server error", imagestest.Refusal(500), 500, targets(unknown)},
		{"server error with a wait", imagestest.Refusal(503).With("Retry-After", "0"), 503, targets(unknown)},
		{"edge error", imagestest.EdgePage(502), 502, targets(unknown)},
		{"origin error", imagestest.EdgePage(524), 524, targets(unknown)},
		{"nothing", imagestest.Reply{}, 200, targets(unknown, malformed)},
		{"HTML", imagestest.EdgePage(200), 200, targets(unknown, malformed)},
		{"half a response", imagestest.Reply{Body: `{"success":true,"result":{"id":"new"`}, 200, targets(unknown, malformed)},
		{"no result", imagestest.Reply{Body: `{"success":true,"result":null}`}, 200, targets(unknown, malformed)},
	}
	if op == imagestest.OpCreate { // an upload reads its response in the same way, and bombs take their time
		responses = append(responses,
			wrongResponse{"a bomb", imagestest.Bomb{Size: 512 << 20}, 200, targets(unknown, tooLarge)},
			wrongResponse{"a bomb as an error", imagestest.Bomb{Status: 500, Size: 512 << 20}, 500, targets(unknown, tooLarge)})
	}
	return responses
}
