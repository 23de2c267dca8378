package main

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const (
	galleryCreator = "gallery"
	gallerySize    = 400
	pageSize       = 100
)

// site is a server with a gallery of fixed images, and the network before it.
type site struct {
	server  *imagestest.Server
	network *network
}

func newSite() (*site, error) {
	server := imagestest.NewServer(imagestest.WithHTTP2(), imagestest.WithRateLimit(math.MaxInt32, 5*time.Minute))
	network, err := newNetwork(strings.TrimSuffix(strings.TrimPrefix(server.URL(), "https://"), "/client/v4"))
	if err != nil {
		server.Close()
		return nil, err
	}
	newest := time.Now()
	server.Seed(gallerySize, func(i int) cfimages.Image {
		return cfimages.Image{ID: galleryID(i), Creator: galleryCreator, Filename: galleryID(i) + ".png", Uploaded: newest.Add(-time.Duration(i) * time.Second)}
	})
	return &site{server, network}, nil
}

func (s *site) close() {
	s.network.close()
	s.server.Close()
}

// newClient returns a client and its transport. The transport sends no pings, so that
// the library must detect lost connections. It has a short idle timeout, because
// CloseIdleConnections does not close connections that became idle before a GOAWAY.
func (s *site) newClient(opts ...cfimages.Option) (*cfimages.Client, *http.Transport) {
	transport := &http.Transport{
		TLSClientConfig:   s.server.HTTPClient().Transport.(*http.Transport).TLSClientConfig,
		ForceAttemptHTTP2: true,
		IdleConnTimeout:   time.Second,
	}
	own := []cfimages.Option{
		cfimages.WithBaseURL("https://" + s.network.address + "/client/v4"),
		cfimages.WithHTTPClient(&http.Client{Transport: transport}),
	}
	return s.server.Client(append(own, opts...)...), transport
}

// galleryID returns the ID of the nth image of the gallery, the newest first.
func galleryID(n int) string { return fmt.Sprintf("gallery/%04d", n) }

// picture returns the file for the upload to an ID. Most files are smaller than a
// flow-control window of HTTP/2, some are larger.
func picture(id string) []byte {
	source := rand.NewChaCha8(sha256.Sum256([]byte(id)))
	random := rand.New(source)
	size := 1 + random.IntN(8<<10)
	if random.IntN(10) == 0 {
		size = 1 + random.IntN(200<<10)
	}
	file := make([]byte, size)
	source.Read(file)
	return append([]byte("GIF89a"), file...)
}
