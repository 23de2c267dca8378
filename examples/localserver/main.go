// Command localserver is a Cloudflare Images for your machine: the API, the
// Batch API (under /batch), one-time uploads and delivery, for any program in
// any language.
//
//	go run ./examples/localserver -images 100
//
// prints the environment variables that point an SDK at it, and serves until it
// is interrupted. It keeps everything in memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does not wait for requests to end
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// usageError is a wrong command line.
type usageError struct{ error }

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "localserver:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// options are what the command line says.
type options struct {
	addr     string
	images   int
	json     bool
	certFile string // "": plain http
	page     string // address of the demo page; "": none
	server   []imagestest.Option
	faults   faults
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseArgs(args, stdout)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", opts.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := baseURL(listener.Addr())
	if opts.certFile != "" {
		if listener, err = secure(listener, opts.certFile); err != nil {
			return err
		}
		base = strings.Replace(base, "http:", "https:", 1)
	}
	server := newServer(opts)
	defer server.Close()
	if err := announce(stdout, base, opts.json); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := serveInBackground(ctx, listener, logRequests(server.Handler(), stderr))
	if opts.page == "" {
		return <-ended
	}
	pageEnded, err := servePage(ctx, opts.page, base, stderr)
	if err == nil {
		select {
		case err = <-ended:
			ended = pageEnded
		case err = <-pageEnded:
		}
	}
	stop()
	return errors.Join(err, <-ended)
}

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("localserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, in main
	opts.define(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, usageError{err}
	case flags.NArg() > 0:
		return nil, usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	case opts.images < 0:
		return nil, usageError{fmt.Errorf("-images must not be negative, got %d", opts.images)}
	case opts.page != "" && opts.certFile != "":
		return nil, usageError{errors.New("-page and -tls exclude each other: the page would not trust the certificate")}
	}
	return opts, nil
}

func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8787", "`address` to listen on; port 0 is any free one")
	flags.IntVar(&o.images, "images", 0, "begin with `n` images, with metadata to filter by")
	flags.BoolVar(&o.json, "json", false, "print the variables as a JSON object in one line")
	flags.StringVar(&o.certFile, "tls", "", "serve https with a certificate made for the run, and write it to `file` for clients to trust")
	flags.StringVar(&o.page, "page", "", "serve the demo page of examples/uploadpage too, at this `address`, such as 127.0.0.1:8080")
	flags.Func("rate", "refuse requests over a `limit`, such as Cloudflare's 1200/5m (default none)", func(text string) error {
		quota, window, err := parseRate(text)
		o.server = append(o.server, imagestest.WithRateLimit(quota, window))
		return err
	})
	flags.Func("latency", "let every request wait for a `duration`, such as 50ms", func(text string) error {
		latency, err := time.ParseDuration(text)
		if err == nil && latency < 0 {
			err = errors.New("must not be negative")
		}
		o.server = append(o.server, imagestest.WithLatency(latency))
		return err
	})
	flags.Func("fail", failUsage, o.faults.add)
}

// parseRate reads a number of requests and the time they are for.
func parseRate(text string) (quota int, window time.Duration, err error) {
	left, right, _ := strings.Cut(text, "/")
	quota, quotaErr := strconv.Atoi(left)
	window, windowErr := time.ParseDuration(right)
	if quotaErr != nil || windowErr != nil || quota < 1 || window < time.Second {
		return 0, 0, errors.New("must be requests/time, at least 1/1s, such as 1200/5m")
	}
	return quota, window, nil
}
