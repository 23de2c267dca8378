package memnet_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/memnet"
)

func TestDialWaitsForAFullBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		for range 128 {
			_, err := l.Dial(t.Context())
			require.NoError(t, err)
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := l.Dial(ctx)
		assertIs(t, context.DeadlineExceeded, err)
		assert.Equal(t, time.Hour, time.Since(start))
		_, err = l.Dial(ctx)
		assertIs(t, context.DeadlineExceeded, err)

		time.AfterFunc(time.Hour, func() { _, _ = l.Accept() })
		_, err = l.Dial(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, 2*time.Hour, time.Since(start))
	})
}

func TestCloseEndsDialsAcceptsAndTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		accepted, _ := dialAccepted(t, l)
		waiting, err := l.Dial(t.Context())
		require.NoError(t, err)

		require.NoError(t, l.Close())
		_, err = waiting.Read(make([]byte, 1))
		assertIs(t, syscall.ECONNRESET, err)
		_, err = l.Dial(t.Context())
		assertIs(t, syscall.ECONNREFUSED, err)
		var opErr *net.OpError
		require.ErrorAs(t, err, &opErr)
		assert.Equal(t, "dial", opErr.Op)
		_, err = l.Accept()
		assertIs(t, net.ErrClosed, err)
		assertIs(t, net.ErrClosed, l.Close())
		send(t, accepted, "an accepted connection lives on")
	})
}

func TestCloseWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		idle, full := memnet.Listen(), memnet.Listen()
		wg.Go(func() {
			_, err := idle.Accept()
			assertIs(t, net.ErrClosed, err)
		})
		for range 128 {
			_, err := full.Dial(t.Context())
			require.NoError(t, err)
		}
		wg.Go(func() {
			_, err := full.Dial(t.Context())
			assertIs(t, syscall.ECONNREFUSED, err)
		})
		synctest.Wait()
		require.NoError(t, idle.Close())
		require.NoError(t, full.Close())
		wg.Wait()
	})
}

func TestHTTPOverHoursOfVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		big := pattern(1_000_003, 253)
		mux := http.NewServeMux()
		mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			_, _ = w.Write(body)
		})
		mux.HandleFunc("GET /slow", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(3 * time.Hour):
			case <-r.Context().Done():
			}
		})
		mux.HandleFunc("GET /reset", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			assert.NoError(t, err)
			assert.NoError(t, conn.(interface{ Reset() error }).Reset())
		})
		client := serve(t, l, mux)

		resp, err := client.Post("http://127.0.0.1/echo", "", bytes.NewReader(big))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(big, got))
		require.NoError(t, resp.Body.Close())

		start := time.Now()
		resp, err = client.Get("http://127.0.0.1/slow")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, 3*time.Hour, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/slow", nil)
		require.NoError(t, err)
		_, err = client.Do(req)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 5*time.Hour, time.Since(start))

		_, err = client.Get("http://127.0.0.1/reset")
		assertIs(t, syscall.ECONNRESET, err)

		require.NoError(t, l.Close())
		client.CloseIdleConnections()
		_, err = client.Get("http://127.0.0.1/echo")
		assertIs(t, syscall.ECONNREFUSED, err)
	})
}

func TestAddresses(t *testing.T) {
	l := memnet.Listen()
	client, server := dialAccepted(t, l)
	other, _ := dialAccepted(t, l)
	assert.Equal(t, l.Addr(), client.RemoteAddr())
	assert.Equal(t, "127.0.0.1:80", server.LocalAddr().String())
	assert.Equal(t, client.LocalAddr(), server.RemoteAddr())
	assert.NotEqual(t, client.LocalAddr(), other.LocalAddr())
}

// dialAccepted returns the two ends of a connection through l.
func dialAccepted(t *testing.T, l *memnet.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := l.Dial(t.Context())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	return client, server
}

// serve returns a client of handler, which is served until the test ends.
func serve(t *testing.T, l *memnet.Listener, handler http.Handler) *http.Client {
	srv := &http.Server{Handler: handler, IdleTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) },
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = srv.Close()
		<-done
	})
	return &http.Client{Transport: transport}
}
