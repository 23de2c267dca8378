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

func ExampleNewClient() {
	client, err := cfimages.NewClient(
		cfimages.WithAccountID("023e105f4ecef8ad9ca31a8372d0c353"), // or CLOUDFLARE_ACCOUNT_ID
		cfimages.WithAPIToken("token"),                             // or CLOUDFLARE_API_TOKEN
		cfimages.WithUserAgent("myapp/1.2"),
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client != nil)
	// Output: true
}

// An invalid option is an error of NewClient, not of the first call.
func ExampleNewClient_invalid() {
	_, err := cfimages.NewClient(
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token\n"), // read from a file, with the line break at its end
	)
	invalid, ok := errors.AsType[*cfimages.ParamError](err)
	fmt.Println(ok, invalid.Param)
	// Output: true WithAPIToken
}

// A client is for one account. A program that uses several accounts creates a client
// for each.
func ExampleNewClient_severalAccounts() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	accounts := map[string]string{"acme": "token-of-acme", "globex": "token-of-globex"}
	clients := make(map[string]*cfimages.Client)
	for id, token := range accounts {
		server.Account(id).AddToken(token, imagestest.Read)
		server.Account(id).AddImages(cfimages.Image{ID: "logo-of-" + id})
		clients[id] = server.Client(cfimages.WithAccountID(id), cfimages.WithAPIToken(token))
	}

	page, err := clients["acme"].ImagesV2.List(context.Background(), cfimages.ListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Images[0].ID)
	// Output: logo-of-acme
}

func ExampleClient_RateLimit() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(100, time.Minute))
	defer server.Close()
	client := server.Client()

	if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}
	limit := client.RateLimit()
	fmt.Println(limit.Remaining, "of", limit.Quota, "requests left in", limit.Window)
	// Output: 99 of 100 requests left in 1m0s
}
