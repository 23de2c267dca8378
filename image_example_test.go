package cfimages_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleImage_DecodeMeta() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo", Meta: []byte(`{"status":"archived","rating":3}`)})
	img, err := server.Client().ImagesV1.Get(context.Background(), "photo")
	if err != nil {
		log.Fatal(err)
	}

	var meta struct {
		Status string `json:"status"`
		Rating int    `json:"rating"`
	}
	if err := img.DecodeMeta(&meta); err != nil {
		log.Fatal(err)
	}
	fmt.Println(meta.Status, meta.Rating)
	// Output: archived 3
}
