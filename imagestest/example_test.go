package imagestest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// What an upload handler does: it hands out a URL, and later looks whether the
// upload has come.
func Example() {
	srv := imagestest.NewServer()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	created, _ := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "avatars/7", Creator: "user-7"})
	file := cfimages.File{Name: "me.png", Body: strings.NewReader("\x89PNG\r\n\x1a\n")}
	_, _ = new(cfimages.Uploader).Upload(ctx, created.UploadURL, file) // the user's device
	img, _ := client.ImagesV1.Get(ctx, "avatars/7")

	fmt.Println(img.Filename, img.Draft)
	fmt.Println(srv.Count(imagestest.OpCreate), srv.Verified("avatars/7"))
	// Output:
	// me.png false
	// 1 true
}

// A user who takes too long: the clock is moved past the link's expiry.
func ExampleClock_Advance() {
	srv := imagestest.NewServer()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	created, _ := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ExpiresIn: time.Hour})
	srv.Clock().Advance(time.Hour)
	_, err := client.DirectUploads.Upload(ctx, created.UploadURL, cfimages.File{Body: strings.NewReader("\x89PNG\r\n\x1a\n")})

	fmt.Println(errors.Is(err, cfimages.ErrGone))
	// Output: true
}

// A gallery: images are stored first, and the filters that were sent are checked.
func ExampleServer_Requests() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(
		cfimages.Image{ID: "shown", Meta: []byte(`{"status":"active"}`)},
		cfimages.Image{ID: "hidden", Meta: []byte(`{"status":"deleted"}`)},
	)

	page, _ := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{
		Meta: cfimages.Where(cfimages.Eq("status", "active")),
	})

	fmt.Println(page.Images[0].ID, len(page.Images))
	fmt.Println(srv.Requests()[0].Filters())
	// Output:
	// shown 1
	// [status[eq:string]=active]
}

// A backend that must cope with being told to slow down.
func ExampleWithRateLimit() {
	srv := imagestest.NewServer(imagestest.WithRateLimit(1, 5*time.Minute))
	defer srv.Close()
	client := srv.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	ctx := context.Background()

	_, first := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
	_, second := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})

	fmt.Println(first, errors.Is(second, cfimages.ErrRateLimited), len(srv.Images()))
	// Output: <nil> true 1
}

// The Batch API, by plain HTTP: a token is asked for on one host, and used on the other.
func ExampleServer_BatchURL() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "a"})
	ask := func(url, token string) (reply struct{ Result struct{ ID, Token string } }) {
		req, _ := http.NewRequest(http.MethodGet, url, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return reply
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
			fmt.Println(err)
		}
		return reply
	}

	token := ask(srv.URL()+"/accounts/"+imagestest.AccountID+"/images/v1/batch_token", imagestest.APIToken).Result.Token
	fmt.Println(ask(srv.BatchURL()+"/images/v1/a", token).Result.ID)
	for _, r := range srv.Requests() {
		fmt.Println(r.Operation, r.Batch)
	}
	// Output:
	// a
	// ImagesV1.BatchToken false
	// ImagesV1.Get true
}

// A private image: only a signed URL shows it.
func ExampleServer_HTTPClient() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{RequireSignedURLs: true})
	plain := srv.Images()[0].Variants[0]
	signer, _ := cfimages.NewURLSigner(imagestest.SigningKey)
	signed, _ := signer.Sign(plain, time.Now().Add(time.Hour))

	for _, url := range []string{plain, signed} {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.StatusCode == http.StatusOK)
	}
	// Output:
	// 401 false
	// 200 true
}

// Many images, made one at a time: the walk over them takes several pages.
func ExampleServer_Seed() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Seed(2500, func(i int) cfimages.Image {
		return cfimages.Image{Filename: fmt.Sprintf("%04d.png", i)}
	})

	count := 0
	for _, err := range srv.Client().ImagesV2.All(context.Background(), cfimages.ListParams{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		count++
	}

	fmt.Println(count, srv.Count(imagestest.OpList))
	// Output: 2500 3
}

// A reply that gets lost after the draft was made: the library does not repeat
// the call, and says that it does not know.
func ExampleServer_Inject() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Inject(imagestest.Fault{
		Operation: imagestest.OpCreate,
		At:        imagestest.AfterCommit,
		Kind:      imagestest.Reset{},
	})

	_, err := srv.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})

	fmt.Println(errors.Is(err, cfimages.ErrOutcomeUnknown), len(srv.Images()))
	fmt.Println(srv.Count(imagestest.OpCreate), len(srv.Unused()))
	// Output:
	// true 1
	// 1 0
}

// An outage: two calls fail at Cloudflare's edge, which the library outlasts.
func ExampleEdgePage() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Times: 2, Kind: imagestest.EdgePage(502)})

	policy := cfimages.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond}
	_, err := srv.Client(cfimages.WithRetryPolicy(policy)).ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(err, srv.Count(imagestest.OpList))
	// Output: <nil> 3
}

// Times are compared exactly when the clock stands still.
func ExampleNewClock() {
	clock := imagestest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	srv := imagestest.NewServer(imagestest.WithClock(clock))
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "older"})
	clock.Advance(time.Hour)
	srv.AddImages(cfimages.Image{ID: "newer"})

	page, _ := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	fmt.Println(page.Images[0].ID, page.Images[0].Uploaded.Format(time.TimeOnly))
	// Output: newer 13:00:00
}

// A token that may only read: what it must not do is refused.
func ExampleServer_Account() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Account(imagestest.AccountID).AddToken("viewer", imagestest.Read)
	client := srv.Client(cfimages.WithAPIToken("viewer"))
	ctx := context.Background()

	_, read := client.ImagesV2.List(ctx, cfimages.ListParams{})
	_, write := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})

	fmt.Println(read, errors.Is(write, cfimages.ErrForbidden))
	// Output: <nil> true
}

// A page that breaks off: the walk asks for it again, and yields no image twice.
func ExampleMidBody() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "a"}, cfimages.Image{ID: "b"})
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, At: imagestest.MidBody(300), Kind: imagestest.Cut{}})

	policy := cfimages.RetryPolicy{MaxAttempts: 2}
	for img, err := range srv.Client(cfimages.WithRetryPolicy(policy)).ImagesV2.All(context.Background(), cfimages.ListParams{}) {
		fmt.Println(img.ID, err)
	}
	fmt.Println(srv.Count(imagestest.OpList))
	// Output:
	// b <nil>
	// a <nil>
	// 2
}

// A reply with a header: how long a caller is told to wait.
func ExampleReply_With() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Refusal(429).With("Retry-After", "70")})

	_, err := srv.Client().ImagesV2.List(context.Background(), cfimages.ListParams{})

	limited, _ := errors.AsType[*cfimages.Error](err)
	fmt.Println(limited.RetryAfter)
	// Output: 1m10s
}

// A test that ends with unused faults has not tested what it says.
func ExampleServer_Unused() {
	srv := imagestest.NewServer()
	defer srv.Close()
	srv.Inject(imagestest.Fault{Operation: imagestest.OpDelete, Times: 3, Kind: imagestest.EdgePage(502)})

	policy := cfimages.RetryPolicy{MaxAttempts: 2}
	_ = srv.Client(cfimages.WithRetryPolicy(policy)).ImagesV1.Delete(context.Background(), "photo")

	for _, fault := range srv.Unused() {
		fmt.Println(fault.Operation, "could have failed", fault.Times, "more time")
	}
	// Output: ImagesV1.Delete could have failed 1 more time
}

// The server beside the other handlers of a program's own test server.
func ExampleServer_Handler() {
	srv := imagestest.NewServer(imagestest.InMemory())
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach"})
	web := httptest.NewServer(srv.Handler())
	defer web.Close()

	client, _ := cfimages.NewClient(
		cfimages.WithBaseURL(web.URL+"/client/v4"),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
	)
	img, err := client.ImagesV1.Get(context.Background(), "beach")
	fmt.Println(img.ID, strings.HasPrefix(img.Variants[0], web.URL), err)
	// Output: beach true <nil>
}
