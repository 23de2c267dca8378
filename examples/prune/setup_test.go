package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// setup is a test server and a report for runs of the program.
type setup struct {
	*testing.T
	server *imagestest.Server
	report string
	client []cfimages.Option
}

var noRetries = cfimages.WithRetryPolicy(cfimages.RetryPolicy{})

// bubble runs a test in a synctest bubble, with a server that has images.
func bubble(t *testing.T, images []cfimages.Image, test func(t *testing.T, s *setup), opts ...imagestest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &setup{T: t, server: imagestest.NewServer(append(opts, imagestest.InMemory())...), report: filepath.Join(t.TempDir(), "report")}
		defer s.server.Close()
		s.server.AddImages(images...)
		test(t, s)
		assert.Empty(t, s.server.Unused())
	})
}

// dayBefore is one day before the start of a synctest bubble's clock.
var dayBefore = time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)

// old returns n images older than a day, one per minute; the last is the youngest.
func old(n int) (images []cfimages.Image) {
	for i := range n {
		images = append(images, cfimages.Image{Filename: fmt.Sprint("old-", i), Uploaded: dayBefore.Add(time.Duration(i-n) * time.Minute)})
	}
	return images
}

func young(names ...string) (images []cfimages.Image) {
	for i, name := range names {
		images = append(images, cfimages.Image{Filename: name, Uploaded: dayBefore.Add(time.Duration(i) * time.Minute)})
	}
	return images
}

// prune runs the program with -older-than 24h.
func (s *setup) prune(ctx context.Context, user console, args string) (stdout string, err error) {
	s.Helper()
	var out bytes.Buffer
	user.out, user.untilInterrupt = &out, context.WithCancel
	opts, err := parseArgs(strings.Fields("-older-than 24h "+args), user)
	require.NoError(s, err)
	opts.Account, opts.API = imagestest.AccountID, "https://api.example"
	client := program.ConnectTest(s.server, opts.batch, append(clientOptions(), s.client...)...).Client
	err = prune(ctx, client, opts, user)
	return out.String(), err
}

// plan runs the program without -delete.
func (s *setup) plan(args string) (stdout string) {
	s.Helper()
	stdout, err := s.prune(s.Context(), console{}, "-all "+args)
	require.NoError(s, err)
	return stdout
}

// delete runs the program with -delete, -yes and the report.
func (s *setup) delete(ctx context.Context, args string) (stdout string, err error) {
	s.Helper()
	return s.prune(ctx, console{}, "-delete -yes -report "+s.report+" "+args)
}

// deleteAll requires the program to delete all old images, and returns how long
// that took.
func (s *setup) deleteAll(args string) (stdout string, took time.Duration) {
	s.Helper()
	start := time.Now()
	stdout, err := s.delete(s.Context(), "-all "+args)
	require.NoError(s, err)
	for _, name := range s.names() {
		require.NotContains(s, name, "old-")
	}
	return stdout, time.Since(start)
}

// deletions returns the times of the DELETE requests, in order.
func (s *setup) deletions() (at []time.Time) {
	for _, r := range s.server.Requests() {
		if r.Operation == imagestest.OpDelete {
			at = append(at, r.Time)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

// names returns the file names of the images that the server still has.
func (s *setup) names() (names []string) {
	for _, img := range s.server.Images() {
		names = append(names, img.Filename)
	}
	return names
}

// recorded returns the size of the report's plan, and its tally.
func (s *setup) recorded() (text string) {
	s.Helper()
	s.look(func(r *report) { text = fmt.Sprintf("%d: %s", len(r.plan), r.tally()) })
	return text
}

// look opens the report, and closes it after.
func (s *setup) look(at func(*report)) {
	s.Helper()
	r, err := openReport(s.report, s.header())
	require.NoError(s, err)
	at(r)
	require.NoError(s, r.close())
}

// header returns the header for -older-than 24h -all.
func (s *setup) header() header {
	return header{reportVersion, dayBefore, selection{API: "https://api.example", Account: imagestest.AccountID, OlderThan: "24h0m0s", All: true}}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stopAt runs the program and stops it at a request: before it is sent or after its response.
func (s *setup) stopAt(request int64, before bool) {
	ctx, stop := context.WithCancel(s.Context())
	defer stop()
	var sent atomic.Int64
	send := s.server.HTTPClient().Transport
	s.client = []cfimages.Option{cfimages.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		n := sent.Add(1) - 1
		if n == request && before {
			stop()
		}
		time.Sleep(time.Duration(n*7919%150) * time.Millisecond) // so that outcomes come in any order
		resp, err := send.RoundTrip(r)
		if n == request {
			stop()
		}
		return resp, err
	})})}
	if _, err := s.delete(ctx, "-all -rate 100"); ctx.Err() != nil && err != nil {
		require.Equal(s, 130, program.ExitCode("prune", err, io.Discard))
	}
	s.client = nil
}
