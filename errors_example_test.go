package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// The response to a create was lost. With a custom ID the draft can be found, but not
// its URL: it is deleted, if there is one, and made again.
func ExampleErrOutcomeUnknown() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterCommit, Kind: imagestest.Reset{}})
	client, ctx := server.Client(), context.Background()
	params := cfimages.DirectUploadParams{ID: "users/alice/avatar"}

	upload, err := client.DirectUploads.Create(ctx, params)
	if errors.Is(err, cfimages.ErrOutcomeUnknown) {
		err = client.ImagesV1.Delete(ctx, params.ID)
		if err == nil || errors.Is(err, cfimages.ErrNotFound) {
			upload, err = client.DirectUploads.Create(ctx, params)
		}
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(upload.ID, len(server.Images()))
	// Output:
	// users/alice/avatar 1
}

// A backend passes the continuation tokens of Cloudflare on to its own clients. One
// that comes back and is not accepted any more is the fault of the client, and the
// list begins anew; any other error is an outage.
func ExampleErrBadRequest() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()

	cursor := "from-a-bookmark-of-last-year"
	_, err := client.ImagesV2.List(context.Background(), cfimages.ListParams{ContinuationToken: cursor})
	switch {
	case errors.Is(err, cfimages.ErrBadRequest):
		fmt.Println(http.StatusBadRequest, "start again without a cursor")
	case err != nil:
		fmt.Println(http.StatusBadGateway, err)
	}
	// Output:
	// 400 start again without a cursor
}

// The quota is spent and its window is long: the call is not even sent.
func ExampleErrRateLimited() {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1, 5*time.Minute))
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	if _, err := client.ImagesV2.List(ctx, cfimages.ListParams{}); err != nil {
		fmt.Println(err)
		return
	}
	_, err := client.ImagesV2.List(ctx, cfimages.ListParams{})
	if limited, ok := errors.AsType[*cfimages.Error](err); ok && errors.Is(err, cfimages.ErrRateLimited) {
		fmt.Println("attempts:", limited.Attempts, "wait for minutes:", limited.RetryAfter > 4*time.Minute)
	}
	// Output:
	// attempts: 0 wait for minutes: true
}

// slog prints the fields of an Error, not only its text.
func ExampleError_LogValue() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	_, err := server.Client().ImagesV1.Get(context.Background(), "no-such-image")

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if attr.Key == "ray_id" || attr.Key == "message" || len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
	logger.Error("no picture", "err", err)
	// Output:
	// level=ERROR msg="no picture" err.op=ImagesV1.Get err.status=404 err.attempts=1 err.code=5404
}
