// Command uploadpage is a small web application: a page where a person drops
// images, which the browser uploads straight to Cloudflare, and a gallery of
// them.
//
//	go run ./examples/uploadpage
//
// needs no account: it runs against an in-process server. With
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set it runs against Cloudflare;
// CLOUDFLARE_IMAGES_SIGNING_KEY, one of the account's signing keys, then lets it
// take and show private images. The application is in package gallery.
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
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for requests to end
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// usageError is a wrong command line.
type usageError struct{ error }

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "uploadpage:", err)
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
	config, disconnect, err := connect()
	if err != nil {
		return err
	}
	defer disconnect()
	config.Log = slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := gallery.New(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "open http://%s\n", listener.Addr())
	return serve(ctx, listener, guardHost(listener.Addr(), handler))
}

func parseArgs(args []string, stdout io.Writer) (addr string, err error) {
	flags := flag.NewFlagSet("uploadpage", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, in main
	flags.StringVar(&addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return "", err
	case err != nil:
		return "", usageError{err}
	case flags.NArg() > 0:
		return "", usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	return addr, nil
}

// serve answers requests until ctx ends, and lets those that came before finish.
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
	}
	const patience = 5 * time.Second
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if server.Shutdown(ending) != nil {
		return server.Close()
	}
	return nil
}

// guardHost refuses requests for other hosts where only this machine is served:
// a foreign name that resolves to it would make its page same-site with ours.
func guardHost(addr net.Addr, next http.Handler) http.Handler {
	if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this page is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
