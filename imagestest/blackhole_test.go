package imagestest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestBlackhole(t *testing.T) {
	for _, at := range positions {
		networks := inMemory
		if at == imagestest.MidBody(10) {
			networks = onEveryNetwork
		}
		t.Run(at.String(), func(t *testing.T) {
			networks(t, func(t *testing.T, srv *imagestest.Server) {
				list(t, srv, "")
				srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: at, Kind: imagestest.Blackhole{}})
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				got := sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpCreate).WithContext(ctx))
				if at == afterLastByte {
					require.NoError(t, got.err)
				} else {
					require.ErrorIs(t, got.err, context.DeadlineExceeded)
				}
				assert.Equal(t, at >= imagestest.MidBody(0), got.status == 200)
				assert.Equal(t, at == imagestest.MidBody(10), len(got.body) == 10)
				assert.Equal(t, at >= imagestest.AfterCommit, len(srv.Images()) == 1)

				requests := len(srv.Requests())
				if got.proto == "HTTP/2.0" || at == afterLastByte {
					lost, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					defer cancel()
					again := sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpDelete).WithContext(lost))
					assert.ErrorIs(t, again.err, context.DeadlineExceeded, "the client still uses the connection")
				}
				assert.Len(t, srv.Requests(), requests)
				assert.Equal(t, 1, srv.Connections())
				assert.Equal(t, 200, sendOn(newConnections(t, srv), requestOf(t, srv, imagestest.OpList)).status)
				assert.Equal(t, 2, srv.Connections())
			})
		})
	}
}

// newConnections returns a client of the server without open connections.
func newConnections(t *testing.T, srv *imagestest.Server) *http.Client {
	transport := srv.HTTPClient().Transport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestBlackholeStallsUploads has clients that send more than all buffers can store.
func TestBlackholeStallsUploads(t *testing.T) {
	for _, opts := range [][]imagestest.Option{{}, {imagestest.WithHTTP2()}} {
		synctest.Test(t, func(t *testing.T) {
			srv := imagestest.NewServer(append(opts, imagestest.InMemory())...)
			defer srv.Close()
			link := create(t, srv).Result.UploadURL
			srv.Inject(imagestest.Fault{Operation: imagestest.OpUpload, Kind: imagestest.Blackhole{}})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			body := strings.NewReader(strings.Repeat("x", 8<<20))
			got := sendOn(srv.HTTPClient(), newRequest(t, "POST", link, body).WithContext(ctx))
			assert.ErrorIs(t, got.err, context.DeadlineExceeded)
			assert.Greater(t, body.Len(), 4<<20, "the rest was never sent")
			assert.Equal(t, 200, sendOn(newConnections(t, srv), requestOf(t, srv, imagestest.OpList)).status)
		})
	}
}

// TestPingsDetectABlackhole uses the only way to detect an unresponsive HTTP/2 connection.
func TestPingsDetectABlackhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
		defer srv.Close()
		transport := srv.HTTPClient().Transport.(*http.Transport).Clone()
		transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
		defer transport.CloseIdleConnections()
		srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Blackhole{}})
		start := time.Now()
		assert.Error(t, sendOn(&http.Client{Transport: transport}, requestOf(t, srv, imagestest.OpList)).err)
		assert.Equal(t, 15*time.Second, time.Since(start))
		assert.Equal(t, 200, sendOn(&http.Client{Transport: transport}, requestOf(t, srv, imagestest.OpList)).status)
	})
}
