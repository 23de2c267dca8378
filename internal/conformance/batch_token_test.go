package conformance_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestBatchTokenIsRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: 30 * time.Minute}
		hosts.onBatch = func(_ int, token string) *http.Response {
			assert.True(t, time.Now().Before(hosts.expires[token]), "an expired token")
			return canned.Response(http.StatusOK, canned.Image)
		}
		client := hosts.client(t)
		for range 240 {
			get(t, client)
			time.Sleep(30 * time.Second)
		}
		assert.Equal(t, 5, hosts.fetched, "120 minutes by tokens used for 29")
		assert.Empty(t, hosts.standard)
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
		assert.Empty(t, hosts.standard)
	})
}

// A token that is still valid is used while no other can be fetched.
func TestBatchTokenOutlastsAFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		get(t, client)
		hosts.fetch = func(int, *http.Request) *http.Response { return canned.Response(503, "") }
		time.Sleep(59*time.Minute + time.Second)
		get(t, client)
		assert.Equal(t, 2, hosts.fetched)
		assert.Empty(t, hosts.standard)
		time.Sleep(time.Minute)
		get(t, client)
		assert.Equal(t, 3, hosts.fetched)
		assert.Len(t, hosts.standard, 1)
	})
}

// With a clock that is fast, every token seems to have expired.
func TestBatchTokenWithAFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: -time.Hour}
		hosts.onBatch = func(int, string) *http.Response { return canned.Response(200, canned.Image) }
		client := hosts.client(t)
		start := time.Now()
		for range 1000 {
			get(t, client)
		}
		assert.LessOrEqual(t, hosts.fetched, int(time.Since(start).Seconds())+1)
		assert.Len(t, hosts.batch, 1000)
	})
}

// tokensTake delays the response with a token.
func tokensTake(d time.Duration) func(*http.Request) error {
	return func(r *http.Request) error {
		if !strings.HasSuffix(r.URL.Path, "/batch_token") {
			return nil
		}
		select {
		case <-time.After(d):
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

func TestBatchTokenFetchContinuesAfterCanceledCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour, way: tokensTake(10 * time.Second)}
		client := hosts.client(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 { // one fetches the token, the other waits for it
			wg.Go(func() {
				_, err := client.ImagesV1.Get(ctx, "img")
				assert.ErrorIs(t, err, context.Canceled)
			})
			synctest.Wait()
		}
		for range 10 {
			wg.Go(func() { get(t, client) })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		assert.Equal(t, 1, hosts.fetched)
		assert.Len(t, hosts.batch, 10)
		assert.Empty(t, hosts.standard)
	})
}

func TestBatchTokenIsNotWaitedForLong(t *testing.T) {
	tests := map[string]struct {
		deadline time.Duration // of a call; 0: none
		longest  time.Duration // that a call may take
	}{
		"calls without a deadline": {0, 15 * time.Second},
		"calls with a deadline":    {5 * time.Second, 2500 * time.Millisecond},
		"calls in a hurry":         {time.Second, 500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hosts := &twoHosts{life: time.Hour, way: tokensTake(time.Hour)}
				client := hosts.client(t)
				for range 100 {
					ctx, stop := t.Context(), context.CancelFunc(func() {})
					if tt.deadline > 0 {
						ctx, stop = context.WithTimeout(ctx, tt.deadline)
					}
					start := time.Now()
					_, err := client.ImagesV1.Get(ctx, "img")
					stop()
					require.NoError(t, err)
					assert.LessOrEqual(t, time.Since(start), tt.longest)
				}
				assert.Len(t, hosts.standard, 100)
			})
		})
	}
}

func TestBatchTokenIsUsedWhileItsRenewalHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		get(t, client)
		hosts.way = tokensTake(time.Hour)
		time.Sleep(59*time.Minute + time.Second)
		for range 10 {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			_, err := client.ImagesV1.Get(ctx, "img")
			require.NoError(t, err)
			stop()
		}
		assert.Empty(t, hosts.standard)
	})
}

// Calls wait in the queue for longer than a token is valid.
func TestBatchTokenDoesNotExpireInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hosts := &twoHosts{life: 2 * time.Second, way: tokensTake(300 * time.Millisecond)}
		client := hosts.client(t, logTo(&log, slog.LevelInfo))
		var wg sync.WaitGroup
		for range 2000 {
			wg.Go(func() { get(t, client) })
		}
		wg.Wait()
		assert.Len(t, hosts.batch, 2000, "none is sent twice")
		assert.Empty(t, hosts.standard)
		assert.Empty(t, log.String())
	})
}

// The Date header shows how long a token is valid by the server's clock.
func TestBatchTokenExpiresByTheServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		hosts.fetch = func(int, *http.Request) *http.Response {
			behind := time.Now().Add(-24 * time.Hour)
			resp := canned.Response(http.StatusOK, fmt.Sprintf(`{"success":true,"result":{"token":"t","expiresAt":%q}}`, behind.Add(time.Hour).Format(time.RFC3339)))
			resp.Header.Set("Date", behind.UTC().Format(http.TimeFormat))
			return resp
		}
		hosts.onBatch = func(int, string) *http.Response { return canned.Response(http.StatusOK, canned.Image) }
		client := hosts.client(t)
		for range 100 {
			get(t, client)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 2, hosts.fetched)
	})
}
