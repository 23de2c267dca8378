package serve_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/examples/internal/serve"
	"github.com/cfimages/cfimages-go/internal/memnet"
)

// start runs a site with a response time, and sends a request to it.
func start(ctx context.Context, responseTime time.Duration, others ...serve.Site) (ended, responded chan error) {
	ended, responded = make(chan error, 1), make(chan error, 1)
	listener := memnet.Listen()
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(responseTime):
		case <-r.Context().Done():
		}
	})}
	go func() { ended <- serve.Run(ctx, append(others, serve.Site{Listener: listener, Server: server})...) }()
	go func() {
		conn, err := listener.Dial(ctx)
		if err == nil {
			defer conn.Close()
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			_, err = io.ReadFull(conn, make([]byte, len("HTTP/1.1 200 OK")))
		}
		responded <- err
	}()
	synctest.Wait()
	return ended, responded
}

func TestRequestsInProgressFinish(t *testing.T) {
	for responseTime, finishes := range map[time.Duration]bool{4 * time.Second: true, time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			ended, responded := start(ctx, responseTime)
			stop()
			stopped := time.Now()
			require.NoError(t, <-ended)
			assert.LessOrEqual(t, time.Since(stopped), 5*time.Second)
			assert.Equal(t, finishes, <-responded == nil, responseTime)
		})
	}
}

func TestFailedSiteStopsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := serve.Site{Listener: memnet.Listen(), Server: &http.Server{}}
		ended, responded := start(t.Context(), time.Second, broken)
		broken.Listener.Close()
		require.NoError(t, <-responded, "requests of the other site finish")
		require.ErrorContains(t, <-ended, "closed")
	})
}
