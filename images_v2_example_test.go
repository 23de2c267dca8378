package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleImagesV2_All() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client := server.Client()

	params := cfimages.ListParams{
		SortOrder: cfimages.SortAscending,
		Meta:      cfimages.Where(cfimages.Eq("status", "active"), cfimages.Gte("rating", 2)),
	}
	for img, err := range client.ImagesV2.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.ID, img.Filename)
	}
	// Output:
	// photo-2 photo-2.png
	// photo-4 photo-4.png
}

// The list is sorted by upload time. To visit the images of the last days, start
// with the newest and leave the loop at the first image that is older. Leaving the
// loop ends all work.
func ExampleImagesV2_All_newest() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	since := time.Date(2026, 11, 1, 12, 3, 0, 0, time.UTC)

	params := cfimages.ListParams{SortOrder: cfimages.SortDescending}
	for img, err := range server.Client().ImagesV2.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		if img.Uploaded.Before(since) {
			break
		}
		fmt.Println(img.ID)
	}
	// Output:
	// photo-5
	// photo-4
}

// Get one page, and later the next one: a backend passes the continuation token to
// its own client and gets it back with the next request.
func ExampleImagesV2_List() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(i int) cfimages.Image { return cfimages.Image{ID: fmt.Sprint("photo-", i)} })
	client, ctx := server.Client(), context.Background()

	first, err := client.ImagesV2.List(ctx, cfimages.ListParams{PerPage: 10})
	if err != nil {
		log.Fatal(err)
	}
	second, err := client.ImagesV2.List(ctx, cfimages.ListParams{PerPage: 10, ContinuationToken: first.ContinuationToken})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Images[0].ID, second.Images[0].ID)
	fmt.Println("last page:", second.ContinuationToken == "")
	// Output:
	// photo-24 photo-14
	// last page: false
}

// Handle a page at a time, for example to write it to a database in one transaction.
func ExampleImagesV2_Pages() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(int) cfimages.Image { return cfimages.Image{} })

	for page, err := range server.Client().ImagesV2.Pages(context.Background(), cfimages.ListParams{PerPage: 10}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Images), "images")
	}
	// Output:
	// 10 images
	// 10 images
	// 5 images
}

// Creator is a pointer because there are three cases: images of any creator, images
// of one creator, and images without a creator.
func ExampleListParams_creator() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "by-alice", Creator: "alice"}, cfimages.Image{ID: "no-creator"})

	for _, creator := range []*string{nil, new("alice"), new("")} {
		params := cfimages.ListParams{Creator: creator, SortOrder: cfimages.SortAscending}
		page, err := server.Client().ImagesV2.List(context.Background(), params)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Images), page.Images[0].ID)
	}
	// Output:
	// 2 by-alice
	// 1 by-alice
	// 1 no-creator
}

// If an iteration fails, it yields one *PageError and ends. Pass its token and count
// to ListParams to resume without losing or repeating images.
func ExamplePageError() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(int) cfimages.Image { return cfimages.Image{} })
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.EdgePage(502)}) // the second page fails
	client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	params := cfimages.ListParams{PerPage: 10}
	images := 0
	for range 2 {
		for _, err := range client.ImagesV2.All(context.Background(), params) {
			if stopped, ok := errors.AsType[*cfimages.PageError](err); ok {
				fmt.Println("failed after", images, "images")
				params.ContinuationToken, params.Skip = stopped.ContinuationToken, stopped.Yielded
				break
			}
			images++
		}
	}
	fmt.Println(images, "images in all")
	// Output:
	// failed after 10 images
	// 25 images in all
}
