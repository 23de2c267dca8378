package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Test a user who uploads too late: move the clock past the expiry of the upload URL.
func ExampleClock_Advance() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	created, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ExpiresIn: time.Hour})
	if err != nil {
		log.Fatal(err)
	}

	srv.Clock().Advance(time.Hour)

	_, err = client.DirectUploads.Upload(ctx, created.UploadURL, cfimages.File{Body: strings.NewReader(png)})
	fmt.Println(errors.Is(err, cfimages.ErrGone))
	// Output: true
}

// Compare times exactly: the clock moves only when the test advances it.
func ExampleNewClock() {
	clock := imagestest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithClock(clock))
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "older"})
	clock.Advance(time.Hour)
	srv.AddImages(cfimages.Image{ID: "newer"})

	for _, img := range srv.Images() {
		fmt.Println(img.ID, img.Uploaded.Format(time.TimeOnly))
	}
	fmt.Println("now", clock.Now().Format(time.TimeOnly))
	// Output:
	// older 12:00:00
	// newer 13:00:00
	// now 13:00:00
}
