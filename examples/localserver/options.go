package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// options are the values of the flags.
type options struct {
	addr, page string // page: "" is none
	certFile   string // "": plain http
	images     int
	json       bool
	latency    time.Duration
	server     []imagestest.Option
	faults     []imagestest.Fault
}

const failUsage = "make requests fail, by `operation=failure*times`, such as list=503*2 or create=lost; may be given several times.\n" +
	"operation: list, create, upload, get, blob, delete, batchtoken or delivery\n" +
	"failure: a status from 400; edge (a page of HTML, 502); reset, stall or cut (no complete response, nothing done); lost (done, but no response)\n" +
	"times: how many requests in a row, default 1"

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("localserver", flag.ContinueOnError)
	flags.StringVar(&opts.addr, "addr", "127.0.0.1:8787", "`address` to listen on; port 0 is any free one")
	flags.IntVar(&opts.images, "images", 0, "start with `n` images, with metadata to filter by")
	flags.BoolVar(&opts.json, "json", false, "print the variables as a JSON object in one line")
	flags.StringVar(&opts.certFile, "tls", "", "serve https with a certificate made for the run, and write it to `file` for clients to trust")
	flags.StringVar(&opts.page, "page", "", "serve the demo page of examples/uploadpage too, at this `address`, such as 127.0.0.1:8080")
	flags.Func("rate", "reject requests over a `limit`, such as Cloudflare's 1200/5m (default none)", opts.setRate)
	flags.DurationVar(&opts.latency, "latency", 0, "delay every request by a `duration`, such as 50ms")
	flags.Func("fail", failUsage, opts.addFault)
	switch err := program.Parse(flags, args, stdout, "[flags]", ""); {
	case err != nil:
		return nil, err
	case opts.images < 0:
		return nil, program.Usagef("-images must not be negative, got %d", opts.images)
	case opts.latency < 0:
		return nil, program.Usagef("-latency must not be negative, got %v", opts.latency)
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

// addFault parses one -fail. Several for one operation take effect one after the
// other.
func (o *options) addFault(text string) error {
	name, failure, _ := strings.Cut(text, "=")
	failure, count, counted := strings.Cut(failure, "*")
	fault, err := parseFailure(failure)
	if err != nil {
		return err
	}
	known := map[string]imagestest.Operation{
		"list": imagestest.OpList, "create": imagestest.OpCreate, "upload": imagestest.OpUpload, "get": imagestest.OpGet,
		"blob": imagestest.OpBlob, "delete": imagestest.OpDelete, "batchtoken": imagestest.OpBatchToken, "delivery": imagestest.OpDeliver,
	}
	fault.Operation, fault.Times = known[name], 1
	if fault.Operation == "" {
		return fmt.Errorf("operation must be one of %s, got %q", strings.Join(slices.Sorted(maps.Keys(known)), ", "), name)
	}
	if counted {
		if fault.Times, err = strconv.Atoi(count); err != nil || fault.Times < 1 {
			return fmt.Errorf("times must be a number from 1, got %q", count)
		}
	}
	for _, earlier := range o.faults {
		if earlier.Operation == fault.Operation {
			fault.Call += earlier.Times
		}
	}
	o.faults = append(o.faults, fault)
	return nil
}

func parseFailure(text string) (fault imagestest.Fault, err error) {
	named := map[string]imagestest.Fault{
		"edge":  {Kind: imagestest.EdgePage(http.StatusBadGateway)},
		"reset": {Kind: imagestest.Reset{}},
		"stall": {Kind: imagestest.Stall{}, At: imagestest.AfterRead},
		"cut":   {Kind: imagestest.Cut{}, At: imagestest.AfterRead},
		"lost":  {Kind: imagestest.Reset{}, At: imagestest.AfterCommit},
	}
	if fault, ok := named[text]; ok {
		return fault, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 {
		return fault, fmt.Errorf("must be operation=failure, such as list=503, with a status from 400 to 599, edge, reset, stall, cut or lost, got %q", text)
	}
	response := imagestest.Refusal(status)
	if status == http.StatusTooManyRequests {
		response = response.With("Retry-After", "1")
	}
	return imagestest.Fault{Kind: response}, nil
}
