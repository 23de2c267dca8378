package cfimages_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Thousands of calls go to the batch host, which does not count them against
// the account's rate limit.
func ExampleWithBatchAPI() {
	server := imagestest.NewServer()
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})

	client := server.Client(cfimages.WithBatchAPI()) // cfimages.NewClient in a program
	if err := client.ImagesV1.Delete(context.Background(), "beach"); err != nil {
		log.Fatal(err)
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Operation, r.Status)
	}
	// Output:
	// GET ImagesV1.BatchToken 200
	// DELETE ImagesV1.Delete 200
}

// Each client has a batch token of its own, so four of them make up to four
// times as many calls.
func ExampleWithBatchAPI_several() {
	server := imagestest.NewServer()
	defer server.Close()
	server.Seed(100, func(i int) cfimages.Image { return cfimages.Image{ID: fmt.Sprint("image-", i)} })
	ids := make(chan string, 100)
	for i := range 100 {
		ids <- fmt.Sprint("image-", i)
	}
	close(ids)

	var wg sync.WaitGroup
	for range 4 {
		client := server.Client(cfimages.WithBatchAPI())
		wg.Go(func() {
			for id := range ids {
				if err := client.ImagesV1.Delete(context.Background(), id); err != nil {
					log.Print(err)
				}
			}
		})
	}
	wg.Wait()
	fmt.Println(len(server.Images()), "images left")
	// Output: 0 images left
}
