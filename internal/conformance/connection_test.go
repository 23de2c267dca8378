package conformance_test

import (
	"context"
	"syscall"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// connectionCases are connections that are refused, or break.
func connectionCases() []testCase {
	reset, cut := imagestest.Reset{}, imagestest.Cut{}
	// A connection that has served another call before: net/http has other rules
	// for it.
	used := func(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
		return then(doList, call)
	}
	cases := []testCase{
		{
			name:   "a deletion is lost after it was done",
			faults: faults(on(imagestest.OpDelete, reset, at(imagestest.AfterCommit))),
			call:   doDelete,
			want:   outcome{requests: 2, stored: "(draft)", atMost: backoffs(1)},
		},
		{
			name: "a deletion of what is not there",
			call: then(doDelete, doDelete),
			want: outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 1, requests: 2, stored: "(draft)"},
		},
		{
			name:   "a deletion fails before it is done, and finds nothing then",
			faults: faults(on(imagestest.OpDelete, imagestest.Refusal(429), call(1))),
			call:   then(doDelete, doDelete),
			want:   outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 2, requests: 3, stored: "(draft)", atMost: backoffs(1)},
		},
		{
			name:   "a create on a used connection that is reset",
			faults: faults(on(imagestest.OpCreate, reset)),
			call:   used(doCreate),
			want:   outcome{is: targets(cfimages.ErrOutcomeUnknown, syscall.ECONNRESET), requests: 2, dials: 1},
		},
		{
			name:   "a create on a used connection that is closed",
			faults: faults(on(imagestest.OpCreate, cut, at(imagestest.AfterCommit))),
			call:   used(doCreate),
			want:   outcome{is: targets(cfimages.ErrOutcomeUnknown), requests: 2, dials: 1, stored: before + " (new)"},
		},
		{
			name:   "an upload on a used connection that is closed",
			faults: faults(on(imagestest.OpUpload, cut, at(imagestest.AfterCommit))),
			call:   used(doUpload),
			want:   outcome{is: targets(cfimages.ErrOutcomeUnknown), requests: 2, dials: 1, stored: "image draft"},
		},
		{
			name:   "every connection is reset",
			faults: faults(on(imagestest.OpGet, reset, times(4))),
			call:   doGet,
			want:   outcome{is: targets(syscall.ECONNRESET), requests: 4, dials: 4, atMost: backoffs(3)},
		},
		{
			name:   "a connection is reset, without retries",
			client: once(),
			faults: faults(on(imagestest.OpGet, reset)),
			call:   doGet,
			want:   outcome{is: targets(syscall.ECONNRESET), requests: 1},
		},
	}
	for _, o := range operations {
		cases = append(cases,
			testCase{
				name:   title("connections are refused twice for", o),
				refuse: 2,
				call:   o.call,
				want:   outcome{requests: 1, dials: 3, stored: o.after, atMost: backoffs(2)},
			},
			testCase{
				name:   title("connections are refused for", o),
				refuse: 4,
				call:   o.call,
				want:   outcome{is: targets(syscall.ECONNREFUSED), dials: 4, atMost: backoffs(3)},
			})
	}
	return cases
}
