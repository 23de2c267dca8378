package main

import (
	"errors"
	"flag"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// options are the values of the flags.
type options struct {
	addr     string
	images   int
	json     bool
	certFile string // "": plain http
	page     string // address of the demo page; "": none
	server   []imagestest.Option
	faults   faults
}

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("localserver", flag.ContinueOnError)
	flags.StringVar(&opts.addr, "addr", "127.0.0.1:8787", "`address` to listen on; port 0 is any free one")
	flags.IntVar(&opts.images, "images", 0, "start with `n` images, with metadata to filter by")
	flags.BoolVar(&opts.json, "json", false, "print the variables as a JSON object in one line")
	flags.StringVar(&opts.certFile, "tls", "", "serve https with a certificate made for the run, and write it to `file` for clients to trust")
	flags.StringVar(&opts.page, "page", "", "serve the demo page of examples/uploadpage too, at this `address`, such as 127.0.0.1:8080")
	flags.Func("rate", "reject requests over a `limit`, such as Cloudflare's 1200/5m (default none)", opts.setRate)
	flags.Func("latency", "delay every request by a `duration`, such as 50ms", opts.setLatency)
	flags.Func("fail", failUsage, opts.faults.add)
	switch err := program.Parse(flags, args, stdout, "[flags]", ""); {
	case err != nil:
		return nil, err
	case opts.images < 0:
		return nil, program.Usagef("-images must not be negative, got %d", opts.images)
	case opts.page != "" && opts.certFile != "":
		return nil, program.Usagef("-page and -tls exclude each other: the page would not trust the certificate")
	}
	return opts, nil
}

// setRate parses a number of requests and the time in which they are allowed.
func (o *options) setRate(text string) error {
	left, right, _ := strings.Cut(text, "/")
	quota, quotaErr := strconv.Atoi(left)
	window, windowErr := time.ParseDuration(right)
	if quotaErr != nil || windowErr != nil || quota < 1 || window < time.Second {
		return errors.New("must be requests/time, at least 1/1s, such as 1200/5m")
	}
	o.server = append(o.server, imagestest.WithRateLimit(quota, window))
	return nil
}

func (o *options) setLatency(text string) error {
	latency, err := time.ParseDuration(text)
	if err == nil && latency < 0 {
		err = errors.New("must not be negative")
	}
	o.server = append(o.server, imagestest.WithLatency(latency))
	return err
}
