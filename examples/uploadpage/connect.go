package main

import (
	"os"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// connect configures the application for Cloudflare if the environment names
// an account and a token, and for an in-process server otherwise.
func connect() (config gallery.Config, disconnect func(), err error) {
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" || os.Getenv("CLOUDFLARE_ACCOUNT_ID") == "" {
		return connectInProcess()
	}
	config, err = connectCloudflare()
	return config, func() {}, err
}

func connectInProcess() (gallery.Config, func(), error) {
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	if err != nil {
		return gallery.Config{}, nil, err
	}
	server := imagestest.NewServer()
	origin := strings.TrimSuffix(server.URL(), "/client/v4")
	return gallery.Config{
		Client:         server.Client(),
		Signer:         signer,
		UploadOrigin:   origin,
		DeliveryOrigin: origin,
		Notice:         "Demo: images are kept in memory and are gone when the server stops.",
	}, server.Close, nil
}

// connectCloudflare takes the origins from Cloudflare's developer documentation.
func connectCloudflare() (config gallery.Config, err error) {
	config.UploadOrigin = "https://upload.imagedelivery.net"
	config.DeliveryOrigin = "https://imagedelivery.net"
	if key := os.Getenv("CLOUDFLARE_IMAGES_SIGNING_KEY"); key != "" {
		if config.Signer, err = cfimages.NewURLSigner(key); err != nil {
			return gallery.Config{}, err
		}
	}
	config.Client, err = cfimages.NewClient()
	return config, err
}
