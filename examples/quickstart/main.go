// Command quickstart is a tour of Cloudflare Images V2. It creates one-time upload
// URLs, uploads images to them, finds images by their metadata, changes metadata,
// distinguishes errors, and deletes the images that it created.
//
//	go run ./examples/quickstart
//
// It needs no account: by default it runs against an in-process server. If
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set, it runs against
// Cloudflare. It changes and deletes only images that it created itself.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // the first Ctrl-C cleans up; a second one ends the program at once
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout), os.Stderr))
}

var errUsage = errors.New("no arguments are allowed: set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID to run it against Cloudflare")

// exitCode prints err and returns the exit code.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "quickstart:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	if err := parseArgs(args, stdout); err != nil {
		return err
	}
	client, where, disconnect, err := connect()
	if err != nil {
		return err
	}
	defer disconnect()
	t := newTour(client, stdout)
	t.printf("A tour of cfimages against %s", where)
	defer func() { err = errors.Join(err, t.cleanUp(context.WithoutCancel(ctx))) }()
	return t.runSteps(ctx)
}

// parseArgs accepts no arguments but -h and -help.
func parseArgs(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, "Usage: quickstart\n\n"+
			"The tour runs against an in-process server, or against Cloudflare if\n"+
			"CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set.\n")
		return err
	}
	if len(args) > 0 {
		return errUsage
	}
	return nil
}

// connect returns a client for Cloudflare if the environment has an account and a
// token. Otherwise it returns a client for an in-process server.
func connect() (client *cfimages.Client, where string, disconnect func(), err error) {
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" || os.Getenv("CLOUDFLARE_ACCOUNT_ID") == "" {
		server := imagestest.NewServer()
		return server.Client(), "an in-process server", server.Close, nil
	}
	client, err = cfimages.NewClient() // reads the environment
	return client, cmp.Or(os.Getenv("CLOUDFLARE_BASE_URL"), "Cloudflare"), func() {}, err
}
