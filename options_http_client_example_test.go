package cfimages_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// roundTripper is an http.RoundTripper made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Use a transport of your own, for example for tracing. Base it on a transport that
// checks idle HTTP/2 connections.
func ExampleWithHTTPClient() {
	server := imagestest.NewServer()
	defer server.Close()
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second}
	tracing := roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(req)
		if err == nil {
			fmt.Println(req.Method, resp.StatusCode)
		}
		return resp, err
	})

	client := server.Client(cfimages.WithHTTPClient(&http.Client{Transport: tracing}))
	if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: GET 200
}
