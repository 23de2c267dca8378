// Command opentelemetry shows the requests of cfimages in OpenTelemetry: a span
// for each attempt, below one for each use case, and log records that name their
// trace. The root module knows nothing of it, as any http.RoundTripper will do.
//
//	cd examples/opentelemetry && go run .
//
// needs no account: it runs against an in-process server, whose first answer is
// a failure, so that a retry is seen. With CLOUDFLARE_API_TOKEN and
// CLOUDFLARE_ACCOUNT_ID set it runs against Cloudflare, and deletes what it
// uploads. The spans go to the standard output, one JSON object a line, and the log
// to the standard error.
//
// For use in other programs: tracing.go is the transport, which keeps secrets
// out of the spans, and logging.go the handler.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"

	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

var errUsage = errors.New("no arguments, please: CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID choose Cloudflare")

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "opentelemetry:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	if len(args) > 0 {
		return errUsage
	}
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(stdout))
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	defer func() { err = errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx))) }()
	client, disconnect, err := connect(provider, newLogger(stderr))
	if err != nil {
		return err
	}
	defer disconnect()
	s := &story{client: client, tracer: provider.Tracer("story")}
	return s.tell(ctx)
}

// newLogger returns a logger that writes all that cfimages logs.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(spanHandler{slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})})
}

// connect returns a client for Cloudflare if the environment names an account
// and a token, and for an in-process server otherwise.
func connect(provider trace.TracerProvider, log *slog.Logger) (client *cfimages.Client, disconnect func(), err error) {
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" || os.Getenv("CLOUDFLARE_ACCOUNT_ID") == "" {
		server := newServer()
		transport := traced(server.HTTPClient().Transport, provider)
		return server.Client(cfimages.WithHTTPClient(&http.Client{Transport: transport}), cfimages.WithLogger(log)), server.Close, nil
	}
	transport := traced(http.DefaultTransport, provider)
	client, err = cfimages.NewClient(cfimages.WithHTTPClient(&http.Client{Transport: transport}), cfimages.WithLogger(log))
	return client, func() {}, err
}

// newServer returns a server in memory with a few images, which fails once.
func newServer() *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory())
	server.Seed(listed, func(int) cfimages.Image { return cfimages.Image{} })
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EdgePage(http.StatusBadGateway)})
	return server
}
