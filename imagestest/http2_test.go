package imagestest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestHTTP2(t *testing.T) {
	overHTTP2(t, func(t *testing.T, srv *imagestest.Server) {
		ctx, client := t.Context(), srv.Client()
		created, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(created.UploadURL, strings.TrimSuffix(srv.URL(), "/client/v4")+"/upload/"))
		_, err = client.DirectUploads.Upload(ctx, created.UploadURL, cfimages.File{Body: strings.NewReader(png)})
		require.NoError(t, err)
		blob, err := client.ImagesV1.Blob(ctx, created.ID)
		require.NoError(t, err)
		content, err := io.ReadAll(blob)
		require.NoError(t, errors.Join(err, blob.Close()))
		assert.Equal(t, png, string(content))

		resp, err := srv.HTTPClient().Get(srv.Images()[0].Variants[0])
		require.NoError(t, err)
		assert.NoError(t, resp.Body.Close())
		assert.Equal(t, "HTTP/2.0", resp.Proto)

		assert.True(t, strings.HasPrefix(srv.URL(), "https://127.0.0.1:"))
		for _, request := range srv.Requests() {
			assert.Equal(t, "HTTP/2.0", request.Proto)
			assert.Equal(t, 200, request.Status)
		}
		assert.Equal(t, 1, srv.Connections())
	})
}

// TestHTTP2CarriesLargeBodies has frames that are split over many reads and writes, in both
// directions at once.
func TestHTTP2CarriesLargeBodies(t *testing.T) {
	overHTTP2(t, func(t *testing.T, srv *imagestest.Server) {
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() {
				content := png + strings.Repeat(string(rune('a'+i)), 1<<20)
				uploaded := upload(t, srv, create(t, srv).Result.UploadURL, "a.png", content)
				got := api(t, srv, "GET", "/images/v1/"+uploaded.Result.ID+"/blob")
				assert.True(t, content == got.Body)
			})
		}
		clients.Wait()
	})
}

func TestHTTP2TransportCanBeCloned(t *testing.T) {
	srv := newServer(t, imagestest.WithHTTP2())
	transport := srv.HTTPClient().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(srv.URL())
	require.NoError(t, err)
	assert.NoError(t, resp.Body.Close())
	assert.Equal(t, "HTTP/2.0", resp.Proto)

	_, err = http.Get(srv.URL())
	assert.ErrorContains(t, err, "certificate", "nobody else trusts it")
}

func TestHTTP2ServerAlsoServesHTTP1(t *testing.T) {
	srv := newServer(t, imagestest.WithHTTP2())
	srv.AddImages(cfimages.Image{ID: "a"})
	client := overHTTP1(srv)
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.GoAway{}},
		imagestest.Fault{Operation: imagestest.OpGet, Call: 1, At: imagestest.MidBody(3), Kind: imagestest.ResetStream{}},
		imagestest.Fault{Operation: imagestest.OpGet, Call: 2, At: imagestest.MidBody(3), Kind: imagestest.Reset{}},
	)
	for range 3 {
		resp, err := client.Do(requestOf(t, srv, imagestest.OpGet))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		assert.Error(t, err)
	}
	resp, err := client.Do(requestOf(t, srv, imagestest.OpGet))
	require.NoError(t, err)
	assert.NoError(t, resp.Body.Close())
	assert.Equal(t, "HTTP/1.1", resp.Proto)
	assert.Equal(t, "HTTP/1.1", srv.Requests()[0].Proto)
	assert.True(t, strings.HasPrefix(srv.Images()[0].Variants[0], "https://"))
}

// overHTTP1 returns an HTTP/1.1 client of a server with WithHTTP2.
func overHTTP1(srv *imagestest.Server) *http.Client {
	transport := srv.HTTPClient().Transport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2 = false
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.DisableKeepAlives = true
	return &http.Client{Transport: transport}
}

func TestMaxConcurrentStreams(t *testing.T) {
	for _, tt := range []struct{ limit, calls, connections int }{{0, 100, 1}, {0, 101, 2}, {10, 10, 1}, {10, 11, 2}, {250, 250, 1}} {
		synctest.Test(t, func(t *testing.T) {
			srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2(),
				imagestest.WithMaxConcurrentStreams(tt.limit), imagestest.WithLatency(time.Second))
			defer srv.Close()
			list(t, srv, "") // so that the client knows the limit
			var calls sync.WaitGroup
			for range tt.calls {
				calls.Go(func() { assert.Equal(t, 200, list(t, srv, "").Status) })
			}
			calls.Wait()
			assert.Equal(t, tt.connections, srv.Connections(), "%+v", tt)
		})
	}
}

func TestHTTP2HeadersOfManyFrames(t *testing.T) {
	srv := newServer(t, imagestest.WithHTTP2())
	large := strings.Repeat("x", 100<<10)
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, At: imagestest.AfterRead, Kind: imagestest.Refusal(503).With("Large", large)})
	assert.Equal(t, large, api(t, srv, "GET", "/images/v2", "Large", large).Header.Get("Large"))
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.ResetStream{Code: 8}})
	got := send(srv, newRequest(t, "GET", accountURL(srv)+"/images/v2", nil, "Large", large, "Imagestest-Stream", "77"))
	assert.ErrorContains(t, got.err, "CANCEL", "the stream is known by its tag")
}

func TestHTTP2CloseAbortsRequestsInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2(), imagestest.WithLatency(time.Hour))
		var requests sync.WaitGroup
		for range 3 {
			requests.Go(func() {
				_, err := srv.HTTPClient().Post(srv.URL(), "text/plain", bytes.NewReader(make([]byte, 5<<20)))
				assert.Error(t, err)
			})
		}
		synctest.Wait()
		start := time.Now()
		srv.Close()
		srv.Close()
		requests.Wait()
		assert.Zero(t, time.Since(start))
		assert.Empty(t, srv.Requests())
	}) // and synctest fails when a goroutine is left
}

func TestHTTP2DisconnectedClientIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2(), imagestest.WithLatency(time.Hour))
		defer srv.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := srv.HTTPClient().Do(newRequest(t, http.MethodGet, srv.URL(), nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Hour)
		assert.Empty(t, srv.Requests())
	})
}

func BenchmarkNewServerHTTP2(b *testing.B) {
	for b.Loop() {
		imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2()).Close()
	}
}
