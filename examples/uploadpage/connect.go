package main

import (
	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// connect configures the application for Cloudflare if the environment names
// an account and a token, and for an in-process server otherwise.
func connect() (config gallery.Config, disconnect func(), err error) {
	if !program.HasAccount() {
		server := imagestest.NewServer()
		config, err = gallery.Demo(server.URL())
		return config, server.Close, err
	}
	config = gallery.Config{ // the origins are of Cloudflare's developer documentation
		UploadOrigin:   "https://upload.imagedelivery.net",
		DeliveryOrigin: "https://imagedelivery.net",
	}
	if config.Signer, err = program.Signer(); err == nil {
		config.Client, err = cfimages.NewClient()
	}
	return config, func() {}, err
}
