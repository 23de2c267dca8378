package conformance_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// newClient returns a client that sends by transport, and does not retry unless
// opts say so.
func newClient(t testing.TB, transport http.RoundTripper, opts ...cfimages.Option) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(append([]cfimages.Option{
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithBaseURL("https://api.example/client/v4"),
		cfimages.WithHTTPClient(&http.Client{Transport: transport}),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// logTo makes a client log to w, as text.
func logTo(w io.Writer, level slog.Level) cfimages.Option {
	return cfimages.WithLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

// calls are one call of each kind whose success has a result.
func calls(client *cfimages.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"List": func(ctx context.Context) error {
			_, err := client.ImagesV2.List(ctx, cfimages.ListParams{})
			return err
		},
		"All": func(ctx context.Context) error {
			for _, err := range client.ImagesV2.All(ctx, cfimages.ListParams{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Get": func(ctx context.Context) error {
			_, err := client.ImagesV1.Get(ctx, "img")
			return err
		},
		"Create": func(ctx context.Context) error {
			_, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
			return err
		},
		"Upload": func(ctx context.Context) error {
			_, err := client.DirectUploads.Upload(ctx, "https://upload.example/hash/img", cfimages.File{Body: strings.NewReader("png")})
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := client.ImagesV1.Update(ctx, "img", cfimages.UpdateParams{RequireSignedURLs: new(true)})
			return err
		},
		"UploadImage": func(ctx context.Context) error {
			_, err := client.ImagesV1.Upload(ctx, cfimages.File{Body: strings.NewReader("png")}, cfimages.UploadParams{})
			return err
		},
		"UploadFromURL": func(ctx context.Context) error {
			_, err := client.ImagesV1.UploadFromURL(ctx, "https://example.com/cat.png", cfimages.UploadParams{})
			return err
		},
		"Stats": func(ctx context.Context) error {
			_, err := client.ImagesV1.Stats(ctx)
			return err
		},
		"ListVariants": func(ctx context.Context) error {
			_, err := client.Variants.List(ctx)
			return err
		},
		"GetVariant": func(ctx context.Context) error {
			_, err := client.Variants.Get(ctx, "thumb")
			return err
		},
		"CreateVariant": func(ctx context.Context) error {
			_, err := client.Variants.Create(ctx, thumb)
			return err
		},
		"UpdateVariant": func(ctx context.Context) error {
			_, err := client.Variants.Update(ctx, thumb)
			return err
		},
		"ListKeys": func(ctx context.Context) error {
			_, err := client.SigningKeys.List(ctx)
			return err
		},
		"CreateKey": func(ctx context.Context) error {
			_, err := client.SigningKeys.Create(ctx, "new")
			return err
		},
	}
}

// callsWithoutResult are the others.
func callsWithoutResult(client *cfimages.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Delete":        func(ctx context.Context) error { return client.ImagesV1.Delete(ctx, "img") },
		"DeleteVariant": func(ctx context.Context) error { return client.Variants.Delete(ctx, "thumb") },
		"DeleteKey":     func(ctx context.Context) error { return client.SigningKeys.Delete(ctx, "new") },
		"SetFlexible":   func(ctx context.Context) error { return client.Variants.SetFlexible(ctx, true) },
	}
}
