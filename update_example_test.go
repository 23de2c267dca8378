package cfimages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Change one field of the metadata. Update replaces all of the metadata, so read it,
// change it, and write all of it. json.RawMessage keeps the other fields exactly as
// they are.
func ExampleImagesV1_Update() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo", Meta: []byte(`{"status":"pending","rating":3}`)})
	client, ctx := server.Client(), context.Background()

	img, err := client.ImagesV1.Get(ctx, "photo")
	if err != nil {
		log.Fatal(err)
	}
	meta := make(map[string]json.RawMessage)
	if err := img.DecodeMeta(&meta); err != nil {
		log.Fatal(err)
	}
	meta["status"] = json.RawMessage(`"reviewed"`)
	img, err = client.ImagesV1.Update(ctx, "photo", cfimages.UpdateParams{Metadata: meta})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", img.Meta)
	// Output: {"rating":3,"status":"reviewed"}
}

// Make an image private. The image gets a new ID: store it in place of the old one.
func ExampleImagesV1_Update_private() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{Filename: "cat.png"}) // with an ID that the server chooses
	oldID := server.Images()[0].ID

	img, err := server.Client().ImagesV1.Update(context.Background(), oldID, cfimages.UpdateParams{RequireSignedURLs: new(true)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Filename, img.RequireSignedURLs, img.ID != oldID)
	// Output: cat.png true true
}

// Set the creator, and leave the metadata and the access as they are.
func ExampleImagesV1_Update_creator() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo", Creator: "alice", Meta: []byte(`{"rating":3}`)})

	img, err := server.Client().ImagesV1.Update(context.Background(), "photo", cfimages.UpdateParams{Creator: new("bob")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %s\n", img.Creator, img.Meta)
	// Output: bob {"rating":3}
}
