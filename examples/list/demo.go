package main

import (
	"fmt"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const demoImages = 25

// newDemo returns an in-memory server with a few images.
func newDemo() *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory())
	server.Seed(demoImages, func(i int) cfimages.Image {
		return cfimages.Image{
			Creator:  []string{"alice", "bob", ""}[i%3],
			Filename: fmt.Sprintf("photo-%02d.png", i+1),
			Uploaded: time.Date(2026, 1, 1, 9, i, 0, 0, time.UTC),
			Meta: fmt.Appendf(nil, `{"status":%q,"priority":%d,"region":{"name":%q}}`,
				[]string{"active", "pending"}[i%2], i%5+1, []string{"eu-west", "us-east"}[i/2%2]),
		}
	})
	return server
}
