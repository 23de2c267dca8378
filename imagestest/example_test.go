package imagestest_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Test an upload: the backend creates a one-time URL, the user's device uploads to it,
// and the backend checks whether the upload has completed.
func Example() {
	srv := imagestest.NewServer()
	defer srv.Close()
	client := srv.Client() // for the backend that is tested
	ctx := context.Background()

	created, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "avatars/7", Creator: "user-7"})
	if err != nil {
		log.Fatal(err)
	}
	var device cfimages.Uploader
	file := cfimages.File{Name: "me.png", Body: strings.NewReader(png)}
	if _, err := device.Upload(ctx, created.UploadURL, file); err != nil {
		log.Fatal(err)
	}
	img, err := client.ImagesV1.Get(ctx, "avatars/7")
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(img.Filename, img.Draft)
	fmt.Println(srv.Count(imagestest.OpCreate), srv.Verified("avatars/7"))
	// Output:
	// me.png false
	// 1 true
}
