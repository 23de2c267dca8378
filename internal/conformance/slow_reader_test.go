package conformance_test

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// slowReaderServer returns a server of HTTP/2 with images, whose reads of an image
// stall, and its client.
func slowReaderServer(t *testing.T, opts ...cfimages.Option) (*imagestest.Server, *cfimages.Client) {
	t.Helper()
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
	server.AddImages(cfimages.Image{ID: "image"}, cfimages.Image{ID: "second"}, cfimages.Image{ID: "third"})
	server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Stall{}})
	return server, server.Client(append([]cfimages.Option{
		cfimages.WithRequestTimeout(2 * time.Second),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	}, opts...)...)
}

// TestPausedBlobIsNotStoppedByAnOverdueResponse shows that a picture whose reader
// pauses is not lost when another call on its connection gets no response.
func TestPausedBlobIsNotStoppedByAnOverdueResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := slowReaderServer(t)
		defer server.Close()
		server.Inject(imagestest.Fault{Operation: imagestest.OpBlob, At: imagestest.MidBody(10), Kind: imagestest.Slow{Every: 100 * time.Millisecond}})
		blob, err := client.ImagesV1.Blob(t.Context(), "image")
		require.NoError(t, err)
		defer blob.Close()
		_, err = io.ReadFull(blob, make([]byte, 10))
		require.NoError(t, err)
		_, err = client.ImagesV1.Get(t.Context(), "image")
		require.Error(t, err)
		time.Sleep(time.Minute)
		rest, err := io.Copy(io.Discard, blob)
		require.NoError(t, err)
		assert.Equal(t, blob.Size, 10+rest)
		assert.Equal(t, 1, server.Connections())
	})
}

// TestPausedWalkIsNotStoppedByAnOverdueResponse shows that a walk whose images are
// taken slowly reaches its end: its page is requested again, which does no harm.
func TestPausedWalkIsNotStoppedByAnOverdueResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := slowReaderServer(t, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		defer server.Close()
		server.Inject(imagestest.Fault{Operation: imagestest.OpList, At: imagestest.MidBody(300), Kind: imagestest.Slow{Every: 100 * time.Millisecond}})
		seen := make(map[string]int)
		for img, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{}) {
			require.NoError(t, err)
			seen[img.ID]++
			_, err = client.ImagesV1.Get(t.Context(), "image")
			require.NoError(t, err) // in a further attempt
			time.Sleep(time.Minute)
		}
		assert.Equal(t, map[string]int{"image": 1, "second": 1, "third": 1}, seen)
		assert.Empty(t, server.Unused())
	})
}

// TestTimeoutWhileAReaderPausesIsItsOwn shows that the timeout of an http.Client, when
// it ends in a pause of the reader, says nothing about the connection.
func TestTimeoutWhileAReaderPausesIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2(), imagestest.WithLatency(1500*time.Millisecond))
		defer server.Close()
		server.AddImages(cfimages.Image{ID: "image"}, cfimages.Image{ID: "second"}, cfimages.Image{ID: "third"})
		server.Inject(imagestest.Fault{Operation: imagestest.OpList, At: imagestest.MidBody(300), Kind: imagestest.Slow{Every: 10 * time.Millisecond}})
		client := server.Client(
			cfimages.WithHTTPClient(&http.Client{Transport: server.HTTPClient().Transport, Timeout: 4 * time.Second}),
			cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
		)
		var wg sync.WaitGroup
		wg.Go(func() {
			var last error
			for _, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{}) {
				last = err
				time.Sleep(3 * time.Second)
			}
			assert.Error(t, last)
		})
		time.Sleep(6900 * time.Millisecond)
		_, err := client.ImagesV1.Get(t.Context(), "image")
		assert.NoError(t, err)
		wg.Wait()
		assert.Equal(t, 1, server.Connections())
	})
}
