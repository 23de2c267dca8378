package imagestest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Serve HTTP/2 over TLS, as Cloudflare does.
func ExampleWithHTTP2() {
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()

	if _, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Requests()[0].Proto)
	// Output: HTTP/2.0
}

// Accept at most ten requests at a time on each connection.
func ExampleWithMaxConcurrentStreams() {
	srv := imagestest.NewServer(imagestest.WithHTTP2(), imagestest.WithMaxConcurrentStreams(10))
	defer srv.Close()

	if _, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Connections())
	// Output: 1
}

// A graceful shutdown: the request gets its response, and the next one needs a new
// connection.
func ExampleGoAway() {
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.GoAway{}})
	client := srv.Client()

	for range 2 {
		if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(srv.Count(imagestest.OpList), "requests,", srv.Connections(), "connections")
	// Output: 2 requests, 2 connections
}

// The server rejects the request before processing it, so every request can be
// retried.
func ExampleResetStream() {
	const refusedStream = 7
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, Kind: imagestest.ResetStream{Code: refusedStream}})

	_, err := srv.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})

	fmt.Println(err, srv.Count(imagestest.OpCreate), srv.Connections())
	// Output: <nil> 2 1
}

// A connection that fails silently: requests on it get no response, and new
// connections work.
func ExampleBlackhole() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	srv.Inject(imagestest.Fault{Operation: imagestest.OpDeliver, Kind: imagestest.Blackhole{}})
	url := srv.Images()[0].Variants[0]

	client := srv.HTTPClient()
	client.Timeout = 50 * time.Millisecond
	_, err := client.Get(url)
	fmt.Println(err != nil)

	client.Timeout = 0
	resp, err := client.Get(url) // on a new connection
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode == http.StatusOK, srv.Connections())
	// Output:
	// true
	// true 2
}
