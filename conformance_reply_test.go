package cfimages_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// connectionCases are connections that are refused, or break.
func connectionCases() []conformanceCase {
	reset, cut := imagestest.Reset{}, imagestest.Cut{}
	// A connection that has served another call before: net/http treats it in
	// ways of its own.
	used := func(call func(context.Context, *bench) error) func(context.Context, *bench) error {
		return then(doList, call)
	}
	cases := []conformanceCase{
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
			conformanceCase{
				name:   title("connections are refused twice for", o.op),
				refuse: 2,
				call:   o.call,
				want:   outcome{requests: 1, dials: 3, stored: o.after, atMost: backoffs(2)},
			},
			conformanceCase{
				name:   title("connections are refused for", o.op),
				refuse: 4,
				call:   o.call,
				want:   outcome{is: targets(syscall.ECONNREFUSED), dials: 4, atMost: backoffs(3)},
			})
	}
	return cases
}

// replyCases are replies that do not hold what they should.
func replyCases() []conformanceCase {
	var cases []conformanceCase
	for _, o := range operations {
		for name, reply := range map[string]imagestest.Reply{
			"nothing":              {},
			"a page of HTML":       imagestest.EdgePage(200),
			"another JSON":         {Body: `{"ok":true}`},
			"half an envelope":     {Body: `{"result":{"id":"image","images":[],"uploadURL":"https://u.example/x"},"success":tr`},
			"no result":            {Body: `{"success":true,"result":null,"errors":[]}`},
			"status 204":           {Status: 204},
			"two envelopes":        {Body: strings.Repeat(`{"success":true,"result":{"id":"image","images":[],"uploadURL":"https://u.example/x"}}`, 2)},
			"gzip that is no gzip": imagestest.Reply{Body: "this is no gzip"}.With("Content-Encoding", "gzip"),
		} {
			is := targets(cfimages.ErrMalformedResponse)
			if o.op == imagestest.OpCreate || o.op == imagestest.OpUpload {
				is = append(is, cfimages.ErrOutcomeUnknown)
			}
			want := outcome{is: is, status: 200, attempts: 1, requests: 1}
			switch {
			case reply.Status != 0:
				want.status = reply.Status
			case name == "no result" && o.op == imagestest.OpDelete: // it needs none
				want.is, want.status, want.attempts = nil, 0, 0
			}
			cases = append(cases, conformanceCase{name: title(name, "for", o.op), faults: faults(on(o.op, reply)), call: o.call, want: want})
		}
		cases = append(cases, conformanceCase{
			name:   title("success:false at 200 for", o.op),
			faults: faults(on(o.op, imagestest.Refusal(200))),
			call:   o.call,
			want:   outcome{status: 200, attempts: 1, requests: 1},
		})
	}
	return append(cases,
		conformanceCase{
			name:   "a list with a length that is too large",
			faults: faults(on(imagestest.OpList, imagestest.WrongLength{By: 5})),
			call:   doList,
			want:   outcome{requests: 2, atMost: backoffs(1)},
		},
		conformanceCase{
			name:   "a list with a length that is too small",
			faults: faults(on(imagestest.OpList, imagestest.WrongLength{By: -5})),
			call:   doList,
			want:   outcome{is: targets(cfimages.ErrMalformedResponse), status: 200, attempts: 1, requests: 1},
		},
		conformanceCase{
			name: "a time of a megabyte",
			faults: faults(on(imagestest.OpList, imagestest.Reply{
				Body: `{"success":true,"result":{"images":[{"id":"image","uploaded":"` + strings.Repeat("x", 1<<20) + `"}]}}`})),
			call: doList,
			want: outcome{is: targets(cfimages.ErrMalformedResponse), status: 200, attempts: 1, requests: 1},
		},
		conformanceCase{
			name:   "chunks without the last",
			faults: faults(on(imagestest.OpGet, imagestest.Cut{Chunked: true}, at(imagestest.MidBody(1<<20)))),
			call:   doGet,
			want:   outcome{requests: 2, atMost: backoffs(1)},
		})
}

// boundCases are replies that are too large, and connections that are kept.
func boundCases() []conformanceCase {
	hundredTimes := func(call func(context.Context, *bench) error) func(context.Context, *bench) error {
		return func(ctx context.Context, b *bench) error {
			for range 99 {
				if call(ctx, b) == nil {
					return fmt.Errorf("a success that was not to be")
				}
			}
			return call(ctx, b)
		}
	}
	tooLarge := targets(cfimages.ErrResponseTooLarge)
	return []conformanceCase{
		{
			name:   "a bomb for a read",
			faults: faults(on(imagestest.OpGet, imagestest.Bomb{Size: 512 << 20})),
			call:   doGet,
			want:   outcome{is: tooLarge, status: 200, attempts: 1, requests: 1},
		},
		{
			name:   "a bomb as an error",
			faults: faults(on(imagestest.OpList, imagestest.Bomb{Status: 403, Size: 512 << 20})),
			call:   doList,
			want:   outcome{is: append(tooLarge, cfimages.ErrForbidden), status: 403, attempts: 1, requests: 1},
		},
		{
			name:   "an error of 64 KiB",
			faults: faults(on(imagestest.OpGet, imagestest.Reply{Status: 400, Body: strings.Repeat("x", 64<<10)})),
			call:   doGet,
			want:   outcome{status: 400, attempts: 1, requests: 1},
		},
		{
			name:   "an error of 64 KiB and a byte",
			faults: faults(on(imagestest.OpGet, imagestest.Reply{Status: 400, Body: strings.Repeat("x", 64<<10+1)})),
			call:   doGet,
			want:   outcome{is: tooLarge, status: 400, attempts: 1, requests: 1},
		},
		{
			name:   "headers of 2 MiB",
			faults: faults(on(imagestest.OpGet, imagestest.Refusal(200).With("X-Large", strings.Repeat("x", 2<<20)))),
			call:   doGet,
			want:   outcome{is: tooLarge, requests: 1},
		},
		{
			name:   "headers of 2 MiB for a create",
			faults: faults(on(imagestest.OpCreate, imagestest.Refusal(200).With("X-Large", strings.Repeat("x", 2<<20)))),
			call:   doCreate,
			want:   outcome{is: targets(cfimages.ErrResponseTooLarge, cfimages.ErrOutcomeUnknown), requests: 1},
		},
		{
			name:   "100 small errors in a row use one connection",
			faults: faults(on(imagestest.OpGet, imagestest.Refusal(404), times(50)), on(imagestest.OpGet, imagestest.EdgePage(403), call(50), times(50))),
			call:   hundredTimes(doGet),
			want:   outcome{is: targets(cfimages.ErrForbidden), status: 403, attempts: 1, requests: 100, dials: 1},
		},
		{
			name:   "100 failures that may pass use one connection",
			client: once(),
			faults: faults(on(imagestest.OpDelete, imagestest.EdgePage(503), times(100))),
			call:   hundredTimes(doDelete),
			want:   outcome{status: 503, attempts: 1, requests: 100, dials: 1},
		},
	}
}

// A bomb of half a gigabyte costs what is read of it, and nothing like what it
// holds. What the server takes to make it is counted along.
func TestBombsCostLittle(t *testing.T) {
	for status, limit := range map[int]uint64{200: 32 << 20, 503: 4 << 20} {
		b := newBench(t, nil, once())
		b.server.Inject(on(imagestest.OpGet, imagestest.Bomb{Status: status, Size: 512 << 20}))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := doGet(t.Context(), b)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, cfimages.ErrResponseTooLarge)
		t.Log(after.TotalAlloc - before.TotalAlloc)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, limit, "bytes allocated at status %d", status)
		b.server.Close()
	}
}
