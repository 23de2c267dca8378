package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestListFaults(t *testing.T) {
	for _, order := range []string{"asc", "desc"} {
		srv := newServer(t, imagestest.InMemory())
		srv.AddImages(numbered(25)...)
		srv.Inject(
			imagestest.Fault{Operation: imagestest.OpList, Times: 2, Kind: imagestest.EmptyPage{}},
			imagestest.Fault{Operation: imagestest.OpList, Call: 3, Kind: imagestest.EmptyPage{}},
			imagestest.Fault{Operation: imagestest.OpList, Call: 6, Times: 2, Kind: imagestest.RepeatToken{}},
			imagestest.Fault{Operation: imagestest.OpList, Call: 9, Kind: imagestest.RepeatToken{}},
		)
		var sizes []int
		seen, tokens := map[string]bool{}, map[string]bool{}
		token := ""
		for i := range 10 {
			got := list(t, srv, "per_page=10&sort_order="+order+"&continuation_token="+token)
			sizes = append(sizes, len(got.ids()))
			for _, id := range got.ids() {
				seen[id] = true
			}
			next := ""
			if got.Result.ContinuationToken != nil {
				next = *got.Result.ContinuationToken
			}
			switch i {
			case 0, 1, 2, 3, 4: // the first walk
				assert.False(t, tokens[next], "each token is returned once")
				tokens[next] = true
			case 5:
				assert.Empty(t, next)
			case 7, 9: // the first page with a token, and the second page
				assert.Equal(t, token, next)
			}
			token = next
		}
		assert.Equal(t, []int{0, 0, 10, 0, 10, 5, 10, 10, 10, 10}, sizes)
		assert.Len(t, seen, 25)
		assert.Empty(t, srv.Unused())
	}
}

func TestListFaultsKeepErrorResponses(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EmptyPage{}},
		imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.RepeatToken{}},
	)
	assert.Equal(t, 400, list(t, srv, "per_page=1").Status)
	assert.Equal(t, 400, list(t, srv, "sort_order=up").Status)
}

func TestWhichCallsAreAffected(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "a"})
	list(t, srv, "")
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpList, Call: 1, Times: 2, Kind: imagestest.Refusal(500)},
		imagestest.Fault{Operation: imagestest.OpList, Call: 4, Times: imagestest.Always, Kind: imagestest.Refusal(502)},
		imagestest.Fault{Operation: imagestest.OpGet, Call: 1, Kind: imagestest.Refusal(503)},
	)
	var statuses []int
	unused := []int{3}
	for range 7 {
		statuses = append(statuses, list(t, srv, "").Status)
		unused = append(unused, len(srv.Unused()))
	}
	assert.Equal(t, []int{200, 500, 500, 200, 502, 502, 502}, statuses)
	assert.Equal(t, []int{3, 3, 3, 2, 2, 1, 1, 1}, unused)
	assert.Equal(t, []imagestest.Fault{{Operation: imagestest.OpGet, Call: 1, Times: 1, At: imagestest.BeforeRead, Kind: imagestest.Refusal(503)}}, srv.Unused())

	srv.Inject(imagestest.Fault{Operation: imagestest.OpGet, Times: 1, Kind: imagestest.Refusal(504)})
	assert.Equal(t, 504, api(t, srv, "GET", "/images/v1/a").Status, "counted from Inject")
	assert.Equal(t, 503, api(t, srv, "GET", "/images/v1/a").Status)
	assert.Empty(t, srv.Unused())

	srv.Inject(imagestest.Fault{Operation: imagestest.OpGet, Times: 3, Kind: imagestest.Refusal(500)})
	api(t, srv, "GET", "/images/v1/a")
	require.Len(t, srv.Unused(), 1)
	assert.Equal(t, 2, srv.Unused()[0].Times, "the remaining number")
}

// A loop that ends on the first page has prefetched the second one.
func TestPrefetchedPagesAndRetriesUseFaults(t *testing.T) {
	for _, test := range []struct {
		prefetch bool
		unused   int
	}{{true, 1}, {false, 3}} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, imagestest.InMemory())
			srv.Seed(300, func(int) cfimages.Image { return cfimages.Image{} })
			srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Times: 3, Kind: imagestest.Refusal(503)})
			policy := cfimages.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}
			client := srv.Client(cfimages.WithPrefetch(test.prefetch), cfimages.WithRetryPolicy(policy))
			images := 0
			for _, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{PerPage: 200}) {
				require.NoError(t, err)
				if images++; images == 150 {
					time.Sleep(time.Second) // for the request and its retry
					break
				}
			}
			require.Len(t, srv.Unused(), 1)
			assert.Equal(t, test.unused, srv.Unused()[0].Times)
		})
	}
}

func TestRemoveFaults(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "a"})
	srv.RemoveFaults() // without faults, nothing happens
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpList, Times: imagestest.Always, Kind: imagestest.Refusal(503)},
		imagestest.Fault{Operation: imagestest.OpGet, Times: 3, Kind: imagestest.Refusal(503)},
		imagestest.Fault{Operation: imagestest.OpStats, Call: 1, Kind: imagestest.Refusal(503)},
	)
	stats := func() int { return sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpStats)).status }
	assert.Equal(t, 503, list(t, srv, "").Status)
	assert.Equal(t, 503, api(t, srv, "GET", "/images/v1/a").Status)
	assert.Equal(t, 200, stats())
	require.Len(t, srv.Unused(), 2)

	srv.RemoveFaults()
	assert.Empty(t, srv.Unused())
	assert.Equal(t, 200, list(t, srv, "").Status)
	assert.Equal(t, 200, api(t, srv, "GET", "/images/v1/a").Status)
	assert.Equal(t, 200, stats())

	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Times: imagestest.Always, Kind: imagestest.Refusal(502)})
	assert.Equal(t, 200, list(t, srv, "").Status, "counted from Inject")
	assert.Equal(t, 502, list(t, srv, "").Status)
	srv.RemoveFaults()
	assert.Equal(t, 200, list(t, srv, "").Status)
}

func TestRemoveFaultsKeepsRequestsThatAreHeld(t *testing.T) {
	for _, kind := range []imagestest.Kind{imagestest.Stall{}, imagestest.Blackhole{}, imagestest.Slow{Every: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, imagestest.InMemory())
			srv.Inject(imagestest.Fault{Operation: imagestest.OpStats, Times: imagestest.Always, Kind: kind})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			held, req := make(chan received), requestOf(t, srv, imagestest.OpStats).WithContext(ctx)
			go func() { held <- sendOn(srv.HTTPClient(), req) }()
			synctest.Wait()

			srv.RemoveFaults()
			assert.Equal(t, 200, sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpStats)).status)
			start := time.Now()
			assert.ErrorIs(t, (<-held).err, context.DeadlineExceeded)
			assert.Equal(t, time.Minute, time.Since(start))
		})
	}
}

func TestInvalidFaultsPanic(t *testing.T) {
	get := func(kind imagestest.Kind, at imagestest.Position) imagestest.Fault {
		return imagestest.Fault{Operation: imagestest.OpGet, At: at, Kind: kind}
	}
	for _, tt := range []struct {
		fault imagestest.Fault
		says  string
	}{
		{imagestest.Fault{Kind: imagestest.Reset{}}, `unknown Operation: ""`},
		{imagestest.Fault{Operation: "Get", Kind: imagestest.Reset{}}, `unknown Operation: "Get"`},
		{imagestest.Fault{Operation: imagestest.OpGet}, "Kind is required"},
		{imagestest.Fault{Operation: imagestest.OpGet, Call: -1, Kind: imagestest.Reset{}}, "must not be negative"},
		{imagestest.Fault{Operation: imagestest.OpGet, Times: -1, Kind: imagestest.Reset{}}, "must not be negative"},
		{get(imagestest.Reset{}, -1), "At must be BeforeRead or later"},
		{get(imagestest.Refusal(500), imagestest.MidBody(0)), "At must be from BeforeRead to AfterCommit for this kind"},
		{get(imagestest.WrongLength{By: 1}, imagestest.MidBody(7)), "At must be AfterCommit for this kind"},
		{get(imagestest.WrongLength{}, 0), "By must not be 0"},
		{get(imagestest.Slow{Every: time.Second}, imagestest.AfterRead), "At must be AfterCommit or later"},
		{get(imagestest.Slow{}, 0), "Every must be positive"},
		{get(imagestest.Bomb{Size: 10}, 0), "Size must be at least"},
		{get(imagestest.Bomb{Size: 100, Status: 204}, 0), "a response of status 204 has no body"},
		{get(imagestest.Reply{Status: 100}, 0), "Status must be 200 to 999"},
		{get(imagestest.EmptyPage{}, 0), "Operation must be OpList"},
		{get(imagestest.RepeatToken{}, 0), "Operation must be OpList"},
		{get(imagestest.GoAway{Unprocessed: true}, imagestest.AfterCommit), "At must be from BeforeRead to AfterRead for this kind"},
		{get(imagestest.ResetStream{Code: 7}, imagestest.MidBody(3)), "At must be from BeforeRead to AfterRead for this kind"},
		{get(imagestest.GoAway{}, 0), "this kind requires a server with WithHTTP2"},
		{get(imagestest.ResetStream{Code: 8}, 0), "this kind requires a server with WithHTTP2"},
		{imagestest.Fault{Operation: imagestest.OpList, Call: 8, Times: 3, Kind: imagestest.Reset{}}, "another fault already applies to the same request: ImagesV2.List: call 9, times 1, MidBody(4), imagestest.Stall{}"},
	} {
		srv := newServer(t, imagestest.InMemory())
		srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 9, At: imagestest.MidBody(4), Kind: imagestest.Stall{}})
		message := panicOf(func() {
			srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, Kind: imagestest.Reset{}}, tt.fault)
		})
		assert.ErrorContains(t, message, "imagestest: Inject(")
		assert.ErrorContains(t, message, tt.says)
		assert.Len(t, srv.Unused(), 1, "all or nothing")
	}
	assert.ErrorContains(t, panicOf(func() { imagestest.MidBody(-1) }), "imagestest: MidBody(-1): must not be negative")
}

func panicOf(f func()) (err error) {
	defer func() { err = errors.New(fmt.Sprint(recover())) }()
	f()
	return nil
}
