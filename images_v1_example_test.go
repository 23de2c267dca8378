package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleImagesV1_Get() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)

	img, err := server.Client().ImagesV1.Get(context.Background(), "photo-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Filename, img.Uploaded.Format(time.DateOnly), "draft:", img.Draft)
	// Output: photo-1.png 2026-11-01 draft: false
}

func ExampleImagesV1_Get_notFound() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	_, err := server.Client().ImagesV1.Get(context.Background(), "photo-9")
	switch {
	case errors.Is(err, cfimages.ErrNotFound):
		fmt.Println("no such image")
	case err != nil:
		log.Fatal(err)
	}
	// Output: no such image
}

func ExampleImagesV1_Delete() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)
	client, ctx := server.Client(), context.Background()

	if err := client.ImagesV1.Delete(ctx, "photo-1"); err != nil {
		log.Fatal(err)
	}
	_, err := client.ImagesV1.Get(ctx, "photo-1")
	fmt.Println(errors.Is(err, cfimages.ErrNotFound))
	// Output: true
}

// Download the uploaded file of an image.
func ExampleImagesV1_Blob() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	file := cfimages.File{Name: "cat.png", Body: strings.NewReader(png)}
	if _, err := client.ImagesV1.Upload(ctx, file, cfimages.UploadParams{ID: "cat"}); err != nil {
		log.Fatal(err)
	}

	blob, err := client.ImagesV1.Blob(ctx, "cat")
	if err != nil {
		log.Fatal(err)
	}
	defer blob.Close()
	n, err := io.Copy(io.Discard, blob) // or to an *os.File
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "bytes of", blob.ContentType)
	// Output: 67 bytes of image/png
}

func ExampleImagesV1_Stats() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(photos()...)

	stats, err := server.Client().ImagesV1.Stats(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Current, "images stored,", stats.Current < stats.Allowed)
	// Output: 5 images stored, true
}
