package conformance_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestBatchTokenIsRejected(t *testing.T) {
	tests := map[string]struct {
		onBatch  func(n int, token string) *http.Response
		batch    int
		standard int
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
			batch:   2, standard: 2, fetched: 2, records: 1,
		},
		"always with 403": {
			onBatch: func(int, string) *http.Response { return canned.Response(403, "<html>") },
			batch:   1, standard: 2, fetched: 1, records: 1,
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
				if tt.standard > 0 {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, cfimages.ErrMalformedResponse) // canned.Image is no response to a create
				}
				assert.Len(t, hosts.batch, tt.batch)
				assert.Len(t, hosts.standard, tt.standard)
				assert.Equal(t, tt.fetched, hosts.fetched)
				assert.Equal(t, tt.records, strings.Count(log.String(), "level=WARN"), log.String())
			})
		})
	}
}

func TestFallbackToTheStandardHost(t *testing.T) {
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
				assert.Len(t, hosts.standard, 101)
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

func TestBatchHostIsUnreachable(t *testing.T) {
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
		assert.Len(t, hosts.standard, 10)
		assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())

		hosts.way = nil
		time.Sleep(30 * time.Second)
		get(t, client)
		assert.Len(t, hosts.batch, 1)
	})
}
