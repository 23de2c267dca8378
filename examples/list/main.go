// Command list lists the images of an account. It can filter them by creator and
// by metadata.
//
//	go run ./examples/list -demo -where 'region.name=eu-west' -where 'priority>=4'
//
// needs no account. Without -demo, the account and its API token are read from
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

// usageError is an invalid command line.
type usageError struct{ error }

// exitCode prints err and returns the exit code.
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

// options are the settings from the command line.
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
		return nil, usageError{errors.New("-creator and -no-creator cannot be combined")}
	case creator != nil && *creator == "":
		return nil, usageError{errors.New("-creator must not be empty: use -no-creator to list the images without a creator")}
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
	flags.StringVar((*string)(&p.SortOrder), "sort", "", "sort `order` by upload time, asc or desc (default of the API: desc)")
	flags.IntVar(&p.PerPage, "per-page", 0, "`n` images per page, 10 to 10000 (default of the API: 1000)")
	flags.StringVar(&p.ContinuationToken, "token", "", "start at the page of this continuation `token`")
	flags.IntVar(&p.Skip, "skip", 0, "skip the first `n` images of the first page")
	flags.IntVar(&o.limit, "limit", 0, "stop after `n` images (default: no limit)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object per image and line instead of a table")
	flags.BoolVar(&o.demo, "demo", false, "list the images of an in-process server, without an account")
}

// parse parses the command line. It prints the help on request, and nothing else.
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

// explain adds to the error of a listing the flags that resume it.
func explain(err error) error {
	var pageErr *cfimages.PageError
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams) && errors.As(err, &pageErr):
		return usageError{pageErr.Err}
	case errors.As(err, &pageErr):
		token := strings.ReplaceAll(pageErr.ContinuationToken, "'", `'\''`)
		return fmt.Errorf("%w\nto resume, add: -token='%s' -skip=%d", err, token, pageErr.Yielded)
	}
	return err
}
