// Command opentelemetry traces the requests of cfimages with OpenTelemetry: one span
// for each attempt, with the use case as its parent, and log records with the trace
// ID. The root module does not depend on OpenTelemetry: it accepts any
// http.RoundTripper.
//
//	cd examples/opentelemetry && go run .
//
// needs no account: it uses an in-process server whose first response is an error,
// so that a retry is shown. If CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are
// set, it uses Cloudflare, and deletes the image that it uploads. It writes the spans
// to standard output, one JSON object per line, and the log to standard error.
//
// To use it in other programs, copy tracing.go, a transport that keeps secrets out of
// the spans, and logging.go, a log handler.
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

var errUsage = errors.New("no arguments are supported: set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID to use Cloudflare")

// exitCode prints err and returns the exit code.
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
	s := &scenario{client: client, tracer: provider.Tracer("scenario")}
	return s.run(ctx)
}

// newLogger returns a logger for all log levels of cfimages.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(spanHandler{slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})})
}

// connect returns a client for Cloudflare if the environment has an account and a
// token, and for an in-process server otherwise.
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

// newServer returns an in-memory server with a few images, whose first list call fails.
func newServer() *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory())
	server.Seed(listed, func(int) cfimages.Image { return cfimages.Image{} })
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EdgePage(http.StatusBadGateway)})
	return server
}
