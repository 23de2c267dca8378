package cfimages_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
)

func TestBatchTokenIsRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: 30 * time.Minute}
		hosts.onBatch = func(_ int, token string) *http.Response {
			assert.True(t, time.Now().Before(hosts.expires[token]), "an expired token")
			return respond(http.StatusOK, imageReply)
		}
		client := hosts.client(t)
		for range 240 {
			get(t, client)
			time.Sleep(30 * time.Second)
		}
		assert.Equal(t, 5, hosts.fetched, "120 minutes by tokens used for 29")
		assert.Empty(t, hosts.ordinary)
	})
}

func TestBatchTokenIsFetchedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		for range 2 { // at first, and when the token has expired
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() { get(t, client) })
			}
			wg.Wait()
			time.Sleep(2 * time.Hour)
		}
		assert.Equal(t, 2, hosts.fetched)
		assert.Len(t, hosts.batch, 2000)
		assert.Empty(t, hosts.ordinary)
	})
}

func TestBatchTokenOutlastsAFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		get(t, client)
		hosts.fetch = func(int, *http.Request) *http.Response { return respond(503, "") }
		time.Sleep(59*time.Minute + time.Second)
		get(t, client)
		assert.Equal(t, 2, hosts.fetched)
		assert.Empty(t, hosts.ordinary)
		time.Sleep(time.Minute)
		get(t, client)
		assert.Equal(t, 3, hosts.fetched)
		assert.Len(t, hosts.ordinary, 1)
	})
}

func TestBatchTokenOfAnotherClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: -time.Hour}
		hosts.onBatch = func(int, string) *http.Response { return respond(200, imageReply) }
		client := hosts.client(t)
		start := time.Now()
		for range 1000 {
			get(t, client)
		}
		assert.LessOrEqual(t, hosts.fetched, int(time.Since(start).Seconds())+1)
		assert.Len(t, hosts.batch, 1000)
	})
}

func TestBatchTokenAndCanceledCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &slowTokens{twoHosts: twoHosts{life: time.Hour}}
		client := hosts.client(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := client.ImagesV1.Get(ctx, "img")
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait() // it fetches the token, and these wait for it
		for range 10 {
			wg.Go(func() { get(t, client) })
		}
		impatient, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		wg.Go(func() {
			_, err := client.ImagesV1.Get(impatient, "img")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		assert.Equal(t, 1, hosts.fetched)
		assert.Len(t, hosts.batch, 10)
		assert.Empty(t, hosts.ordinary)
	})
}

type slowTokens struct{ twoHosts }

func (h *slowTokens) client(t *testing.T) *cfimages.Client {
	return h.twoHosts.client(t, cfimages.WithHTTPClient(&http.Client{Transport: h}))
}

func (h *slowTokens) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/batch_token") {
		select {
		case <-time.After(10 * time.Second):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return h.twoHosts.RoundTrip(req)
}
