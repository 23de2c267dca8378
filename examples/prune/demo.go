package main

import (
	"fmt"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const demoImages = 60

// newDemo returns a server in memory with an image for each of the last days, of
// which every other has expired.
func newDemo() *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory())
	now := time.Now()
	server.Seed(demoImages, func(i int) cfimages.Image {
		return cfimages.Image{
			Filename: fmt.Sprintf("photo-%02d.png", i+1),
			Uploaded: now.AddDate(0, 0, i-demoImages),
			Meta:     fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"expired", "active"}[i%2], i%5+1),
		}
	})
	return server
}
