package cfimages_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Send the calls of a large job to the batch host, which does not count them against
// the account's rate limit. The client gets a batch token first.
func ExampleWithBatchAPI() {
	server := imagestest.NewServer()
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})
	client := server.Client(cfimages.WithBatchAPI())

	if err := client.ImagesV1.Delete(context.Background(), "beach"); err != nil {
		log.Fatal(err)
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Operation, "on the batch host:", r.Batch)
	}
	// Output:
	// GET ImagesV1.BatchToken on the batch host: false
	// DELETE ImagesV1.Delete on the batch host: true
}

// Each client uses a batch token of its own. Four clients send up to four times as many
// requests.
func ExampleWithBatchAPI_severalClients() {
	server := imagestest.NewServer()
	defer server.Close()
	ids := make(chan string, 100)
	for i := range 100 {
		id := fmt.Sprint("photo-", i)
		server.AddImages(cfimages.Image{ID: id})
		ids <- id
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

// A base URL of your own needs a batch base URL of your own, as in this test.
func ExampleWithBatchBaseURL() {
	server := imagestest.NewServer()
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})
	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(server.URL()),
		cfimages.WithBatchAPI(),
		cfimages.WithBatchBaseURL(server.BatchURL()),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
	)
	if err != nil {
		log.Fatal(err)
	}
	img, err := client.ImagesV1.Get(context.Background(), "beach")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID)
	// Output: beach
}
