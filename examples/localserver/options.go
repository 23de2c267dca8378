package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
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
	sources    map[string][]byte // files by URL
}

const sourceUsage = "use a file for uploads from a URL, by `URL=file`, such as https://example.com/cat.png=cat.png; may be given several times.\n" +
	"The server never fetches a URL from a network. It rejects uploads from other URLs"

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := &options{sources: make(map[string][]byte)}
	flags := flag.NewFlagSet("localserver", flag.ContinueOnError)
	flags.StringVar(&opts.addr, "addr", "127.0.0.1:8787", "`address` to listen on; port 0 is any free one")
	flags.IntVar(&opts.images, "images", 0, "start with `n` images, with metadata to filter by")
	flags.BoolVar(&opts.json, "json", false, "print the variables as a JSON object in one line")
	flags.StringVar(&opts.certFile, "tls", "", "serve https with a certificate made for the run, and write it to `file` for clients to trust")
	flags.StringVar(&opts.page, "page", "", "serve the demo page of examples/uploadpage too, at this `address`, such as 127.0.0.1:8080")
	flags.Func("rate", "reject requests over a `limit`, such as Cloudflare's 1200/5m (default none)", opts.setRate)
	flags.DurationVar(&opts.latency, "latency", 0, "delay every request by a `duration`, such as 50ms")
	flags.Func("source", sourceUsage, opts.addSource)
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

// addSource reads the file that is served at a URL. The last equals sign separates
// them, because the query of a URL has some too.
func (o *options) addSource(text string) error {
	i := strings.LastIndexByte(text, '=')
	if i < 0 {
		return fmt.Errorf("must be URL=file, such as https://example.com/cat.png=cat.png, got %q", text)
	}
	address, name := text[:i], text[i+1:]
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("the URL must be an absolute http or https URL")
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	o.sources[address] = content
	return nil
}
