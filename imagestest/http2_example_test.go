package imagestest_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// HTTP/2 and TLS, as Cloudflare speaks them.
func ExampleWithHTTP2() {
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(err, srv.Requests()[0].Proto)
	// Output: <nil> HTTP/2.0
}

// A server that takes only a few requests at a time on each connection.
func ExampleWithMaxConcurrentStreams() {
	srv := imagestest.NewServer(imagestest.WithHTTP2(), imagestest.WithMaxConcurrentStreams(10))
	defer srv.Close()

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(err, srv.Connections())
	// Output: <nil> 1
}

// A server that restarts in good order: the response comes, and the next request
// needs a new connection.
func ExampleGoAway() {
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.GoAway{}})
	client := srv.Client()

	for range 2 {
		_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
		fmt.Println(err)
	}
	fmt.Println(srv.Count(imagestest.OpList), srv.Connections())
	// Output:
	// <nil>
	// <nil>
	// 2 2
}

// A request that the server refused before it did anything, so that it can be
// retried whatever it is.
func ExampleResetStream() {
	const refusedStream = 7
	srv := imagestest.NewServer(imagestest.WithHTTP2())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.ResetStream{Code: refusedStream}})

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(err, srv.Count(imagestest.OpList), srv.Connections())
	// Output: <nil> 2 1
}

// A connection that dies without a word: requests on it get no response, and new
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
	resp, err := client.Get(url) // HTTP/1.1 gives the connection up with its request
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode == http.StatusOK, srv.Connections())
	// Output:
	// true
	// true 2
}
