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
	server, client := album()
	defer server.Close()
	img, err := client.ImagesV1.Get(context.Background(), "photo-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.Filename, img.Uploaded.Format(time.DateOnly), "draft:", img.Draft)
	// Output:
	// photo-1.png 2026-11-01 draft: false
}

func ExampleImagesV1_Delete() {
	server, client := album()
	defer server.Close()
	fmt.Println(client.ImagesV1.Delete(context.Background(), "photo-1"))
	_, err := client.ImagesV1.Get(context.Background(), "photo-1")
	fmt.Println(errors.Is(err, cfimages.ErrNotFound))
	// Output:
	// <nil>
	// true
}

func ExampleImagesV1_Blob() {
	server := imagestest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	upload, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
	if err != nil {
		log.Fatal(err)
	}
	const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"
	if _, err := client.DirectUploads.Upload(ctx, upload.UploadURL, cfimages.File{Body: strings.NewReader(gif)}); err != nil {
		log.Fatal(err)
	}

	blob, err := client.ImagesV1.Blob(ctx, upload.ID)
	if err != nil {
		log.Fatal(err)
	}
	defer blob.Close()
	n, err := io.Copy(io.Discard, blob) // to a file, in a program
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "bytes of", blob.Size, blob.ContentType)
	// Output: 14 bytes of 14 image/gif
}
