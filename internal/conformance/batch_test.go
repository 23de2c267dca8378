package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// batchCases are calls of clients that use the batch host. The first request of each is
// for a token.
func batchCases() []testCase {
	batch := func(opts ...cfimages.Option) []cfimages.Option { return append(opts, cfimages.WithBatchAPI()) }
	cases := []testCase{
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
			name:   "tokens that have expired on receipt",
			server: []imagestest.Option{imagestest.WithBatchTokenLifetime(0)},
			call:   then(doGet, doCreate),
			want:   outcome{requests: 6, stored: before + " (new)", atMost: time.Second},
		},
		{
			name:   "the batch token is rejected with 403",
			faults: faults(on(imagestest.OpBatchToken, imagestest.Refusal(403), times(imagestest.Always))),
			call:   then(doGet, doList, doCreate),
			want:   outcome{requests: 4, stored: before + " (new)"},
		},
		{
			name:   "the batch token is fetched after a failure",
			faults: faults(on(imagestest.OpBatchToken, imagestest.EdgePage(502), times(2))),
			call:   doGet,
			want:   outcome{requests: 4, atMost: backoffs(2)},
		},
		{
			name:   "no batch token can be fetched, and the calls fall back",
			faults: faults(on(imagestest.OpBatchToken, imagestest.Reset{}, times(imagestest.Always))),
			call:   then(doGet, doCreate),
			want:   outcome{requests: 6, stored: before + " (new)", atMost: backoffs(3)},
		},
		{
			name:   "a reader's delete is forbidden, by both hosts",
			client: []cfimages.Option{},
			call: func(ctx context.Context, f *fixture) error {
				f.server.Account(imagestest.AccountID).AddToken("canary-token-of-a-reader", imagestest.Read)
				f.client = f.newClient(cfimages.WithBatchAPI(), cfimages.WithAPIToken("canary-token-of-a-reader"))
				return doDelete(ctx, f)
			},
			want: outcome{is: targets(cfimages.ErrForbidden), status: 403, attempts: 2, requests: 3, atMost: time.Second},
		},
		{
			name:   "a call that the standard limit would delay",
			server: []imagestest.Option{imagestest.WithRateLimit(2, time.Hour)},
			call:   then(doGet, doGet, doGet, doList),
			want:   outcome{requests: 5, atMost: time.Second},
		},
	}
	for i := range cases {
		cases[i].client = batch(cases[i].client...)
	}
	var writes []testCase
	for _, o := range operations {
		if o.batched && o.retry == unprocessed {
			writes = append(writes, o.writeCases()...)
		}
		cases = append(cases, o.batchHost())
	}
	for _, c := range writes {
		if c.want.status == http.StatusForbidden {
			continue // the call falls back to the standard host
		}
		c.name = "batch: " + c.name
		c.client = batch(c.client...)
		c.want.requests++
		c.want.atMost = max(c.want.atMost, c.want.took) + time.Second
		cases = append(cases, c)
	}
	return cases
}

// batchHost is a call of a client that uses the batch host: one to it, after one for
// its token, or only one to the standard host.
func (o operation) batchHost() testCase {
	want := outcome{requests: 1, stored: o.after}
	if o.batched {
		want.requests, want.atMost = 2, time.Second
	}
	return testCase{
		name:   title("the host of", o),
		client: []cfimages.Option{cfimages.WithBatchAPI()},
		call: func(ctx context.Context, f *fixture) error {
			if err := o.call(ctx, f); err != nil {
				return err
			}
			requests := f.server.Requests()
			if last := requests[len(requests)-1]; last.Batch != o.batched || last.Operation != o.op {
				return fmt.Errorf("not the host: %+v", last)
			}
			return nil
		},
		want: want,
	}
}

func TestBatchHostIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		ctx := t.Context()
		_, err := client.ImagesV2.List(ctx, cfimages.ListParams{})
		require.NoError(t, err)
		_, err = client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
		require.NoError(t, err)
		_, err = client.DirectUploads.Wait(ctx, "a/b")
		require.NoError(t, err)
		require.NoError(t, client.ImagesV1.Delete(ctx, "img"))
		_, err = client.ImagesV1.Blob(ctx, "img")
		require.NoError(t, err)

		assert.Equal(t, []string{"GET /images/v2", "POST /images/v2/direct_upload", "GET /images/v1/a/b", "DELETE /images/v1/img"}, hosts.batch)
		assert.Equal(t, []string{"GET /client/v4/accounts/acc/images/v1/img/blob"}, hosts.standard)
		assert.Equal(t, 1, hosts.fetched)
	})
}

func TestBatchHostHasItsOwnQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		hosts.fetch = func(int, *http.Request) *http.Response {
			resp := hosts.newToken()
			resp.Header.Set("Ratelimit", `"default";r=0;t=300`)
			return resp
		}
		client := hosts.client(t)
		get(t, client) // the quota that is spent is that of the standard host
		assert.Zero(t, client.RateLimit().Remaining)
		assert.False(t, client.RateLimit().Reset.IsZero())
		get(t, client)
		_, err := client.ImagesV1.Blob(t.Context(), "img")
		assert.ErrorIs(t, err, cfimages.ErrRateLimited)
	})
}

func TestBatchCallsAreSentInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		var want []string
		var wg sync.WaitGroup
		for i := range 200 {
			id := fmt.Sprint("img-", i)
			want = append(want, "GET /images/v1/"+id)
			wg.Go(func() {
				_, err := client.ImagesV1.Get(t.Context(), id)
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		assert.Equal(t, want, hosts.batch)
	})
}

func TestBatchCanceledWaitersCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := client.ImagesV1.Get(ctx, "img"); err != nil {
					assert.ErrorIs(t, err, context.Canceled)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		start := time.Now()
		cancel()
		wg.Wait()
		assert.Zero(t, time.Since(start), "canceled waiters end at once")
		get(t, client)
		assert.Less(t, time.Since(start), 20*time.Millisecond)
		assert.Less(t, len(hosts.batch), 30)
	})
}
