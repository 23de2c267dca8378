package conformance_test

import (
	"os"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const (
	// requestTimeout is that of the clients whose connections die.
	requestTimeout = 2 * time.Second
	// recovery is how long after its start a call has succeeded on another connection.
	recovery = requestTimeout + time.Second
	// idleTimeout is how long the body of a response may deliver nothing.
	idleTimeout = 30 * time.Second
)

// deadCases are connections that die: nothing arrives on them any more, and they are
// not closed. New connections work.
func deadCases() []testCase {
	cases := append(deadUnderOthers(), deadWhileIdle()...)
	for _, o := range operations {
		for _, position := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit, imagestest.MidBody(0), imagestest.MidBody(10)} {
			cases = append(cases, o.dies(position))
		}
	}
	for i := range cases {
		cases[i].client = append(cases[i].client, cfimages.WithRequestTimeout(requestTimeout))
	}
	return cases
}

// dies is a connection that dies during a call, at a position, and another call
// after it.
func (o operation) dies(position imagestest.Position) testCase {
	c := testCase{
		name:   title(o, "on a connection that dies", position),
		faults: faults(on(o.op, imagestest.Blackhole{}, at(position))),
		want:   outcome{requests: 3, dials: 2, stored: o.after, took: requestTimeout},
	}
	inBody := position > imagestest.AfterCommit
	if inBody {
		c.want.took = idleTimeout
	}
	c.want.atMost = c.want.took + time.Second
	switch {
	case o.op == imagestest.OpBlob && inBody: // what was read of it is the caller's
		c.call, c.want.is, c.want.requests, c.want.dials = o.call, targets(os.ErrDeadlineExceeded), 1, 1
	case o.retry == always:
		c.call = then(o.call, doGetDraft)
	default:
		c.call = then(loses(o.call), doGetDraft)
		c.want.requests, c.want.stored = 2, o.storedAt(position)
	}
	return c
}

// deadWhileIdle are connections that die between two calls.
func deadWhileIdle() []testCase {
	idle := func(op imagestest.Operation) []imagestest.Fault {
		return faults(on(op, imagestest.Blackhole{}, at(end)))
	}
	var cases []testCase
	for _, o := range operations {
		c := testCase{
			name:   title(o, "on a connection that died while it was idle"),
			faults: idle(imagestest.OpGet),
			call:   then(doGetDraft, o.call, doGetDraft),
			want:   outcome{requests: 3, dials: 2, stored: o.after, took: requestTimeout, atMost: recovery},
		}
		if o.retry != always {
			c.call = then(doGetDraft, loses(o.call), doGetDraft)
			c.want.requests, c.want.stored = 2, before
		}
		cases = append(cases, c)
	}
	list := then(doList, doGet)
	return append(cases,
		testCase{
			name:   "the caller's own transport has a connection that died while it was idle",
			faults: idle(imagestest.OpList),
			call:   withOwnTransport(list),
			want:   outcome{requests: 2, dials: 2, took: requestTimeout, atMost: recovery},
		},
		testCase{
			name:   "100 calls at once on a connection that died while it was idle",
			faults: idle(imagestest.OpList),
			call:   then(doList, atOnce(100, doGet)),
			want:   outcome{requests: 101, took: requestTimeout, atMost: recovery},
			// HTTP/1.1 needs a connection for each call anyway.
			overHTTP2: func(want *outcome) { want.dials = 2 },
		},
		testCase{
			name:      "100 calls at once on a connection of the caller's own transport that died while it was idle",
			faults:    idle(imagestest.OpList),
			call:      withOwnTransport(then(doList, atOnce(100, doGet))),
			want:      outcome{requests: 101, took: requestTimeout, atMost: recovery},
			overHTTP2: func(want *outcome) { want.dials = 2 },
		},
		testCase{
			name:   "a call by the batch host on a connection that died while it was idle",
			client: []cfimages.Option{cfimages.WithBatchAPI()},
			faults: idle(imagestest.OpBatchToken),
			call:   then(doGet, doGet),
			want:   outcome{requests: 3, dials: 2, took: requestTimeout, atMost: recovery},
		},
		testCase{
			name:   "a wait for an upload whose connection dies during a pause",
			faults: faults(on(imagestest.OpGet, imagestest.Blackhole{}, call(1), at(end))),
			call:   waitFor(time.Second),
			want:   outcome{requests: 3, dials: 2, stored: "image draft", took: requestTimeout, atMost: recovery + time.Second},
		})
}

// deadUnderOthers are connections that die during several calls, or during long ones.
func deadUnderOthers() []testCase {
	return []testCase{
		{
			name:   "a large upload on a connection that dies",
			faults: faults(on(imagestest.OpUpload, imagestest.Blackhole{})),
			call:   then(loses(largeUpload), doGet),
			want:   outcome{requests: 2, dials: 2, took: requestTimeout, atMost: recovery},
		},
		{
			name:   "a walk on a connection that dies in the second page",
			client: inAlbum(cfimages.WithPrefetch(false)),
			faults: faults(on(imagestest.OpList, imagestest.Blackhole{}, call(1), at(imagestest.MidBody(300)))),
			call:   doWalk(25),
			want:   outcome{requests: 4, dials: 2, took: idleTimeout, atMost: idleTimeout + time.Second},
		},
		{
			name:   "a walk on a connection that dies in the second page, while the third is prefetched",
			client: inAlbum(),
			faults: faults(on(imagestest.OpList, imagestest.Blackhole{}, call(1), at(imagestest.MidBody(300)))),
			call:   doWalk(25),
			want:   outcome{requests: 4, took: idleTimeout, atMost: idleTimeout + time.Second},
			// The prefetch is overdue first, and closes the connection for both, unless
			// its response arrived just before the connection died.
			overHTTP2: func(want *outcome) {
				want.dials, want.resent, want.took = 2, 1, requestTimeout
			},
		},
		{
			name:   "a batch token whose connection dies",
			client: []cfimages.Option{cfimages.WithBatchAPI()},
			faults: faults(on(imagestest.OpBatchToken, imagestest.Blackhole{})),
			call:   doGet,
			want:   outcome{requests: 3, dials: 2, took: requestTimeout, atMost: recovery},
		},
		{
			name:   "a call by the batch host on a connection that dies",
			client: []cfimages.Option{cfimages.WithBatchAPI()},
			faults: faults(on(imagestest.OpGet, imagestest.Blackhole{})),
			call:   doGet,
			want:   outcome{requests: 3, dials: 2, took: requestTimeout, atMost: recovery},
		},
		{
			name:   "a wait for an upload on a connection that dies",
			faults: faults(on(imagestest.OpGet, imagestest.Blackhole{})),
			call:   waitFor(time.Second),
			want:   outcome{requests: 2, dials: 2, stored: "image draft", took: requestTimeout, atMost: recovery},
		},
		{
			name:   "a response is overdue on a connection that is alive",
			server: []imagestest.Option{imagestest.WithLatency(requestTimeout / 2)},
			faults: faults(on(imagestest.OpGet, imagestest.Stall{})),
			call:   then(doList, together(doGet, after(requestTimeout*3/4, doCreate))),
			want:   outcome{requests: 4, stored: before + " (new)", took: 3 * time.Second, atMost: 5 * time.Second},
			// The create was just sent on the same connection, so that is not closed.
			overHTTP2: func(want *outcome) { want.dials = 1 },
		},
		{
			name:   "a response is overdue on a connection that delivers another one slowly",
			faults: faults(on(imagestest.OpGet, imagestest.Stall{}), on(imagestest.OpList, imagestest.Slow{Every: 100 * time.Millisecond})),
			// Without the first call, each of the other two may dial.
			call:      then(doBlob, together(doGet, doList)),
			want:      outcome{requests: 4, took: requestTimeout, atMost: time.Minute},
			overHTTP2: func(want *outcome) { want.dials = 1 },
		},
	}
}
