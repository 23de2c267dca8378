package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// An import of images that are on another server: what is there is given to the
// test server, which asks no network.
func ExampleServer_ServeSource() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.ServeSource("https://user:secret@example.com/cat.png", []byte("\x89PNG\r\n\x1a\n"))

	img, err := srv.Client().ImagesV1.UploadFromURL(context.Background(),
		"https://user:secret@example.com/cat.png", cfimages.UploadParams{ID: "cat"})
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(img.ID, img.Filename)
	fmt.Println(srv.Requests()[0].SourceURL)
	// Output:
	// cat cat.png
	// https://example.com/cat.png
}

// An import that must cope with a server that fails.
func ExampleServer_FailSource() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.FailSource("https://example.com/cat.png", 503)

	_, err := srv.Client().ImagesV1.UploadFromURL(context.Background(), "https://example.com/cat.png", cfimages.UploadParams{})

	failed, _ := errors.AsType[*cfimages.Error](err)
	fmt.Println(failed.StatusCode/100 == 4, len(srv.Images()))
	// Output: true 0
}

// A variant is made, and shows an image.
func ExampleServer_variants() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})

	_, err := srv.Client().Variants.Create(context.Background(), cfimages.Variant{
		ID: "thumbnail", Fit: cfimages.FitCover, Width: 160, Height: 160, Metadata: cfimages.MetadataNone,
		NeverRequireSignedURLs: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, url := range srv.Images()[0].Variants {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(url[strings.LastIndex(url, "/"):], resp.StatusCode)
	}
	// Output:
	// /public 401
	// /thumbnail 200
}

// A page whose images come in the width that the browser asks for. The test server
// checks the options, and shows the image as it was uploaded.
func ExampleWithFlexibleVariants() {
	srv := imagestest.NewServer(imagestest.WithFlexibleVariants())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	delivery, _ := cfimages.NewDelivery(imagestest.AccountHash)
	delivery, _ = delivery.OnDomain(strings.TrimSuffix(srv.URL(), "/client/v4"))

	good, _ := delivery.Transformed("beach", cfimages.Transform{Width: 400, Fit: cfimages.FitCover})
	bad, _ := delivery.URL("beach", "width=0")
	for _, url := range []string{good, bad} {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Printf("%s %t %q\n", url[strings.LastIndex(url, "/"):], resp.StatusCode == 200, resp.Header.Get("Cf-Resized"))
	}
	// Output:
	// /width=400,fit=cover true ""
	// /width=0 false "err=9401"
}
