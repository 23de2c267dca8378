package conformance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// logged returns the log records of a call, without their time.
func logged(t *testing.T, server *canned.Transport, call func(*cfimages.Client)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	handler := slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
	call(newClient(t, server, cfimages.WithLogger(slog.New(handler)),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3, MaxWait: time.Minute})))
	var records []map[string]any
	for line := range strings.Lines(out.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		delete(record, slog.TimeKey)
		records = append(records, record)
	}
	return records
}

func TestEachAttemptIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := new(canned.Transport).
			Then(http.StatusTooManyRequests, "", "Retry-After", "2").
			ThenDo(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }).
			Then(http.StatusOK, canned.Image, "Cf-Ray", "8a-LHR")
		records := logged(t, server, func(client *cfimages.Client) {
			_, err := client.ImagesV1.Get(t.Context(), "private/name")
			require.NoError(t, err)
		})
		record := func(status, attempt, bytes int, ray string, wait time.Duration, why string) map[string]any {
			r := map[string]any{
				"level": "DEBUG", "msg": "cfimages request", "op": "ImagesV1.Get", "method": "GET", "path": "images/v1/{id}",
				"status": float64(status), "attempt": float64(attempt), "duration": 0.0, "ray_id": ray,
				"bytes": float64(bytes), "wait": float64(wait), "batch": false,
			}
			if why != "" {
				r["error"] = why
			}
			return r
		}
		assert.Equal(t, []map[string]any{
			record(429, 1, 0, "", 0, "cfimages: ImagesV1.Get: status 429 Too Many Requests; retry after 2s"),
			record(0, 2, 0, "", 2*time.Second, "unexpected EOF"),
			record(200, 3, len(canned.Image), "8a-LHR", 0, ""),
		}, records)
	})
}

func TestRecordHasTheErrorOfABrokenResponse(t *testing.T) {
	server := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(iotest.ErrReader(errors.New("broken line")))}, nil
	})
	records := logged(t, server, func(client *cfimages.Client) {
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		require.Error(t, err)
	})
	require.Len(t, records, 3) // a read is retried
	for _, record := range records {
		assert.EqualValues(t, 200, record["status"])
		assert.Contains(t, record["error"], "broken line")
	}
}

func TestRecordNamesTheBatchHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		hosts := &twoHosts{life: time.Hour, way: tokensTake(time.Second)}
		client := hosts.client(t, logTo(&out, slog.LevelDebug))
		get(t, client)
		assert.Contains(t, out.String(), "op=ImagesV1.BatchToken")
		assert.Contains(t, out.String(), "wait=1s batch=true")

		out.Reset()
		hosts.way = tokensTake(time.Hour)
		time.Sleep(2 * time.Hour)
		get(t, client)
		assert.Contains(t, out.String(), "wait=15s batch=false")
	})
}
