package cfimages_test

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

// The list of MIGRATING.md, as a whole program.
func Example_migratingLists() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client, ctx := server.Client(), context.Background()

	params := cfimages.ListParams{
		PerPage: 100,
		Meta:    cfimages.Where(cfimages.Eq("status", "active")),
	}
	for img, err := range client.ImagesV2.All(ctx, params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.ID)
	}
	// Output:
	// photo-4
	// photo-2
	// photo-1
}

// The direct upload of MIGRATING.md, as a whole program.
func Example_migratingUploads() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	upload, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		Creator:   "alice",
		ExpiresIn: time.Hour,
		Metadata:  map[string]any{"status": "pending"},
	})
	if errors.Is(err, cfimages.ErrOutcomeUnknown) {
		fmt.Println("a draft may exist")
	}
	if err != nil {
		log.Fatal(err)
	}
	file := cfimages.File{Name: "beach.png", Body: strings.NewReader(png)}
	img, err := client.DirectUploads.Upload(ctx, upload.UploadURL, file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Filename, img.Draft)
	// Output:
	// beach.png false
}

// The details of MIGRATING.md, as a whole program.
func Example_migratingDetails() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client, ctx := server.Client(), context.Background()
	for _, id := range []string{"photo-1", "photo-9"} {
		img, err := client.ImagesV1.Get(ctx, id)
		if errors.Is(err, cfimages.ErrNotFound) {
			fmt.Println("no such image")
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.Filename, img.Draft)
	}
	// Output:
	// photo-1.png false
	// no such image
}
