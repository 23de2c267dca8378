package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// A secret store rotates the token. The program goes on without a restart: the source
// returns what the store has at that time.
func ExampleWithTokenSource() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo"})
	var store string
	client := server.Client(cfimages.WithTokenSource(func(context.Context) (string, error) {
		return store, nil // from a file or a secret store, in a program
	}))

	for _, token := range []string{"token-of-february", "token-of-march"} {
		store = token
		server.Account(imagestest.AccountID).AddToken(token, imagestest.Read)
		img, err := client.ImagesV1.Get(context.Background(), "photo")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(img.ID)
	}
	// Output:
	// photo
	// photo
}

// A page view would rather fail soon than wait: two attempts, and no wait that the
// server asks for.
func ExampleWithRetryPolicy() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Times: imagestest.Always, Kind: imagestest.EdgePage(502)})
	client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if failed, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(failed.StatusCode, "after", failed.Attempts, "attempts")
	}
	// Output:
	// 502 after 2 attempts
}

// A long walk would rather wait for the rate limit's window to end than stop.
func ExampleDefaultRetryPolicy() {
	policy := cfimages.DefaultRetryPolicy()
	policy.MaxWait = 5 * time.Minute
	client, err := cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"), cfimages.WithRetryPolicy(policy))
	fmt.Println(client != nil, err)
	// Output:
	// true <nil>
}

// A server that says nothing is given up, which is not the caller's own deadline.
func ExampleWithRequestTimeout() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Stall{}})
	client := server.Client(cfimages.WithRequestTimeout(10*time.Millisecond), cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true false
}

// A loop that is often left early, and must not spend a request on a page that it
// does not look at.
func ExampleWithPrefetch() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(1000, func(int) cfimages.Image { return cfimages.Image{} })
	client := server.Client(cfimages.WithPrefetch(false))

	seen := 0
	for _, err := range client.ImagesV2.All(context.Background(), cfimages.ListParams{PerPage: 200}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if seen++; seen == 300 {
			break
		}
	}
	fmt.Println(server.Count(imagestest.OpList), "pages")
	// Output:
	// 2 pages
}

// One record for each attempt, without IDs and without secrets.
func ExampleWithLogger() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo-1"})
	server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.EdgePage(503)})

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			switch attr.Key {
			case "op", "path", "status", "attempt":
				return attr
			}
			return slog.Attr{} // what differs between runs
		},
	}))
	client := server.Client(cfimages.WithLogger(logger), cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2}))
	if _, err := client.ImagesV1.Get(context.Background(), "photo-1"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// op=ImagesV1.Get path=images/v1/{id} status=503 attempt=1
	// op=ImagesV1.Get path=images/v1/{id} status=200 attempt=2
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// What every request passes is the transport: a proxy, tracing, or this, which
// prints.
func ExampleWithHTTPClient() {
	server := imagestest.NewServer()
	defer server.Close()
	printing := roundTripper(func(req *http.Request) (*http.Response, error) {
		product, _, _ := strings.Cut(req.UserAgent(), " ")
		fmt.Println(req.Method, req.URL.Path[strings.Index(req.URL.Path, "/images"):], "by", product)
		return http.DefaultTransport.RoundTrip(req)
	})
	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(server.URL()),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
		cfimages.WithHTTPClient(&http.Client{Transport: printing}),
		cfimages.WithUserAgent("myapp/1.2"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// GET /images/v2 by myapp/1.2
}

// Thousands of calls go to the batch host, which does not count them against
// the account's rate limit.
func ExampleWithBatchAPI() {
	server := imagestest.NewServer()
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})

	client := server.Client(cfimages.WithBatchAPI()) // cfimages.NewClient in a program
	if err := client.ImagesV1.Delete(context.Background(), "beach"); err != nil {
		log.Fatal(err)
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Operation, r.Status)
	}
	// Output:
	// GET ImagesV1.BatchToken 200
	// DELETE ImagesV1.Delete 200
}

// Each client has a batch token of its own, so four of them make up to four
// times as many calls.
func ExampleWithBatchAPI_several() {
	server := imagestest.NewServer()
	defer server.Close()
	server.Seed(100, func(i int) cfimages.Image { return cfimages.Image{ID: fmt.Sprint("image-", i)} })
	ids := make(chan string, 100)
	for i := range 100 {
		ids <- fmt.Sprint("image-", i)
	}
	close(ids)

	var wg sync.WaitGroup
	for range 4 {
		client := server.Client(cfimages.WithBatchAPI())
		wg.Go(func() {
			for id := range ids {
				if err := client.ImagesV1.Delete(context.Background(), id); err != nil {
					log.Print(err)
				}
			}
		})
	}
	wg.Wait()
	fmt.Println(len(server.Images()), "images left")
	// Output: 0 images left
}

// Creator is a pointer since there are three questions: anybody's images, those of
// one creator, and those of none.
func ExampleListParams_creator() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "hers", Creator: "alice"}, cfimages.Image{ID: "nobodys"})
	client := server.Client()
	for _, creator := range []*string{nil, new("alice"), new("")} {
		page, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{Creator: creator, SortOrder: cfimages.SortAscending})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(page.Images), "first", page.Images[0].ID)
	}
	// Output:
	// 2 first hers
	// 1 first hers
	// 1 first nobodys
}
