// Command list lists the images of an account: all, or those of a creator or
// with some metadata.
//
//	go run ./examples/list -demo -where 'region.name=eu-west' -where 'priority>=4'
//
// needs no account. Without -demo, the account and its API token come from
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/cfimages/cfimages-go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// usageError is a wrong command line.
type usageError struct{ error }

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "list:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// options are what the command line says.
type options struct {
	params     cfimages.ListParams
	conditions []cfimages.Condition
	noCreator  bool
	limit      int
	json       bool
	demo       bool
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	opts, err := parseArgs(args, stdout)
	if err != nil {
		return err
	}
	client, disconnect, err := connect(opts.demo)
	if err != nil {
		return err
	}
	defer disconnect()
	show := newTablePrinter(stdout)
	if opts.json {
		show = newLinePrinter(stdout)
	}
	return list(ctx, client, opts, show)
}

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	opts.define(flags)
	if err := parse(flags, args, stdout); err != nil {
		return nil, err
	}
	creator := opts.params.Creator
	switch { // the library checks the rest
	case opts.limit < 0:
		return nil, usageError{fmt.Errorf("-limit must not be negative, got %d", opts.limit)}
	case creator != nil && opts.noCreator:
		return nil, usageError{errors.New("-creator and -no-creator exclude each other")}
	case creator != nil && *creator == "":
		return nil, usageError{errors.New("-creator must not be empty: -no-creator lists the images without one")}
	case opts.noCreator:
		opts.params.Creator = new("")
	}
	opts.params.Meta = cfimages.Where(opts.conditions...)
	return opts, nil
}

func (o *options) define(flags *flag.FlagSet) {
	p := &o.params
	flags.Func("where", "only images whose metadata meets this `condition`: see below", func(text string) error {
		condition, err := parseWhere(text)
		o.conditions = append(o.conditions, condition)
		return err
	})
	flags.Func("creator", "only images of this `creator`", func(creator string) error {
		p.Creator = &creator
		return nil
	})
	flags.BoolVar(&o.noCreator, "no-creator", false, "only images without a creator")
	flags.StringVar((*string)(&p.SortOrder), "sort", "", "asc or desc, an `order` by upload time (default of the API: desc)")
	flags.IntVar(&p.PerPage, "per-page", 0, "`n` images a page, 10 to 10000 (default of the API: 1000)")
	flags.StringVar(&p.ContinuationToken, "token", "", "begin with the page of this continuation `token`")
	flags.IntVar(&p.Skip, "skip", 0, "pass over the first `n` images of that page")
	flags.IntVar(&o.limit, "limit", 0, "stop after `n` images (default: no limit)")
	flags.BoolVar(&o.json, "json", false, "print JSON, an image a line, instead of a table")
	flags.BoolVar(&o.demo, "demo", false, "list the images of an in-process server, without an account")
}

// parse prints the help on request, and nothing else.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintf(stdout, "Usage: list [flags]\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(stdout, "\n%s", whereHelp)
		return err
	case err != nil:
		return usageError{err}
	case flags.NArg() > 0:
		return usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	return nil
}

func connect(demo bool) (client *cfimages.Client, disconnect func(), err error) {
	if demo {
		server := newDemo()
		return server.Client(), server.Close, nil
	}
	client, err = cfimages.NewClient()
	return client, func() {}, err
}

func list(ctx context.Context, client *cfimages.Client, opts *options, show printer) error {
	shown := 0
	for img, err := range client.ImagesV2.All(ctx, opts.params) {
		if err != nil {
			return explain(err)
		}
		if err := show(&img); err != nil {
			return err
		}
		if shown++; shown == opts.limit {
			break
		}
	}
	return nil
}

// explain says how to go on after a walk that failed.
func explain(err error) error {
	var stopped *cfimages.PageError
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams) && errors.As(err, &stopped):
		return usageError{stopped.Err}
	case errors.As(err, &stopped):
		token := strings.ReplaceAll(stopped.ContinuationToken, "'", `'\''`)
		return fmt.Errorf("%w\nto go on there: -token='%s' -skip=%d", err, token, stopped.Yielded)
	}
	return err
}
