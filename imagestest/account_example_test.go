package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Test a program with two accounts.
func ExampleServer_Account() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	acme := srv.Account("acme") // created when it is first used
	acme.AddToken("token-of-acme", imagestest.Write)
	acme.AddImages(cfimages.Image{ID: "logo"})

	client := srv.Client(cfimages.WithAccountID("acme"), cfimages.WithAPIToken("token-of-acme"))
	if err := client.ImagesV1.Delete(context.Background(), "logo"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(acme.ID(), "has", len(acme.Images()), "images")
	// Output: acme has 0 images
}

// Test a program with a token that may only read.
func ExampleAccount_AddToken() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Account(imagestest.AccountID).AddToken("viewer", imagestest.Read)
	client, ctx := srv.Client(cfimages.WithAPIToken("viewer")), context.Background()

	_, err := client.ImagesV2.List(ctx, cfimages.ListParams{})
	fmt.Println("list:", err)
	_, err = client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
	fmt.Println("create is forbidden:", errors.Is(err, cfimages.ErrForbidden))
	// Output:
	// list: <nil>
	// create is forbidden: true
}

// Test a program whose token is rotated while it runs.
func ExampleAccount_RemoveToken() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	account, secret := srv.Account(imagestest.AccountID), imagestest.APIToken
	client := srv.Client(cfimages.WithTokenSource(func(context.Context) (string, error) { return secret, nil }))

	account.RemoveToken(imagestest.APIToken)
	_, err := client.ImagesV1.Stats(context.Background())
	fmt.Println(errors.Is(err, cfimages.ErrUnauthorized))

	account.AddToken("new-token", imagestest.Write)
	secret = "new-token"
	_, err = client.ImagesV1.Stats(context.Background())
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleAccount_AddKey() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Account(imagestest.AccountID).AddKey("alice@example.com", "0123456789abcdef")

	client, err := cfimages.NewClient(
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIKey("alice@example.com", "0123456789abcdef"),
		cfimages.WithBaseURL(srv.URL()),
		cfimages.WithHTTPClient(srv.HTTPClient()),
	)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ImagesV1.Stats(context.Background())
	fmt.Println(err)
	// Output: <nil>
}

// Test a program that signs with a second key of the account.
func ExampleAccount_AddSigningKey() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Account(imagestest.AccountID).AddSigningKey("second-signing-key")
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})

	signer, err := cfimages.NewURLSigner("second-signing-key")
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign(srv.Images()[0].Variants[0], time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := srv.HTTPClient().Get(signed)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode == http.StatusOK)
	// Output: true
}

// Make delivery URLs of the server.
func ExampleAccount_Hash() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()

	delivery, err := cfimages.NewDelivery(srv.Account(imagestest.AccountID).Hash())
	if err != nil {
		log.Fatal(err)
	}
	link, err := delivery.URL("beach", "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://imagedelivery.net/TestHash-TestHash-Test/beach/public
}
