package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Use connections in memory. The server then works in a bubble of testing/synctest, and
// the test needs no port.
func ExampleInMemory() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()

	_, err := srv.Client().ImagesV1.Stats(context.Background()) // only Client and HTTPClient reach the server
	fmt.Println(err)
	// Output: <nil>
}

// Reject a file that is too large, without a large file in the test.
func ExampleWithMaxFileSize() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithMaxFileSize(16))
	defer srv.Close()

	file := cfimages.File{Body: strings.NewReader(png + strings.Repeat("x", 16))}
	_, err := srv.Client().ImagesV1.Upload(context.Background(), file, cfimages.UploadParams{})

	if failed, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(failed.StatusCode/100 == 4, len(srv.Images()))
	}
	// Output: true 0
}

// Test a program that reaches the rate limit.
func ExampleWithRateLimit() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1, 5*time.Minute))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	for range 2 {
		_, err := client.ImagesV1.Stats(ctx)
		fmt.Println(errors.Is(err, cfimages.ErrRateLimited))
	}
	// Output:
	// false
	// true
}

// Delay each request, as a long way to Cloudflare does.
func ExampleWithLatency() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithLatency(20*time.Millisecond))
	defer srv.Close()

	start := time.Now()
	if _, err := srv.Client().ImagesV1.Stats(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Since(start) >= 20*time.Millisecond)
	// Output: true
}

// Test that a program gets a new batch token in time.
func ExampleWithBatchTokenLifetime() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithBatchTokenLifetime(10*time.Minute))
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	client := srv.Client(cfimages.WithBatchAPI())

	for range 2 {
		if _, err := client.ImagesV1.Get(context.Background(), "beach"); err != nil {
			log.Fatal(err)
		}
		srv.Clock().Advance(10 * time.Minute)
	}
	fmt.Println(srv.Count(imagestest.OpBatchToken), "batch tokens")
	// Output: 2 batch tokens
}

// Respond to one-time uploads as Cloudflare's local simulator does, without the details
// of the image.
func ExampleWithSimulatorReplies() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithSimulatorReplies())
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	created, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "beach"})
	if err != nil {
		log.Fatal(err)
	}

	img, err := client.DirectUploads.Upload(ctx, created.UploadURL, cfimages.File{Name: "beach.png", Body: strings.NewReader(png)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %q\n", img.ID, img.Filename)
	// Output: beach ""
}

// Accept only documented parameters of a list.
func ExampleEnforce() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.Enforce(imagestest.RefuseUnknownParams))
	defer srv.Close()
	req, err := http.NewRequest(http.MethodGet, srv.URL()+"/accounts/"+imagestest.AccountID+"/images/v2?page=2", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)

	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 400
}

// Accept a form field that is not documented.
func ExampleIgnore() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.Ignore(imagestest.RefuseUnknownFields))
	defer srv.Close()
	form := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b--\r\n"
	req, err := http.NewRequest(http.MethodPost, srv.URL()+"/accounts/"+imagestest.AccountID+"/images/v2/direct_upload", strings.NewReader(form))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")

	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

// Add a variant that shows private images without a signature.
func ExampleWithVariants() {
	srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithVariants(
		imagestest.Variant{Name: "thumbnail", NeverRequireSignedURLs: true},
	))
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})

	for _, url := range srv.Images()[0].Variants {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(path.Base(url), resp.StatusCode)
	}
	// Output:
	// public 401
	// thumbnail 200
}
