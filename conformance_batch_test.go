package cfimages_test

import (
	"context"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// batchCases are calls by way of the batch host. The first request of each is
// for a token.
func batchCases() []conformanceCase {
	batch := func(opts ...cfimages.Option) []cfimages.Option { return append(opts, cfimages.WithBatchAPI()) }
	cases := []conformanceCase{
		{
			name: "every call",
			call: then(doList, doGet, doCreate, doDelete),
			want: outcome{requests: 5, dials: 1, stored: "(draft) (new)", atMost: time.Second},
		},
		{
			name:   "a walk over tokens that live for a second",
			server: []imagestest.Option{imagestest.WithBatchTokenLifetime(time.Second), imagestest.WithLatency(100 * time.Millisecond)},
			client: inAlbum(),
			call:   doWalk(300),
			want:   outcome{requests: 34, took: 3 * time.Second, atMost: 4 * time.Second},
		},
		{
			name:   "tokens that have expired when they come",
			server: []imagestest.Option{imagestest.WithBatchTokenLifetime(0)},
			call:   then(doGet, doCreate),
			want:   outcome{requests: 6, stored: before + " (new)", atMost: time.Second},
		},
		{
			name:   "the token is refused with 403",
			faults: faults(on(imagestest.OpBatchToken, imagestest.Refusal(403), times(imagestest.Always))),
			call:   then(doGet, doList, doCreate),
			want:   outcome{requests: 4, stored: before + " (new)"},
		},
		{
			name:   "the token comes after a failure",
			faults: faults(on(imagestest.OpBatchToken, imagestest.EdgePage(502), times(2))),
			call:   doGet,
			want:   outcome{requests: 4, atMost: backoffs(2)},
		},
		{
			name:   "the token never comes, and the call is made all the same",
			faults: faults(on(imagestest.OpBatchToken, imagestest.Reset{}, times(imagestest.Always))),
			call:   then(doGet, doCreate),
			want:   outcome{requests: 6, stored: before + " (new)", atMost: backoffs(3)},
		},
		{
			name:   "a reader's delete is forbidden, by both hosts",
			client: []cfimages.Option{},
			call: func(ctx context.Context, b *bench) error {
				b.server.Account(imagestest.AccountID).AddToken("canary-token-of-a-reader", imagestest.Read)
				b.client = b.newClient(cfimages.WithBatchAPI(), cfimages.WithAPIToken("canary-token-of-a-reader"))
				return doDelete(ctx, b)
			},
			want: outcome{is: targets(cfimages.ErrForbidden), status: 403, attempts: 2, requests: 3, atMost: time.Second},
		},
		{
			name:   "a call that the limit would hold back",
			server: []imagestest.Option{imagestest.WithRateLimit(2, time.Hour)},
			call:   then(doGet, doGet, doGet, doList),
			want:   outcome{requests: 5, atMost: time.Second},
		},
	}
	for i := range cases {
		cases[i].client = batch(cases[i].client...)
	}
	for _, c := range createCases() {
		if c.want.status == http.StatusForbidden {
			continue // not the last word: the ordinary host is asked
		}
		c.name = "batch: " + c.name
		c.client = batch(c.client...)
		c.want.requests++
		c.want.atMost = max(c.want.atMost, c.want.took) + time.Second
		cases = append(cases, c)
	}
	return cases
}
