package imagestest_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestBatchRate(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.InMemory(), imagestest.WithClock(clock))
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	fresh := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	allowed := func(n int) {
		t.Helper()
		for range n {
			require.Equal(t, 404, batch(t, srv, token, "GET", "/images/v1/x").Status)
		}
		rejected := batch(t, srv, token, "GET", "/images/v1/x")
		require.Equal(t, 429, rejected.Status)
		require.Equal(t, "1", rejected.Header.Get("Retry-After"))
		require.Equal(t, "Rate limit exceeded", rejected.message())
	}
	for range 50 {
		require.Equal(t, 404, batch(t, srv, token, "GET", "/images/v1/x").Status)
	}
	clock.Advance(400 * time.Millisecond)
	allowed(150)
	assert.Equal(t, 404, batch(t, srv, fresh, "GET", "/images/v1/x").Status, "another token has a rate of its own")
	clock.Advance(600*time.Millisecond - time.Nanosecond)
	allowed(0)
	clock.Advance(time.Nanosecond)
	allowed(50) // the first 50 are a second old, rejected ones do not count
	clock.Advance(400 * time.Millisecond)
	allowed(150)
	clock.Advance(time.Minute)
	allowed(200)
	clock.Advance(-time.Minute)
	allowed(200) // requests in the future do not count
}

func TestBatchRateAppliesToEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory())
		defer srv.Close()
		token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
		var admitted atomic.Int64
		var clients sync.WaitGroup
		for i := range 10 {
			clients.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Millisecond)
				for range 60 { // every 30 ms, together about 330 a second
					if batch(t, srv, token, "GET", "/images/v1/x").Status != 429 {
						admitted.Add(1)
					}
					time.Sleep(30 * time.Millisecond)
				}
			})
		}
		clients.Wait()
		var times []time.Time
		for _, r := range srv.Requests() {
			if r.Batch && r.Status != 429 {
				times = append(times, r.Time)
			}
		}
		require.Len(t, times, int(admitted.Load()))
		assert.Len(t, times, 400, "the 1.8 seconds are parts of two")
		for i := range len(times) - 200 {
			assert.GreaterOrEqual(t, times[i+200].Sub(times[i]), time.Second, i)
		}
	})
}
