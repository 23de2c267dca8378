package cfimages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestBatchHostTakesItsCalls(t *testing.T) {
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
		assert.Equal(t, []string{"GET /client/v4/accounts/acc/images/v1/img/blob"}, hosts.ordinary)
		assert.Equal(t, 1, hosts.fetched)
	})
}

func TestBatchTokenThatIsRefused(t *testing.T) {
	tests := map[string]struct {
		onBatch  func(n int, token string) *http.Response
		batch    int
		ordinary int
		fetched  int
		records  int
	}{
		"once": {
			onBatch: func(n int, _ string) *http.Response {
				if n == 1 {
					return canned.Response(401, refusal)
				}
				return canned.Response(200, canned.Image)
			},
			batch: 3, fetched: 2,
		},
		"always with 401": {
			onBatch: func(int, string) *http.Response { return canned.Response(401, refusal) },
			batch:   2, ordinary: 2, fetched: 2, records: 1,
		},
		"always with 403": {
			onBatch: func(int, string) *http.Response { return canned.Response(403, "<html>") },
			batch:   1, ordinary: 2, fetched: 1, records: 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				hosts := &twoHosts{life: time.Hour, onBatch: tt.onBatch}
				client := hosts.client(t, logTo(&log, slog.LevelInfo))
				get(t, client)
				_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{ID: "x"})
				if tt.ordinary > 0 {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, cfimages.ErrMalformedResponse) // canned.Image is no reply to a create
				}
				assert.Len(t, hosts.batch, tt.batch)
				assert.Len(t, hosts.ordinary, tt.ordinary)
				assert.Equal(t, tt.fetched, hosts.fetched)
				assert.Equal(t, tt.records, strings.Count(log.String(), "level=WARN"), log.String())
			})
		})
	}
}

func TestOrdinaryHostStandsIn(t *testing.T) {
	tests := map[string]struct {
		fetch func(n int, r *http.Request) *http.Response
		pause time.Duration
	}{
		"403":       {func(int, *http.Request) *http.Response { return canned.Response(403, refusal) }, 10 * time.Minute},
		"404":       {func(int, *http.Request) *http.Response { return canned.Response(404, "no such route") }, 10 * time.Minute},
		"503":       {func(int, *http.Request) *http.Response { return canned.Response(503, "") }, 30 * time.Second},
		"malformed": {func(int, *http.Request) *http.Response { return canned.Response(200, `{"success":true,"result":{}}`) }, 30 * time.Second},
		"not for a header": {func(int, *http.Request) *http.Response {
			return canned.Response(200, "{\"success\":true,\"result\":{\"token\":\"canary token\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}}")
		}, 30 * time.Second},
		"without an expiry": {func(int, *http.Request) *http.Response {
			return canned.Response(200, `{"success":true,"result":{"token":"canary"}}`)
		}, 30 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				hosts := &twoHosts{life: time.Hour, fetch: tt.fetch}
				client := hosts.client(t, logTo(&log, slog.LevelInfo))
				for range 100 {
					get(t, client)
				}
				assert.Equal(t, 1, hosts.fetched)
				time.Sleep(tt.pause)
				get(t, client)
				assert.Equal(t, 2, hosts.fetched)
				assert.Len(t, hosts.ordinary, 101)
				assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
				assert.NotContains(t, log.String(), "canary")

				hosts.fetch = nil
				time.Sleep(tt.pause)
				get(t, client)
				assert.Len(t, hosts.batch, 1)
			})
		})
	}
}

// A token that is still good is used while another cannot be had.
// A clock that is ahead makes every token look expired.
// slowTokens takes ten seconds for a token.
func TestBatchErrorsHideTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hosts := &twoHosts{life: time.Hour}
		hosts.onBatch = func(_ int, token string) *http.Response {
			return canned.Response(500, fmt.Sprintf(`{"success":false,"errors":[{"code":1,"message":"token %s is odd"}],"result":null}`, token))
		}
		client := hosts.client(t, logTo(&log, slog.LevelDebug))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%+v %#v", client, client), log.String()} {
			assert.NotContains(t, text, "canary-batch")
		}
		assert.ErrorContains(t, err, "token [redacted] is odd")
	})
}

// An excerpt of a reply may end within a token.
func TestBatchErrorsHideALongToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("canary", 250)
		hosts := &twoHosts{}
		hosts.fetch = func(int, *http.Request) *http.Response {
			return canned.Response(http.StatusOK, fmt.Sprintf(`{"success":true,"result":{"token":%q,"expiresAt":"2099-01-01T00:00:00Z"}}`, long))
		}
		hosts.onBatch = func(_ int, token string) *http.Response {
			return canned.Response(http.StatusBadRequest, "what is "+token)
		}
		_, err := hosts.client(t).ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	})
}

func TestBatchHostThatCanNotBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hosts := &twoHosts{life: time.Hour}
		hosts.way = func(r *http.Request) error {
			if r.URL.Host == "batch.example" {
				return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return nil
		}
		client := hosts.client(t, logTo(&log, slog.LevelInfo))
		for range 10 {
			get(t, client)
		}
		assert.Len(t, hosts.ordinary, 10)
		assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())

		hosts.way = nil
		time.Sleep(30 * time.Second)
		get(t, client)
		assert.Len(t, hosts.batch, 1)
	})
}

func TestBatchQuotaIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		hosts.fetch = func(int, *http.Request) *http.Response {
			resp := hosts.newToken()
			resp.Header.Set("Ratelimit", `"default";r=0;t=300`)
			return resp
		}
		client := hosts.client(t)
		get(t, client) // the quota that is spent is that of the ordinary host
		assert.Zero(t, client.RateLimit().Remaining)
		assert.False(t, client.RateLimit().Reset.IsZero())
		get(t, client)
		_, err := client.ImagesV1.Blob(t.Context(), "img")
		assert.ErrorIs(t, err, cfimages.ErrRateLimited)
	})
}

func TestBatchBaseURLIsChecked(t *testing.T) {
	tests := map[string]struct {
		opts  []cfimages.Option
		param string
	}{
		"invalid": {[]cfimages.Option{cfimages.WithBatchBaseURL("http://batch.example?x")}, "WithBatchBaseURL"},
		"not that of the base URL": {
			[]cfimages.Option{cfimages.WithBaseURL("https://api.example"), cfimages.WithBatchAPI()}, "WithBatchAPI",
		},
		"given for another base URL": {
			[]cfimages.Option{cfimages.WithBaseURL("https://api.example"), cfimages.WithBatchAPI(), cfimages.WithBatchBaseURL("https://batch.example/")}, "",
		},
		"Cloudflare's": {[]cfimages.Option{cfimages.WithBatchAPI()}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := cfimages.NewClient(append(tt.opts, cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"))...)
			if tt.param == "" {
				require.NoError(t, err)
				return
			}
			refused, ok := errors.AsType[*cfimages.ParamError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.param, refused.Param)
		})
	}
}

func TestBatchServesInOrder(t *testing.T) {
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
