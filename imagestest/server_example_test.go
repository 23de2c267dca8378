package imagestest_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleNewServer() {
	srv := imagestest.NewServer() // listens on a free port of the loopback interface
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})

	img, err := srv.Client().ImagesV1.Get(context.Background(), "beach")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID)
	// Output: beach
}

// Options of the client override those for the test server: here a read-only token,
// and no retries.
func ExampleServer_Client() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Account(imagestest.AccountID).AddToken("viewer", imagestest.Read)
	client := srv.Client(
		cfimages.WithAPIToken("viewer"),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	)

	stats, err := client.ImagesV1.Stats(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Current, "images")
	// Output: 0 images
}

// Configure a program that is tested as a process of its own, in any language.
func ExampleServer_URL() {
	srv := imagestest.NewServer()
	defer srv.Close()

	env := []string{ // for the Env of an exec.Cmd
		"CLOUDFLARE_BASE_URL=" + srv.URL(),
		"CLOUDFLARE_ACCOUNT_ID=" + imagestest.AccountID,
		"CLOUDFLARE_API_TOKEN=" + imagestest.APIToken,
	}
	fmt.Println(len(env), strings.HasSuffix(srv.URL(), "/client/v4"))
	// Output: 3 true
}

// Check that a program uses the batch host. A client that Server.Client did not make
// gets BatchURL by cfimages.WithBatchBaseURL.
func ExampleServer_BatchURL() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})

	client := srv.Client(cfimages.WithBatchAPI())
	if _, err := client.ImagesV1.Get(context.Background(), "beach"); err != nil {
		log.Fatal(err)
	}
	for _, r := range srv.Requests() {
		fmt.Println(r.Operation, r.Batch)
	}
	// Output:
	// ImagesV1.BatchToken false
	// ImagesV1.Get true
}

// Get an image as a browser does. A private image needs a signed URL.
func ExampleServer_HTTPClient() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})
	plain := srv.Images()[0].Variants[0]
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign(plain, time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}

	for _, url := range []string{plain, signed} {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 401 Unauthorized
	// 200 OK
}

// Mount the server together with the other handlers of a test.
func ExampleServer_Handler() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	web := httptest.NewServer(srv.Handler())
	defer web.Close()

	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(web.URL+"/client/v4"),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
	)
	if err != nil {
		log.Fatal(err)
	}
	img, err := client.ImagesV1.Get(context.Background(), "beach")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID, strings.HasPrefix(img.Variants[0], web.URL))
	// Output: beach true
}

// Check how many connections a program makes.
func ExampleServer_Connections() {
	srv := imagestest.NewServer()
	defer srv.Close()
	client := srv.Client()

	for range 10 {
		if _, err := client.ImagesV1.Stats(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(srv.Connections())
	// Output: 1
}

// Request an image as a browser does, at the URL that the program puts into its pages.
func ExampleServer_Delivery() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})

	link, err := srv.Delivery().URL("beach", "public")
	if err != nil {
		log.Fatal(err)
	}
	resp, err := srv.HTTPClient().Get(link)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"))
	// Output: 200 image/png
}
