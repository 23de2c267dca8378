package conformance_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// outage is a server that fails all reads of an image, and n calls to it.
type outage struct {
	kind       imagestest.Kind
	calls      int
	concurrent bool
	atMost     int // requests
}

// TestOutagesCauseNoRetryStorm shows how many requests a client sends to a
// server that fails.
func TestOutagesCauseNoRetryStorm(t *testing.T) {
	for name, o := range map[string]outage{
		"no response":                     {imagestest.Stall{}, 1000, true, 3*1000 + 30},
		"statuses, all at once":           {imagestest.Refusal(503), 300, true, 300 + 10},
		"statuses, one after the other":   {imagestest.Refusal(503), 300, false, 300 + 10},
		"cut bodies, one after the other": {imagestest.WrongLength{By: 5}, 300, false, 300 + 20},
	} {
		for protocol, opts := range map[string][]imagestest.Option{
			"HTTP/1.1": nil,
			"HTTP/2":   {imagestest.WithHTTP2(), imagestest.WithMaxConcurrentStreams(2000)},
		} {
			t.Run(name+" over "+protocol, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					requests := o.requests(t, opts...)
					assert.GreaterOrEqual(t, requests, o.calls)
					assert.LessOrEqual(t, requests, o.atMost)
				})
			})
		}
	}
}

// requests returns how many requests the calls made.
func (o outage) requests(t *testing.T, opts ...imagestest.Option) int {
	t.Helper()
	server := imagestest.NewServer(append(opts, imagestest.InMemory(), imagestest.WithRateLimit(100000, time.Minute))...)
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "image"})
	server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: o.kind, Times: imagestest.Always})
	var requests atomic.Int64
	working := server.HTTPClient().Transport
	client := server.Client(cfimages.WithHTTPClient(&http.Client{
		Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			requests.Add(1)
			return working.RoundTrip(req)
		}),
	}))
	var wg sync.WaitGroup
	for range o.calls {
		wg.Go(func() {
			_, err := client.ImagesV1.Get(t.Context(), "image")
			assert.Error(t, err)
		})
		if !o.concurrent {
			wg.Wait()
		}
	}
	wg.Wait()
	return int(requests.Load())
}

// TestFailuresOnALivingConnectionSpendTheBudget shows that calls which fail one after
// the other are not one loss, although the connection that they share stays.
func TestFailuresOnALivingConnectionSpendTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
		defer server.Close()
		server.AddImages(cfimages.Image{ID: "image"})
		server.Inject(
			imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.WrongLength{By: 5}, Times: imagestest.Always},
			imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Slow{Every: 500 * time.Millisecond}},
		)
		client := server.Client()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = client.ImagesV2.List(ctx, cfimages.ListParams{}) })
		time.Sleep(time.Second)
		for range 300 {
			_, err := client.ImagesV1.Get(t.Context(), "image")
			require.Error(t, err)
		}
		cancel()
		wg.Wait()
		assert.LessOrEqual(t, server.Count(imagestest.OpGet), 300+20)
	})
}

// TestShortDeadlinesFindADeadConnection shows that a dead connection is closed although
// every call has less time than the request timeout.
func TestShortDeadlinesFindADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
		defer server.Close()
		server.AddImages(cfimages.Image{ID: "image"})
		client := server.Client()
		server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Blackhole{}})
		failed := 0
		for range 60 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if _, err := client.ImagesV1.Get(ctx, "image"); err != nil {
				failed++
			}
			cancel()
		}
		assert.Positive(t, failed)
		assert.LessOrEqual(t, failed, 3)
	})
}

// TestLoopsThatEndEarlyRefillTheRetryBudget shows that a search which ends with its first hit
// is a success: otherwise, calls whose loops end early would use up the retry budget.
func TestLoopsThatEndEarlyRefillTheRetryBudget(t *testing.T) {
	for name, tt := range map[string]struct {
		op   imagestest.Operation
		call func(context.Context, *cfimages.Client) error
	}{
		"All": {imagestest.OpList, func(ctx context.Context, client *cfimages.Client) error {
			for _, err := range client.ImagesV2.All(ctx, cfimages.ListParams{}) {
				return err
			}
			return nil
		}},
		"Blob": {imagestest.OpBlob, func(ctx context.Context, client *cfimages.Client) error {
			blob, err := client.ImagesV1.Blob(ctx, "image-0")
			if err != nil {
				return err
			}
			return blob.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := imagestest.NewServer(imagestest.InMemory())
				defer server.Close()
				server.AddImages(cfimages.Image{ID: "image-0"}, cfimages.Image{ID: "image-1"})
				client := server.Client()
				for range 50 {
					server.Inject(imagestest.Fault{Operation: tt.op, Kind: imagestest.Refusal(503)})
					require.NoError(t, tt.call(t.Context(), client))
				}
			})
		})
	}
}
