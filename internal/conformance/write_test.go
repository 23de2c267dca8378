package conformance_test

import (
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// wholeCreate and wholeUpload are two of the responses. The others are as long as
// the table of operations says; over HTTP/2, where URLs are https, a few bytes longer.
const (
	wholeCreate = `{"errors":[],"messages":[],"result":{"id":"new","uploadURL":"http://127.0.0.1:0/upload/TestHash-TestHash-Test/new"},"success":true}`
	wholeUpload = `{"id":"draft","success":true}`
)

// writeCases are all kinds of faults at six positions of every write that must not
// be done twice: it is done once at most, there is never a success that did not
// happen, and the outcome is called unknown exactly when the server may have done it.
//
// A 4xx after the write was done is wrong, and no client can detect that: it is
// reported as a rejection. A 429 then is not tested: the retry would do the write again.
func writeCases() []testCase {
	var cases []testCase
	for _, o := range operations {
		if o.retry == unprocessed {
			cases = append(cases, o.writeCases()...)
		}
	}
	return cases
}

// writeCases are faults at every position of a write.
func (o operation) writeCases() []testCase {
	var cases []testCase
	add := func(position imagestest.Position, kind imagestest.Kind, name string, want outcome) {
		want.requests = 1
		if position >= imagestest.AfterCommit {
			want.stored = o.after
		}
		cases = append(cases, testCase{
			name:   title(o, position, name),
			faults: faults(on(o.op, kind, at(position))),
			call:   o.call,
			want:   want,
		})
	}
	early := []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit}
	inBody := []imagestest.Position{imagestest.MidBody(0), imagestest.MidBody(o.length / 2), imagestest.MidBody(o.length - 1)}
	for _, position := range early {
		for _, r := range wrongResponses(o.op) {
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
		add(position, imagestest.Slow{Every: time.Second}, "slow", outcome{atMost: time.Duration(o.length+2) * time.Second})
	}
	add(imagestest.AfterCommit, imagestest.WrongLength{By: 1}, "length too large", outcome{is: unknown()})
	add(imagestest.AfterCommit, imagestest.WrongLength{By: -1}, "length too small",
		outcome{is: unknown(cfimages.ErrMalformedResponse), status: 200, attempts: 1})
	if o.retry == unprocessed {
		cases = append(cases, o.rateLimited(imagestest.BeforeRead), o.rateLimited(imagestest.AfterRead))
	}
	return cases
}

// rateLimited is a write that succeeds at the fourth attempt.
func (o operation) rateLimited(position imagestest.Position) testCase {
	return testCase{
		name:   title(o, position, "rate limited"),
		faults: faults(on(o.op, imagestest.Refusal(429), at(position), times(3))),
		call:   o.call,
		want:   outcome{requests: 4, stored: o.after, atMost: backoffs(3)},
	}
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
