package imagestest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Store images, list some of them, and check which filters were sent.
func ExampleServer_Requests() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(
		cfimages.Image{ID: "shown", Meta: []byte(`{"status":"active"}`)},
		cfimages.Image{ID: "hidden", Meta: []byte(`{"status":"deleted"}`)},
	)

	page, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{
		Meta: cfimages.Where(cfimages.Eq("status", "active")),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Images), page.Images[0].ID)
	fmt.Println(srv.Requests()[0].Filters())
	// Output:
	// 1 shown
	// [status[eq:string]=active]
}

// Count only the requests after the preparations of a test.
func ExampleServer_ResetRequests() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	if err := client.Variants.SetFlexible(ctx, true); err != nil {
		log.Fatal(err)
	}
	srv.ResetRequests()

	if _, err := client.ImagesV1.Stats(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(srv.Requests()), srv.Count(imagestest.OpStats))
	// Output: 1 1
}

// Check that a backend verifies an upload before it uses the image.
func ExampleServer_Verified() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "avatar"})
	fmt.Println(srv.Verified("avatar"))

	if _, err := srv.Client().ImagesV1.Get(context.Background(), "avatar"); err != nil { // the backend
		log.Fatal(err)
	}
	fmt.Println(srv.Verified("avatar"))
	// Output:
	// false
	// true
}

// Store many images. They are built one at a time.
func ExampleServer_Seed() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Seed(2500, func(i int) cfimages.Image {
		return cfimages.Image{Filename: fmt.Sprintf("%04d.png", i)}
	})

	count := 0
	for _, err := range srv.Client().ImagesV2.All(context.Background(), cfimages.ListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		count++
	}
	fmt.Println(count, "images in", srv.Count(imagestest.OpList), "pages")
	// Output: 2500 images in 3 pages
}

// Store a draft: an image whose direct upload has not completed.
func ExampleServer_AddImages() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(
		cfimages.Image{ID: "beach", Creator: "alice", Meta: []byte(`{"rating":5}`)},
		cfimages.Image{ID: "avatar", Draft: true},
	)

	img, err := srv.Client().ImagesV1.Get(context.Background(), "avatar")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID, img.Draft)
	// Output: avatar true
}

// Check what a program has stored.
func ExampleServer_Images() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	_, err := srv.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{Creator: "alice"})
	if err != nil {
		log.Fatal(err)
	}

	for _, img := range srv.Images() {
		fmt.Println(img.Creator, img.Draft)
	}
	// Output: alice true
}
