package imagestest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
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

func TestUnknownPaths(t *testing.T) {
	srv := newServer(t)
	origin := strings.TrimSuffix(srv.URL(), "/client/v4")
	for _, path := range []string{
		"/", "/accounts/x/images/v2", "/client/v4", "/client/v4/user", "/client/v4/accounts/" + imagestest.AccountID,
		"/client/v4/accounts/" + imagestest.AccountID + "/images/v2/", "/client/v4/accounts/" + imagestest.AccountID + "/images/v1/",
		"/client/v4//accounts/x/images/v2", "/client/v4/zones/../accounts/x/images/v2",
	} {
		resp := do(t, srv, newRequest(t, "GET", origin+path, nil))
		assert.Equal(t, 404, resp.Status, path)
		assert.Len(t, resp.Errors, 1, path)
	}
	for _, path := range []string{"/images/v2", "/images/v2/direct_upload", "/images/v1/x"} {
		assert.Equal(t, 405, api(t, srv, "PUT", path).Status, path)
	}
}

func TestOnlyUploadsAllowCrossOrigin(t *testing.T) {
	srv := newServer(t)
	link := create(t, srv).Result.UploadURL
	preflight := do(t, srv, newRequest(t, "OPTIONS", link, nil, "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-requested-with"))
	assert.Equal(t, 204, preflight.Status)
	assert.Equal(t, "*", preflight.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "POST", preflight.Header.Get("Access-Control-Allow-Methods"))
	assert.Equal(t, "*", preflight.Header.Get("Access-Control-Allow-Headers"))
	for _, content := range []string{"no image", png} {
		resp := upload(t, srv, link, "a.png", content, "Origin", "https://app.example")
		assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"), "a page must be able to read error responses")
	}

	asked := api(t, srv, "OPTIONS", "/images/v2", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	assert.Equal(t, 405, asked.Status)
	listed := api(t, srv, "GET", "/images/v2", "Origin", "https://app.example")
	delivered := do(t, srv, newRequest(t, "GET", srv.Images()[0].Variants[0], nil, "Origin", "https://app.example"))
	for _, resp := range []result{asked, listed, delivered} {
		for name := range resp.Header {
			assert.NotContains(t, name, "Access-Control")
		}
	}
}

func TestHandlerMountedElsewhere(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	host := httptest.NewTLSServer(srv.Handler())
	defer host.Close()
	srv.AddImages(cfimages.Image{ID: "a"})

	req := newRequest(t, "GET", host.URL+"/client/v4/accounts/"+imagestest.AccountID+"/images/v1/a", nil,
		"Authorization", "Bearer "+imagestest.APIToken)
	resp, err := host.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body := new(strings.Builder)
	require.NoError(t, resp.Write(body))
	assert.Contains(t, body.String(), `"`+host.URL+`/cdn-cgi/imagedelivery/`)
}

// TestFaultsOnAMountedHandler has connections of another server.
func TestFaultsOnAMountedHandler(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		srv := newServer(t, imagestest.InMemory(), imagestest.WithHTTP2())
		host := httptest.NewUnstartedServer(srv.Handler())
		host.EnableHTTP2 = http2
		host.StartTLS()
		defer host.Close()
		for _, kind := range []imagestest.Kind{imagestest.Reset{}, imagestest.Cut{}, imagestest.Blackhole{}, imagestest.GoAway{}, imagestest.ResetStream{}, imagestest.WrongLength{By: 5}} {
			srv.Inject(imagestest.Fault{Operation: imagestest.OpUnknown, Kind: kind})
			ctx, cancel := context.WithCancel(t.Context())
			req := newRequest(t, "POST", host.URL, nil).WithContext(ctx)
			got := make(chan received)
			go func() { got <- sendOn(host.Client(), req) }()
			if _, endless := kind.(imagestest.Blackhole); endless {
				require.Eventually(t, func() bool { return len(srv.Unused()) == 0 }, time.Minute, time.Millisecond)
				cancel()
			}
			assert.Error(t, (<-got).err, "%T", kind)
			cancel()
			assert.Empty(t, srv.Unused())
		}
		resp, err := host.Client().Get(host.URL)
		require.NoError(t, err)
		assert.NoError(t, resp.Body.Close())
		assert.Equal(t, map[bool]int{false: 1, true: 2}[http2], resp.ProtoMajor)
	}
}

func TestInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithLatency(time.Hour))
		defer srv.Close()
		start := time.Now()
		link := create(t, srv, "id", "a").Result.UploadURL
		assert.Equal(t, time.Hour, time.Since(start))
		assert.Equal(t, 410, upload(t, srv, link, "a.png", png).Status, "the request was an hour in transit")

		_, err := srv.HTTPClient().Get("http://127.0.0.1:1/")
		assert.ErrorContains(t, err, "imagestest: 127.0.0.1:1 cannot be reached")
	})
}

func TestClockAdvances(t *testing.T) {
	srv := newServer(t)
	before := srv.Clock().Now()
	srv.Clock().Advance(time.Hour)
	assert.WithinRange(t, srv.Clock().Now(), before.Add(time.Hour), time.Now().Add(2*time.Hour))
}

func TestCloseAbortsRequestsInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithLatency(time.Hour))
		var requests sync.WaitGroup
		for range 3 {
			requests.Go(func() {
				_, err := srv.HTTPClient().Post(srv.URL(), "text/plain", strings.NewReader("x"))
				assert.Error(t, err)
			})
		}
		synctest.Wait()
		start := time.Now()
		srv.Close()
		srv.Close()
		requests.Wait()
		assert.Zero(t, time.Since(start))
		_, err := srv.HTTPClient().Get(srv.URL())
		assert.Error(t, err)
	}) // and synctest fails when a goroutine is left
}

func TestDisconnectedClientIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithLatency(time.Hour))
		defer srv.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := srv.HTTPClient().Do(newRequest(t, http.MethodGet, srv.URL(), nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Hour)
		assert.Empty(t, srv.Requests())
	})
}

func TestServersAreSafeForConcurrentUse(t *testing.T) {
	srv := newServer(t)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 5 {
				id := create(t, srv, "metadata", `{"a":1}`).Result.ID
				list(t, srv, "meta.a[eq]=1")
				srv.Account("other").AddImages(cfimages.Image{})
				srv.AddImages(cfimages.Image{Meta: []byte(`{"b":1}`)})
				srv.Images()
				api(t, srv, "DELETE", "/images/v1/"+id)
				srv.Requests()
				srv.Clock().Advance(time.Second)
			}
		})
	}
	clients.Wait()
	assert.Len(t, srv.Images(), 40)
}

func TestBadSeedsPanic(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	for _, meta := range []string{"[]", "{", `{"a":1,"a":2}`, `{"k":"` + strings.Repeat("x", 1024) + `"}`} {
		assert.Panics(t, func() { srv.AddImages(cfimages.Image{Meta: []byte(meta)}) }, meta)
	}
}

func BenchmarkNewServerInMemory(b *testing.B) {
	for b.Loop() {
		imagestest.NewServer(imagestest.InMemory()).Close()
	}
}
