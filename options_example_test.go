package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Authenticate with an e-mail address and the global API key, instead of an API token.
// Without the option, they are taken from CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY.
func ExampleWithAPIKey() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, err := cfimages.NewClient(
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIKey(imagestest.Email, imagestest.APIKey),
		cfimages.WithBaseURL(server.URL()),           // only for this test
		cfimages.WithHTTPClient(server.HTTPClient()), // only for this test
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Images), "images")
	// Output: 0 images
}

// A secret store rotates the API token. The source returns the current one, and the
// program needs no restart.
func ExampleWithTokenSource() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo"})
	var secret string // a file or a secret store, in a program
	client := server.Client(cfimages.WithTokenSource(func(context.Context) (string, error) {
		return secret, nil
	}))

	for _, token := range []string{"token-of-february", "token-of-march"} {
		secret = token
		server.Account(imagestest.AccountID).AddToken(token, imagestest.Read)
		img, err := client.ImagesV1.Get(context.Background(), "photo")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.ID)
	}
	// Output:
	// photo
	// photo
}

// Send the requests to a test server. The environment variable CLOUDFLARE_BASE_URL
// does the same without a change of the program.
func ExampleWithBaseURL() {
	server := imagestest.NewServer()
	defer server.Close()
	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(server.URL()), // http://127.0.0.1:<port>/client/v4
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
	)
	if err != nil {
		log.Fatal(err)
	}
	stats, err := client.ImagesV1.Stats(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Current, "images")
	// Output: 0 images
}

// Plain http to a host that is not a loopback host, such as a container of a test,
// needs WithInsecureHTTP.
func ExampleWithInsecureHTTP() {
	options := []cfimages.Option{
		cfimages.WithBaseURL("http://images.test:8787/client/v4"),
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
	}
	_, err := cfimages.NewClient(options...)
	fmt.Println(errors.Is(err, cfimages.ErrInvalidParams))

	_, err = cfimages.NewClient(append(options, cfimages.WithInsecureHTTP())...)
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// While a user waits for a response, a call should fail early: at most two attempts,
// with a short wait between them. MaxWait is 0, so if the server requests a wait, the
// call fails.
func ExampleWithRetryPolicy() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Times: imagestest.Always, Kind: imagestest.EdgePage(502)})
	client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if failed, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(failed.StatusCode, "after", failed.Attempts, "attempts")
	}
	// Output: 502 after 2 attempts
}

// A job over many images waits for the rate limit rather than fails.
func ExampleDefaultRetryPolicy() {
	policy := cfimages.DefaultRetryPolicy()
	policy.MaxWait = 5 * time.Minute // the window of the rate limit
	client, err := cfimages.NewClient(
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithRetryPolicy(policy),
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client != nil)
	// Output: true
}

// The timeout of an attempt matches os.ErrDeadlineExceeded. The deadline of the
// caller's context matches context.DeadlineExceeded.
func ExampleWithRequestTimeout() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Stall{}})
	client := server.Client(
		cfimages.WithRequestTimeout(10*time.Millisecond),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}), // one attempt
	)

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded))
	// Output: true false
}

// Disable the prefetch of pages for a loop that often ends early.
func ExampleWithPrefetch() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(1000, func(int) cfimages.Image { return cfimages.Image{} })
	client := server.Client(cfimages.WithPrefetch(false))

	images := 0
	for _, err := range client.ImagesV2.All(context.Background(), cfimages.ListParams{PerPage: 200}) {
		if err != nil {
			log.Fatal(err)
		}
		if images++; images == 300 {
			break
		}
	}
	fmt.Println(server.Count(imagestest.OpList), "pages")
	// Output: 2 pages
}

// Log each attempt, at the debug level.
func ExampleWithLogger() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "photo"})
	server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Kind: imagestest.EdgePage(503)})

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			switch attr.Key {
			case "op", "path", "status", "attempt":
				return attr
			}
			return slog.Attr{} // only so that the example always prints the same
		},
	}))
	client := server.Client(cfimages.WithLogger(logger), cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2}))
	if _, err := client.ImagesV1.Get(context.Background(), "photo"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// op=ImagesV1.Get path=images/v1/{id} status=503 attempt=1
	// op=ImagesV1.Get path=images/v1/{id} status=200 attempt=2
}

// Log each attempt in a CI job, if the job runs in debug mode. GitHub Actions sets
// RUNNER_DEBUG then; other systems have similar variables. The records have no
// credentials, image IDs or upload URLs.
func ExampleWithLogger_ci() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	level := slog.LevelWarn
	if os.Getenv("RUNNER_DEBUG") == "1" {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	client := server.Client(cfimages.WithLogger(logger))
	page, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Images), "images")
	// Output: 0 images
}

// Name a program in the User-Agent header, before the name of the library.
func ExampleWithUserAgent() {
	server := imagestest.NewServer()
	defer server.Close()
	printing := func(w http.ResponseWriter, r *http.Request) {
		product, _, _ := strings.Cut(r.UserAgent(), " ") // the library's own product follows
		fmt.Println(product)
		server.Handler().ServeHTTP(w, r)
	}
	api := httptest.NewServer(http.HandlerFunc(printing))
	defer api.Close()

	client := server.Client(cfimages.WithUserAgent("myapp/1.2"), cfimages.WithBaseURL(api.URL+"/client/v4"))
	if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: myapp/1.2
}
