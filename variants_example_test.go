package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleVariants_Create() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	variant, err := server.Client().Variants.Create(context.Background(), cfimages.Variant{
		ID:         "thumbnail",
		Fit:        cfimages.FitCover,
		Width:      200,
		Height:     200,
		Metadata:   cfimages.MetadataNone,
		BrowserTTL: 24 * time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(variant.ID, variant.Width, variant.Height)
	// Output: thumbnail 200 200
}

// Create a variant at each start of a program. It is no error if the variant exists.
func ExampleVariants_Create_ifMissing() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	thumbnail := cfimages.Variant{ID: "thumbnail", Fit: cfimages.FitCover, Width: 200, Height: 200, Metadata: cfimages.MetadataNone}

	for range 2 {
		_, err := client.Variants.Get(ctx, thumbnail.ID)
		if errors.Is(err, cfimages.ErrNotFound) {
			_, err = client.Variants.Create(ctx, thumbnail)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(server.Count(imagestest.OpCreateVariant), "created")
	// Output: 1 created
}

func ExampleVariants_List() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithVariants(imagestest.Variant{Name: "thumbnail"}))
	defer server.Close()

	variants, err := server.Client().Variants.List(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range variants {
		fmt.Println(v.ID)
	}
	// Output:
	// public
	// thumbnail
}

func ExampleVariants_Get() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	variant, err := server.Client().Variants.Get(context.Background(), "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(variant.ID, variant.Fit)
	// Output: public scale-down
}

// Update replaces the whole variant. To change a part of it, change what Get returns.
func ExampleVariants_Update() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	variant, err := client.Variants.Get(ctx, "public")
	if err != nil {
		log.Fatal(err)
	}
	variant.Width = 1920
	variant, err = client.Variants.Update(ctx, *variant)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(variant.Width, variant.Fit)
	// Output: 1920 scale-down
}

func ExampleVariants_Delete() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithVariants(imagestest.Variant{Name: "thumbnail"}))
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if err := client.Variants.Delete(ctx, "thumbnail"); err != nil {
		log.Fatal(err)
	}
	_, err := client.Variants.Get(ctx, "thumbnail")
	fmt.Println(errors.Is(err, cfimages.ErrNotFound))
	// Output: true
}

// Enable flexible variants, which the URLs of Delivery.Transformed need.
func ExampleVariants_SetFlexible() {
	server := imagestest.NewServer() // resizes nothing, but checks the options
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})
	delivery := server.Delivery()

	link, err := delivery.Transformed("beach", cfimages.Transform{Width: 400})
	if err != nil {
		log.Fatal(err)
	}
	for _, on := range []bool{false, true} {
		if err := server.Client().Variants.SetFlexible(context.Background(), on); err != nil {
			log.Fatal(err)
		}
		resp, err := server.HTTPClient().Get(link)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode == 200)
	}
	// Output:
	// false
	// true
}
