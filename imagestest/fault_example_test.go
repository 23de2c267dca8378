package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// The response to a create is lost after the draft was created. The library does not
// retry such a call, and reports that its outcome is unknown.
func ExampleServer_Inject() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{
		Operation: imagestest.OpCreate,
		At:        imagestest.AfterCommit,
		Kind:      imagestest.Reset{},
	})

	_, err := srv.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})

	fmt.Println(errors.Is(err, cfimages.ErrOutcomeUnknown), len(srv.Images()))
	// Output: true 1
}

// An outage: the second request and all that follow fail.
func ExampleFault() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{
		Operation: imagestest.OpStats,
		Call:      1, // counted from 0
		Times:     imagestest.Always,
		Kind:      imagestest.EdgePage(503),
	})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	for range 3 {
		_, err := client.ImagesV1.Stats(context.Background())
		fmt.Println(err == nil)
	}
	// Output:
	// true
	// false
	// false
}

// An outage ends, and the next call succeeds.
func ExampleServer_RemoveFaults() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpStats, Times: imagestest.Always, Kind: imagestest.EdgePage(503)})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	_, err := client.ImagesV1.Stats(context.Background())
	fmt.Println(err == nil)

	srv.RemoveFaults()
	_, err = client.ImagesV1.Stats(context.Background())
	fmt.Println(err == nil)
	// Output:
	// false
	// true
}

// A test that ends with unused faults did not test what it claims.
func ExampleServer_Unused() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Times: 3, Kind: imagestest.EdgePage(502)})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2}))

	if err := client.ImagesV1.Delete(context.Background(), "photo"); err == nil {
		log.Fatal("the outage was not noticed")
	}
	for _, fault := range srv.Unused() {
		fmt.Println(fault.Operation, "unused:", fault.Times)
	}
	// Output: ImagesV1.Delete unused: 1
}

// Cloudflare's edge fails twice, and the library retries.
func ExampleEdgePage() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Times: 2, Kind: imagestest.EdgePage(502)})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond}))

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(err, srv.Count(imagestest.OpList))
	// Output: <nil> 3
}

func ExampleRefusal() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpUpdate, Kind: imagestest.Refusal(403)})

	_, err := srv.Client().ImagesV1.Update(context.Background(), "photo", cfimages.UpdateParams{Creator: new("alice")})

	fmt.Println(errors.Is(err, cfimages.ErrForbidden))
	// Output: true
}

// Add a header: how long the caller must wait.
func ExampleReply_With() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Refusal(429).With("Retry-After", "70")})

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	if limited, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(limited.RetryAfter)
	}
	// Output: 1m10s
}

// A response that is not what the API sends.
func ExampleReply() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Reply{Body: `{"success":true,"result":null}`}})

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(errors.Is(err, cfimages.ErrMalformedResponse))
	// Output: true
}

// A response that is larger than the library accepts.
func ExampleBomb() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.Bomb{Size: 8 << 20}})

	_, err := srv.Client().ImagesV1.Get(context.Background(), "photo")

	fmt.Println(errors.Is(err, cfimages.ErrResponseTooLarge))
	// Output: true
}

// The connection is closed in the middle of a page. The library retries, and yields no
// image twice.
func ExampleMidBody() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "a"}, cfimages.Image{ID: "b"})
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, At: imagestest.MidBody(300), Kind: imagestest.Cut{}})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2}))

	for img, err := range client.ImagesV2.All(context.Background(), cfimages.ListParams{}) {
		fmt.Println(img.ID, err)
	}
	fmt.Println(srv.Count(imagestest.OpList), "requests")
	// Output:
	// b <nil>
	// a <nil>
	// 2 requests
}

// A response that is ten bytes shorter than its Content-Length.
func ExampleWrongLength() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpStats, Kind: imagestest.WrongLength{By: 10}})
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	_, err := client.ImagesV1.Stats(context.Background())

	fmt.Println(err != nil)
	// Output: true
}

// The server does not respond. The timeout of the attempt ends it.
func ExampleStall() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpStats, Kind: imagestest.Stall{}})
	client := srv.Client(
		cfimages.WithRequestTimeout(10*time.Millisecond),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	)

	_, err := client.ImagesV1.Stats(context.Background())

	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true
}

// A slow response: the deadline of the caller passes before it is complete.
func ExampleSlow() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpStats, Kind: imagestest.Slow{Every: time.Minute}})

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := srv.Client().ImagesV1.Stats(ctx)

	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// The connection is lost before an upload is read. The library does not know how much
// of it the server has processed.
func ExampleReset() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpUploadImage, Kind: imagestest.Reset{}})

	_, err := srv.Client().ImagesV1.Upload(context.Background(), cfimages.File{Body: strings.NewReader(png)}, cfimages.UploadParams{})

	fmt.Println(errors.Is(err, cfimages.ErrOutcomeUnknown), len(srv.Images()))
	// Output: true 0
}

// A list that would never end.
func ExampleRepeatToken() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.Seed(30, func(int) cfimages.Image { return cfimages.Image{} })
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.RepeatToken{}})

	for _, err := range srv.Client().ImagesV2.All(context.Background(), cfimages.ListParams{PerPage: 10}) {
		if err != nil {
			fmt.Println(errors.Is(err, cfimages.ErrTokenLoop))
		}
	}
	// Output: true
}

// A page without images is not the end of a list.
func ExampleEmptyPage() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EmptyPage{}})

	for page, err := range srv.Client().ImagesV2.Pages(context.Background(), cfimages.ListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Images))
	}
	// Output:
	// 0
	// 1
}
