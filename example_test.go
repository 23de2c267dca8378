package cfimages_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// photos returns five images for the examples, the oldest first.
func photos() []cfimages.Image {
	var images []cfimages.Image
	for i, status := range []string{"active", "active", "archived", "active", "archived"} {
		images = append(images, cfimages.Image{
			ID:       fmt.Sprintf("photo-%d", i+1),
			Filename: fmt.Sprintf("photo-%d.png", i+1),
			Meta:     fmt.Appendf(nil, `{"status":%q,"rating":%d}`, status, i+1),
			Uploaded: time.Date(2026, 11, 1, 12, i, 0, 0, time.UTC),
		})
	}
	return images
}

// png is the content of a PNG file with one pixel.
const png = canned.PNG

// List the active images of an account. The examples use a test server of package
// imagestest, so that they run without an account. A program calls
// cfimages.NewClient instead.
func Example() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client := server.Client()

	params := cfimages.ListParams{Meta: cfimages.Where(cfimages.Eq("status", "active"))}
	for img, err := range client.ImagesV2.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.ID, img.Filename)
	}
	// Output:
	// photo-4 photo-4.png
	// photo-2 photo-2.png
	// photo-1 photo-1.png
}

// Limit the time of a call at three levels: the retry policy limits the number of
// attempts and the waits between them, WithRequestTimeout limits each attempt, and
// the context limits the call as a whole.
func Example_timeouts() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client := server.Client(
		cfimages.WithRequestTimeout(5*time.Second),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{
			MaxAttempts: 3,
			BaseDelay:   100 * time.Millisecond,
			MaxDelay:    time.Second,
			MaxWait:     2 * time.Second, // if the server requests a longer wait, the call fails at once
		}),
	)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	img, err := client.ImagesV1.Get(ctx, "photo-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID)
	// Output: photo-1
}
