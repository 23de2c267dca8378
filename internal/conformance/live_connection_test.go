package conformance_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// drip is a file that is read for a minute, a piece each second.
type drip struct{ left int }

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Second)
	n := copy(p, "GIF89a")
	d.left--
	return n, nil
}

// TestUploadIsNotStoppedByAStalledUpload shows that a connection on which one response
// is overdue is not closed under an upload that is still being sent.
func TestUploadIsNotStoppedByAStalledUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
		defer server.Close()
		client := server.Client()
		stuck, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.NoError(t, err)
		slow, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.NoError(t, err)

		server.Inject(imagestest.Fault{Operation: imagestest.OpUpload, Kind: imagestest.Stall{}})
		go client.DirectUploads.Upload(t.Context(), stuck.UploadURL, cfimages.File{Body: strings.NewReader("GIF89a")})
		synctest.Wait()
		_, err = client.DirectUploads.Upload(t.Context(), slow.UploadURL, cfimages.File{Body: &drip{left: 60}})
		assert.NoError(t, err)
	})
}

// TestCreateIsNotStoppedByAStalledReadDuringAWalk shows that a walk whose images are
// taken slowly does not count as waiting for the server.
func TestCreateIsNotStoppedByAStalledReadDuringAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2(), imagestest.WithLatency(5*time.Second))
		defer server.Close()
		server.Seed(5000, func(int) cfimages.Image { return cfimages.Image{} })
		client := server.Client(cfimages.WithPrefetch(false))
		server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Stall{}})
		for _, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{PerPage: 5000}) {
			require.NoError(t, err)
			go client.ImagesV1.Get(t.Context(), "unknown")
			time.Sleep(28 * time.Second)
			_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
			assert.NoError(t, err)
			break
		}
	})
}
