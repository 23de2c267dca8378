package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// An *Error has the status, Cloudflare's error codes and the ray ID.
func ExampleError() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client(cfimages.WithAPIToken("expired-token"))

	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{})
	if failed, ok := errors.AsType[*cfimages.Error](err); ok {
		fmt.Println(failed.Op, failed.StatusCode, failed.Errors[0], failed.RayID != "")
	}
	fmt.Println(errors.Is(err, cfimages.ErrUnauthorized))
	// Output:
	// ImagesV2.List 401 Authentication error (code 10000) true
	// true
}

// Return a status to the clients of a backend, by the error of a call.
func ExampleError_Is() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	status := http.StatusOK
	_, err := server.Client().ImagesV1.Get(context.Background(), "photo-9")
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams), errors.Is(err, cfimages.ErrBadRequest):
		status = http.StatusBadRequest
	case errors.Is(err, cfimages.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, cfimages.ErrRateLimited):
		status = http.StatusServiceUnavailable
	case err != nil: // including ErrUnauthorized and ErrForbidden, which concern the backend's own token
		status = http.StatusBadGateway
	}
	fmt.Println(status)
	// Output: 404
}

// slog logs the fields of an *Error as a group.
func ExampleError_LogValue() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	_, err := server.Client().ImagesV1.Get(context.Background(), "photo-9")

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	logger.Error("no picture", "err", err)
	// Output:
	// level=ERROR msg="no picture" err.op=ImagesV1.Get err.status=404 err.attempts=1 err.code=5404
}

// withoutTime removes what differs between runs from the log of an example.
func withoutTime(_ []string, attr slog.Attr) slog.Attr {
	switch attr.Key {
	case slog.TimeKey, "ray_id", "message", "duration":
		return slog.Attr{}
	}
	return attr
}

// Invalid parameters are rejected before a request is sent. The error joins a
// *ParamError for each of them.
func ExampleParamError() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	_, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{
		ID:        "/photo",
		ExpiresIn: time.Minute,
	})
	fmt.Println(errors.Is(err, cfimages.ErrInvalidParams))
	fmt.Println(err)
	// Output:
	// true
	// cfimages: ID: must not start or end with a slash: "/photo"
	// cfimages: ExpiresIn: must be between 2 minutes and 6 hours from now, got 1m0s
}

// The response to a create was lost. With a custom ID the draft can be found, but not
// its upload URL: delete the draft, and create it again. Do not delete an image: it may
// have had the ID before.
func ExampleDirectUploads_Create_outcomeUnknown() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterCommit, Kind: imagestest.Reset{}})
	client, ctx := server.Client(), context.Background()
	params := cfimages.DirectUploadParams{ID: "users/alice/avatar"}

	upload, err := client.DirectUploads.Create(ctx, params)
	if errors.Is(err, cfimages.ErrOutcomeUnknown) {
		img, getErr := client.ImagesV1.Get(ctx, params.ID)
		if getErr == nil && img.Draft {
			getErr = client.ImagesV1.Delete(ctx, params.ID)
		}
		if getErr == nil || errors.Is(getErr, cfimages.ErrNotFound) {
			upload, err = client.DirectUploads.Create(ctx, params) // ErrConflict if it is an image
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(upload.ID, len(server.Images()))
	// Output: users/alice/avatar 1
}

// Without a custom ID, a unique value in the metadata finds an image whose upload has
// an unknown outcome.
func ExampleImagesV1_UploadFromURL_outcomeUnknown() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpUploadImage, At: imagestest.AfterCommit, Kind: imagestest.Reset{}})
	client, ctx := server.Client(), context.Background()
	server.ServeSource("https://example.com/cat.png", []byte(png))

	order := "7d1f6a52" // unique to this upload
	params := cfimages.UploadParams{Metadata: map[string]string{"order": order}}
	img, err := client.ImagesV1.UploadFromURL(ctx, "https://example.com/cat.png", params)
	if errors.Is(err, cfimages.ErrOutcomeUnknown) {
		filter := cfimages.Where(cfimages.Eq("order", order))
		for found, listErr := range client.ImagesV2.All(ctx, cfimages.ListParams{Meta: filter}) {
			img, err = &found, listErr
			break
		}
	}
	if err != nil {
		log.Fatal(err) // still ErrOutcomeUnknown if the list has no such image
	}
	fmt.Println(img.Filename)
	// Output: cat.png
}

// A backend passes continuation tokens to its own clients. A token that Cloudflare
// does not accept is an error of the client, and any other error is an outage.
func ExampleImagesV2_List_badRequest() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	cursor := "from-an-old-bookmark" // a query parameter of the backend's client
	_, err := server.Client().ImagesV2.List(context.Background(), cfimages.ListParams{ContinuationToken: cursor})
	switch {
	case errors.Is(err, cfimages.ErrBadRequest):
		fmt.Println(http.StatusBadRequest, "start again without a cursor")
	case err != nil:
		fmt.Println(http.StatusBadGateway)
	}
	// Output: 400 start again without a cursor
}

// The rate limit is reached, and its window ends later than the retry policy allows to
// wait. RetryAfter is the time to wait before a retry. Attempts is 0 because no request
// was sent.
func ExampleError_rateLimited() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1, 5*time.Minute))
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	if _, err := client.ImagesV2.List(ctx, cfimages.ListParams{}); err != nil {
		log.Fatal(err)
	}

	_, err := client.ImagesV2.List(ctx, cfimages.ListParams{})
	if limited, ok := errors.AsType[*cfimages.Error](err); ok && errors.Is(err, cfimages.ErrRateLimited) {
		fmt.Println("attempts:", limited.Attempts, "retry after:", limited.RetryAfter.Round(time.Minute))
	}
	// Output: attempts: 0 retry after: 5m0s
}
