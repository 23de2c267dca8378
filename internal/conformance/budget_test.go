package conformance_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// TestTimeoutsOnALivingConnectionSpendTheBudget shows that calls which time out by the
// transport's own timeout, on a connection on which another call receives data, do not
// count as one loss of that connection.
func TestTimeoutsOnALivingConnectionSpendTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
		defer server.Close()
		server.AddImages(cfimages.Image{ID: "image"})
		server.Inject(
			imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Stall{}, Times: imagestest.Always},
			imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Slow{Every: 100 * time.Millisecond}, Times: imagestest.Always},
		)
		ctx, cancel := context.WithCancel(t.Context())
		transport := server.HTTPClient().Transport.(*http.Transport).Clone()
		defer transport.CloseIdleConnections()
		transport.ResponseHeaderTimeout = 2 * time.Second
		client := server.Client(cfimages.WithHTTPClient(&http.Client{Transport: transport}))
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = client.ImagesV2.List(ctx, cfimages.ListParams{}) })
		synctest.Wait()
		for range 40 {
			wg.Go(func() {
				_, err := client.ImagesV1.Get(ctx, "image")
				assert.Error(t, err)
			})
		}
		time.Sleep(time.Minute)
		cancel()
		wg.Wait()
		assert.LessOrEqual(t, server.Count(imagestest.OpGet), 40+10+1)
	})
}
