package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecureServerSpeaksAsProduction(t *testing.T) {
	s := newTestServer(t)
	for path, want := range map[string][]byte{
		"/images/v2":            newPage().whole(),
		"/images/v1/" + imageID: imageResponse(),
	} {
		resp, err := s.secureClient().Get(s.secure + "/accounts/" + account + path)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, "HTTP/2.0", resp.Proto)
		assert.Equal(t, uint16(tls.VersionTLS13), resp.TLS.Version)
		assert.True(t, resp.Uncompressed)
		assert.Equal(t, want, body)
	}
}

func TestSecureServerRefusesWhatWouldMeasureSomethingElse(t *testing.T) {
	s := newTestServer(t)
	for status, change := range map[int]func(*http.Transport){
		http.StatusHTTPVersionNotSupported: func(transport *http.Transport) { transport.ForceAttemptHTTP2 = false },
		http.StatusNotAcceptable:           func(transport *http.Transport) { transport.DisableCompression = true },
	} {
		client := s.secureClient()
		change(client.Transport.(*http.Transport))
		resp, err := client.Get(s.secure + "/accounts/" + account + "/images/v2")
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode)
	}
}

// TestPackedPageIsAsLargeAsItsIDs looks for a page that compresses better than random IDs can.
func TestPackedPageIsAsLargeAsItsIDs(t *testing.T) {
	packed, err := pack(newPage().whole())
	require.NoError(t, err)
	assert.Greater(t, len(packed), 2*16*imagesPerPage, "two UUIDs for each image")
	assert.Less(t, len(packed), 100_000)
}

func TestConcurrentlyCallsAsOftenAsTold(t *testing.T) {
	var calls atomic.Int64
	c := contestant{name: "counter", do: func(*probe) error {
		calls.Add(1)
		return nil
	}}
	require.NoError(t, c.concurrently(1001).do(new(probe)))
	assert.EqualValues(t, 1001, calls.Load())
}

func TestConcurrentlyReturnsAnError(t *testing.T) {
	failure := errors.New("the server is gone")
	var calls atomic.Int64
	c := contestant{name: "failing", do: func(*probe) error {
		if calls.Add(1) == 10 {
			return failure
		}
		return nil
	}}
	assert.ErrorIs(t, c.concurrently(1000).do(new(probe)), failure)
}

func TestPer(t *testing.T) {
	all := sample{time: 10 * time.Second, cpu: 5 * time.Second, bytes: 1000, objects: 50}
	assert.Equal(t, sample{time: time.Second, cpu: 500 * time.Millisecond, bytes: 100, objects: 5}, all.per(10))
}

func newTestServer(t *testing.T) *server {
	s, err := startServer()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.close()) })
	return s
}
