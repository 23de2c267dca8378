package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// album starts a server with five images, and returns a client for it.
func album() (*imagestest.Server, *cfimages.Client) {
	server := imagestest.NewServer(imagestest.InMemory())
	for i, status := range []string{"active", "active", "archived", "active", "archived"} {
		server.AddImages(cfimages.Image{
			ID:       fmt.Sprintf("photo-%d", i+1),
			Filename: fmt.Sprintf("photo-%d.png", i+1),
			Meta:     fmt.Appendf(nil, `{"status":%q,"rating":%d}`, status, i+1),
			Uploaded: time.Date(2026, 11, 1, 12, i, 0, 0, time.UTC),
		})
	}
	return server, server.Client()
}

func ExampleNewClient() {
	client, err := cfimages.NewClient(
		cfimages.WithAccountID("023e105f4ecef8ad9ca31a8372d0c353"), // or CLOUDFLARE_ACCOUNT_ID
		cfimages.WithAPIToken("token"),                             // or CLOUDFLARE_API_TOKEN
		cfimages.WithUserAgent("myapp/1.2"),
	)
	fmt.Println(client != nil, err)

	_, err = cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"), cfimages.WithBaseURL("http://example.com"))
	fmt.Println(err)
	// Output:
	// true <nil>
	// cfimages: WithBaseURL: must be https: plain http is allowed for loopback hosts, or with WithInsecureHTTP
}

func ExampleImagesV2_All() {
	server, client := album()
	defer server.Close()
	params := cfimages.ListParams{
		SortOrder: cfimages.SortAscending,
		Meta:      cfimages.Where(cfimages.Eq("status", "active"), cfimages.Gte("rating", 2)),
	}
	for img, err := range client.ImagesV2.All(context.Background(), params) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(img.ID, img.Filename)
	}
	// Output:
	// photo-2 photo-2.png
	// photo-4 photo-4.png
}

func ExampleImagesV2_List() {
	server, client := album()
	defer server.Close()
	page, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{PerPage: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d images, the newest is %s, more: %t\n", len(page.Images), page.Images[0].ID, page.ContinuationToken != "")
	// Output:
	// 5 images, the newest is photo-5, more: false
}

func ExampleImagesV2_Pages() {
	server, client := album()
	defer server.Close()
	for page, err := range client.ImagesV2.Pages(context.Background(), cfimages.ListParams{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(page.Images), "images")
	}
	// Output:
	// 5 images
}

// If a walk fails, its last element is a *PageError, from which another walk
// resumes without losing or repeating images.
func ExamplePageError() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(i int) cfimages.Image { return cfimages.Image{ID: fmt.Sprint("photo-", i)} })
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.EdgePage(502)}) // the second page fails
	client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))

	params := cfimages.ListParams{PerPage: 10}
	walked := 0
	for range 2 {
		for _, err := range client.ImagesV2.All(context.Background(), params) {
			if failed, ok := errors.AsType[*cfimages.PageError](err); ok {
				fmt.Println("stopped after", walked, "images")
				params.ContinuationToken, params.Skip = failed.ContinuationToken, failed.Yielded
				break
			}
			walked++
		}
	}
	fmt.Println(walked, "images in all")
	// Output:
	// stopped after 10 images
	// 25 images in all
}

func ExampleImage_DecodeMeta() {
	server, client := album()
	defer server.Close()
	img, err := client.ImagesV1.Get(context.Background(), "photo-3")
	if err != nil {
		fmt.Println(err)
		return
	}
	var meta struct {
		Status string `json:"status"`
		Rating int    `json:"rating"`
	}
	fmt.Println(img.DecodeMeta(&meta), meta.Status, meta.Rating)
	// Output:
	// <nil> archived 3
}

// A backend hands out a one-time URL, an app uploads to it without credentials,
// and the backend verifies that the image has come.
func ExampleDirectUploads_Create() {
	server := imagestest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	upload, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		ID:        "users/alice/avatar",
		Creator:   "alice",
		ExpiresIn: 10 * time.Minute,
		Metadata:  map[string]any{"kind": "avatar"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	draft, err := client.ImagesV1.Get(ctx, upload.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(draft.ID, "is a draft:", draft.Draft)

	var app cfimages.Uploader
	_, err = app.Upload(ctx, upload.UploadURL, cfimages.File{Name: "me.png", Body: strings.NewReader(tinyPNG)})
	if err != nil {
		fmt.Println(err)
		return
	}
	img, err := client.DirectUploads.Wait(ctx, upload.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.Filename, "of", img.Creator, "has come")

	_, err = app.Upload(ctx, upload.UploadURL, cfimages.File{Name: "again.png", Body: strings.NewReader(tinyPNG)})
	fmt.Println("used twice:", errors.Is(err, cfimages.ErrConflict))
	// Output:
	// users/alice/avatar is a draft: true
	// me.png of alice has come
	// used twice: true
}

func ExampleUploader_Upload() {
	server := imagestest.NewServer()
	defer server.Close()
	upload, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{ID: "logo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var uploader cfimages.Uploader
	img, err := uploader.Upload(context.Background(), upload.UploadURL, cfimages.File{
		Name:        "logo.png",
		ContentType: "image/png",
		Body:        strings.NewReader(tinyPNG),
		Progress:    func(sent, total int64) { fmt.Printf("%d of %d bytes\n", sent, total) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.ID)
	// Output:
	// 67 of 67 bytes
	// logo
}

// A context with a deadline ends the waiting for an upload that does not come.
func ExampleDirectUploads_Wait() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()
	upload, err := client.DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{ID: "late"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = client.DirectUploads.Wait(ctx, upload.ID)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true
}

// An unsuccessful response is an Error, with its status, Cloudflare's codes and the ray ID.
func ExampleError() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client(cfimages.WithAPIToken("not-the-token-of-this-account"))
	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if refused, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(refused.Op, refused.StatusCode, refused.Errors, refused.RayID != "")
	}
	fmt.Println(errors.Is(err, cfimages.ErrUnauthorized))
	// Output:
	// ImagesV2.List 401 [Authentication error (code 10000)] true
	// true
}

func ExampleClient_RateLimit() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(100, time.Minute))
	defer server.Close()
	client := server.Client()
	if _, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{}); err != nil {
		fmt.Println(err)
		return
	}
	limit := client.RateLimit()
	fmt.Println(limit.Remaining, "of", limit.Quota, "left in", limit.Window)
	// Output:
	// 99 of 100 left in 1m0s
}

// What is wrong with the parameters is found before anything is sent.
func ExampleParamError() {
	server, client := album()
	defer server.Close()
	_, err := client.DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{ID: "/photo", ExpiresIn: time.Minute})
	fmt.Println(errors.Is(err, cfimages.ErrInvalidParams))
	fmt.Println(err)
	// Output:
	// true
	// cfimages: ID: must not start or end with a slash: "/photo"
	// cfimages: ExpiresIn: must be between 2 minutes and 6 hours from now, got 1m0s
}

// tinyPNG is a picture of one pixel.
const tinyPNG = canned.PNG
