// Command cfimages lists the first page of images with this library.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/cfimages/cfimages-go"
)

func main() {
	client, err := cfimages.NewClient()
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if err != nil {
		log.Fatal(err)
	}
	for _, image := range page.Images {
		fmt.Println(image.ID, image.Filename)
	}
}
