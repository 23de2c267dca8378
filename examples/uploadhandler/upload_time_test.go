package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/memnet"
)

// slow is a picture of n parts, with a pause before each part.
func slow(n int, pause time.Duration) field {
	parts := []io.Reader{strings.NewReader(pngHeader)}
	for range n {
		parts = append(parts, readerFunc(func([]byte) (int, error) {
			time.Sleep(pause)
			return 0, io.EOF
		}), zeros(1000))
	}
	return field{"file", "cat.png", io.MultiReader(parts...)}
}

// serveInBubble serves the application in memory, with the program's own server. It
// must be called in a synctest bubble.
func serveInBubble(t *testing.T, client *cfimages.Client) *http.Client {
	listener := memnet.Listen()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (conn net.Conn, err error) { return listener.Dial(ctx) }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, newHandler(client, slog.New(slog.DiscardHandler))) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		time.Sleep(2 * time.Hour) // until the goroutine that writes the form has ended
		stop()
		require.NoError(t, <-ended)
	})
	return &http.Client{Transport: transport}
}

func TestSlowForms(t *testing.T) {
	for _, test := range []struct {
		name   string
		file   field
		status int
		took   time.Duration
	}{
		{"slower than the server's timeouts", slow(8, 10*time.Second), http.StatusCreated, 80 * time.Second},
		{"slower than an upload may be", slow(100, 10*time.Second), http.StatusRequestTimeout, uploadTimeout},
		{"stalled", slow(1, time.Hour), http.StatusRequestTimeout, uploadTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := imagestest.NewServer(imagestest.InMemory())
			t.Cleanup(server.Close)
			browser := serveInBubble(t, server.Client())
			started := time.Now()
			resp, err := streamForm(t.Context(), browser, "http://127.0.0.1", test.file)
			require.NoError(t, err, test.name)
			defer resp.Body.Close()
			assert.Equal(t, test.status, resp.StatusCode, test.name)
			assert.Equal(t, test.took, time.Since(started), test.name)
			if test.status != http.StatusCreated {
				assert.Empty(t, server.Images(), test.name)
			}
		})
	}
}

func TestBrowserGetsARejectionWhileItSends(t *testing.T) {
	for name, file := range map[string]field{
		"a stalled form": slow(1, time.Hour),
		"a slow form":    slow(100, 10*time.Millisecond),
		"a large file":   {"file", "cat.png", zeros(maxFile)},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, err := cfimages.NewClient(
				cfimages.WithAccountID("account"),
				cfimages.WithAPIToken("token"),
				cfimages.WithHTTPClient(&http.Client{Transport: transport(response(http.StatusUnsupportedMediaType, nil))}))
			require.NoError(t, err, name)
			browser := serveInBubble(t, client)
			started := time.Now()
			resp, err := streamForm(t.Context(), browser, "http://127.0.0.1", file)
			require.NoError(t, err, name)
			defer resp.Body.Close()
			assert.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode, name)
			assert.LessOrEqual(t, time.Since(started), time.Second, name)
		})
	}
}

func TestSlowAPIEndsAnUploadInGatewayTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, imagestest.WithLatency(time.Hour))
		started := time.Now()
		assert.Equal(t, http.StatusGatewayTimeout, postForm(b, pictured(pngHeader)).Code)
		assert.Equal(t, 30*time.Second, time.Since(started), "the client's timeout of a request")
	})
}
