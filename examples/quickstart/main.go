// Command quickstart is a tour of Cloudflare Images V2: it hands out one-time
// upload URLs, uploads pictures to them, finds them by their metadata, shows
// how errors are told apart, and deletes what it made.
//
//	go run ./examples/quickstart
//
// needs no account: it runs against an in-process server. With
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set it runs against Cloudflare.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // after a first Ctrl-C it cleans up; a second one ends it at once
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout), os.Stderr))
}

var errUsage = errors.New("no arguments, please: CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID choose Cloudflare")

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "quickstart:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	if len(args) > 0 {
		return errUsage
	}
	client, where, disconnect, err := connect()
	if err != nil {
		return err
	}
	defer disconnect()
	t := newTour(client, stdout)
	t.printf("A tour of cfimages against %s", where)
	defer func() { err = errors.Join(err, t.cleanUp(context.WithoutCancel(ctx))) }()
	return t.take(ctx)
}

// connect returns a client for Cloudflare if the environment names an account
// and a token, and for an in-process server otherwise.
func connect() (client *cfimages.Client, where string, disconnect func(), err error) {
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" || os.Getenv("CLOUDFLARE_ACCOUNT_ID") == "" {
		server := imagestest.NewServer()
		return server.Client(), "an in-process server", server.Close, nil
	}
	client, err = cfimages.NewClient() // takes everything from the environment
	return client, cmp.Or(os.Getenv("CLOUDFLARE_BASE_URL"), "Cloudflare"), func() {}, err
}
