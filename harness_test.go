package cfimages_test

import (
	"io"
	"log/slog"
	"net/http"
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
