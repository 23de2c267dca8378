package cfimages_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Rotate a signing key.
func ExampleSigningKeys() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	// Create a new key, and let all programs sign with it.
	key, err := client.SigningKeys.Create(ctx, "2027")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := key.Signer()
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign("https://imagedelivery.net/hash/cat/public", time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(signed, "&sig="))

	// Delete the old key after the last URL that was signed with it has expired.
	if err := client.SigningKeys.Delete(ctx, "default"); err != nil {
		log.Fatal(err)
	}
	keys, err := client.SigningKeys.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(keys), keys[0].Name)
	// Output:
	// true
	// 1 2027
}

// The value of a key is a secret. Printing, logging and encoding a SigningKey leave
// it out.
func ExampleSigningKeys_List() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	keys, err := server.Client().SigningKeys.List(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range keys {
		fmt.Println(key.Name, strings.Contains(fmt.Sprint(key), key.Value()))
	}
	// Output: default false
}

// Create a key, and store its value where the programs that sign find it.
func ExampleSigningKeys_Create() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	key, err := server.Client().SigningKeys.Create(context.Background(), "2027")
	if err != nil {
		log.Fatal(err)
	}
	secrets := map[string]string{key.Name: key.Value()} // a secret store, in a program
	fmt.Println(len(secrets["2027"]) > 0)
	// Output: true
}

func ExampleSigningKeys_Delete() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	if _, err := client.SigningKeys.Create(ctx, "2027"); err != nil {
		log.Fatal(err)
	}

	if err := client.SigningKeys.Delete(ctx, "default"); err != nil {
		log.Fatal(err)
	}
	keys, err := client.SigningKeys.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(keys), keys[0].Name)
	// Output: 1 2027
}

// Sign the URLs of private images with a key of the account.
func ExampleSigningKey_Signer() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "private", RequireSignedURLs: true})
	client, ctx := server.Client(), context.Background()

	keys, err := client.SigningKeys.List(ctx) // once, at the start of the program
	if err != nil {
		log.Fatal(err)
	}
	signer, err := keys[0].Signer()
	if err != nil {
		log.Fatal(err)
	}
	img, err := client.ImagesV1.Get(ctx, "private")
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign(img.Variants[0], time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := server.HTTPClient().Get(signed)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode == http.StatusOK)
	// Output: true
}
