package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Test an import of images from another server. The test server does not use a
// network: the test sets what is found at a URL.
func ExampleServer_ServeSource() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	const source = "https://user:secret@example.com/cat.png"
	srv.ServeSource(source, []byte(png))

	img, err := srv.Client().ImagesV1.UploadFromURL(context.Background(), source, cfimages.UploadParams{ID: "cat"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID, img.Filename)
	fmt.Println(srv.Requests()[0].SourceURL)
	// Output:
	// cat cat.png
	// https://example.com/cat.png
}

// Test an import from a server that fails.
func ExampleServer_FailSource() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.FailSource("https://example.com/cat.png", 503)

	_, err := srv.Client().ImagesV1.UploadFromURL(context.Background(), "https://example.com/cat.png", cfimages.UploadParams{})

	if failed, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(failed.StatusCode/100 == 4, len(srv.Images()))
	}
	// Output: true 0
}

// Create a variant that shows private images without a signature.
func ExampleServer_variants() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})

	_, err := srv.Client().Variants.Create(context.Background(), cfimages.Variant{
		ID: "thumbnail", Fit: cfimages.FitCover, Width: 160, Height: 160, Metadata: cfimages.MetadataNone,
		NeverRequireSignedURLs: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, url := range srv.Images()[0].Variants {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(path.Base(url), resp.StatusCode)
	}
	// Output:
	// public 401
	// thumbnail 200
}

// Test a page that shows images by flexible variants. The server checks the options,
// and delivers the image as it was uploaded.
func ExampleWithFlexibleVariants() {
	srv := imagestest.NewServer(imagestest.WithFlexibleVariants())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	base := strings.TrimSuffix(srv.Images()[0].Variants[0], "public")

	for _, options := range []string{"width=400,fit=cover", "width=0"} {
		resp, err := srv.HTTPClient().Get(base + options)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Printf("%s: %t %q\n", options, resp.StatusCode == 200, resp.Header.Get("Cf-Resized"))
	}
	// Output:
	// width=400,fit=cover: true ""
	// width=0: false "err=9401"
}
