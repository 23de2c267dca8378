// Command uploadhandler is the backend of an application whose users upload images.
//
//	POST /uploads            creates a one-time upload URL, to which the browser uploads directly
//	POST /uploads/{id}/done  checks whether this upload has completed
//	POST /images             streams the file of a form to Cloudflare
//
// Prefer one-time URLs, because then the image does not pass through the backend. The
// form is for clients that can reach only the backend.
//
//	go run ./examples/uploadhandler
//	curl -F title=cat -F file=@cat.png http://127.0.0.1:8080/images
//
// It needs no account: by default it runs against an in-process server. If
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set, it runs against Cloudflare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// usageError is an invalid command line.
type usageError struct{ error }

// exitCode prints err and returns the exit code.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "uploadhandler:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	addr, err := parseArgs(args, stdout)
	if err != nil {
		return err
	}
	client, disconnect, err := connect()
	if err != nil {
		return err
	}
	defer disconnect()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	log := slog.New(slog.NewTextHandler(stderr, nil))
	return serve(ctx, listener, newHandler(client, log))
}

func parseArgs(args []string, stdout io.Writer) (addr string, err error) {
	flags := flag.NewFlagSet("uploadhandler", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, in main
	flags.StringVar(&addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintf(stdout, "Usage: uploadhandler [flags]\n\n")
		flags.PrintDefaults()
		return "", err
	case err != nil:
		return "", usageError{err}
	case flags.NArg() > 0:
		return "", usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	return addr, nil
}

// connect returns a client for Cloudflare if the environment has an account and a
// token. Otherwise it returns a client for an in-process server.
func connect() (client *cfimages.Client, disconnect func(), err error) {
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" || os.Getenv("CLOUDFLARE_ACCOUNT_ID") == "" {
		server := imagestest.NewServer()
		return server.Client(), server.Close, nil
	}
	client, err = cfimages.NewClient()
	return client, func() {}, err
}

// serve serves requests until ctx is done. Then it waits for the running requests.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.WithoutCancel(ctx))
	}
}
