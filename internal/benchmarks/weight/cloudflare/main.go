// Command cloudflare lists the first page of images with the official SDK.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/images"
)

func main() {
	client := cloudflare.NewClient()
	page, err := client.Images.V2.List(context.Background(), images.V2ListParams{
		AccountID: cloudflare.F(os.Getenv("CLOUDFLARE_ACCOUNT_ID")),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, image := range page.Images {
		fmt.Println(image.ID, image.Filename)
	}
}
