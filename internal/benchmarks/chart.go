package main

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

// bar is one row of the chart: the official SDK divided by cfimages.
type bar struct {
	label  string
	ratio  float64 // above 1: cfimages needs less
	values string  // what was measured, of cfimages and of the official SDK
	memory bool    // else time
}

func timeBar(label string, ours, theirs sample) bar {
	return bar{label: label, ratio: ratio(theirs.time, ours.time), values: duration(ours.time) + " : " + duration(theirs.time)}
}

func memoryBar(label string, ours, theirs sample) bar {
	values := number(ours.bytes/1e3) + " KB : " + number(theirs.bytes/1e3) + " KB"
	return bar{label: label, ratio: ratio(theirs.bytes, ours.bytes), values: values, memory: true}
}

// rateBar compares calls per second: the inverse of a call's share of the time.
func rateBar(label string, ours, theirs sample) bar {
	values := number(1/ours.time.Seconds()) + "/s : " + number(1/theirs.time.Seconds()) + "/s"
	return bar{label: label, ratio: ratio(theirs.time, ours.time), values: values}
}

func buildBar(ours, theirs time.Duration) bar {
	return bar{label: "Build with an empty cache", ratio: ratio(theirs, ours), values: duration(ours) + " : " + duration(theirs)}
}

// measured reports whether the ratio can be drawn.
func (b bar) measured() bool { return b.ratio > 0 && !math.IsInf(b.ratio, 0) }

// chart is the picture of a run.
type chart struct {
	title   string
	caption []string
	bars    []bar
}

// draw writes the chart of the tables to the file that -svg names.
func (p plan) draw(tables []*table) error {
	var c chart
	for _, t := range tables {
		c.bars = append(c.bars, t.bars...)
	}
	if len(c.bars) == 0 {
		return errors.New("-svg: no bar to draw; the benchmarks page, production, call, upload and weight have one")
	}
	slices.SortStableFunc(c.bars, func(a, b bar) int { // time first
		return cmp.Compare(boolInt(a.memory), boolInt(b.memory))
	})
	ours, err := ownVersion()
	if err != nil {
		return err
	}
	official := "cloudflare-go " + officialVersion()
	c.title = fmt.Sprintf("%s, compared to %s", ours, official)
	c.caption = []string{
		machine() + fmt.Sprintf("; medians of %d interleaved rounds over loopback", p.rounds),
		"internal/benchmarks: go run . " + strings.Join(p.args, " "),
	}
	if p.quick {
		c.caption = append(c.caption, "-quick: these numbers mean nothing")
	}
	return os.WriteFile(p.svg, c.svg(), 0o644)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ownVersion returns the product and version that the library sends as its User-Agent.
func ownVersion() (string, error) {
	var agent string
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		agent = req.UserAgent()
		return newStub().RoundTrip(req)
	})
	client, err := newClient("https://api.example.com/client/v4", cfimages.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return "", err
	}
	err = ourGet(client).do(new(probe))
	return strings.ReplaceAll(agent, "/", " v"), err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// officialVersion returns the version of the official SDK that is built in.
func officialVersion() string {
	const path = "github.com/cloudflare/cloudflare-go/v7"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return "v7"
}

// escape makes text safe inside an element or an attribute.
func escape(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text))
	return b.String()
}
