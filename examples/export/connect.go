package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

const (
	// maxWait is the longest wait for a rate limit. Cloudflare documents a window of
	// five minutes; the rest is for rounding and for clocks.
	maxWait = 6 * time.Minute
	// variantTimeout is the timeout of one request for a variant.
	variantTimeout = 5 * time.Minute
)

// connection has the clients that read from an account.
type connection struct {
	*program.Account
	api      string              // recorded in the checkpoint
	delivery *http.Client        // for variants, without credentials
	signer   *cfimages.URLSigner // nil: variants of private images cannot be downloaded
}

// connect returns a connection to the account in the environment, or to an
// in-process server with -demo.
func connect(opts *options, stderr io.Writer) (*connection, error) {
	if opts.demo {
		conn := connectServer(newDemo(opts.images), opts)
		conn.ID, conn.api = "of "+strconv.Itoa(opts.images)+" images", "the demo"
		return conn, nil
	}
	warnings := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	account, err := program.Connect(opts.batch, append(clientOptions(opts), cfimages.WithLogger(warnings))...)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = opts.workers
	conn := &connection{Account: account, api: cmp.Or(account.BaseURL, "Cloudflare"), delivery: deliveryClient(transport)}
	conn.signer, err = program.Signer()
	return conn, err
}

// connectServer returns a connection to a test server.
func connectServer(server *imagestest.Server, opts *options) *connection {
	account := program.ConnectTest(server, opts.batch, clientOptions(opts)...)
	return &connection{Account: account, delivery: deliveryClient(server.HTTPClient().Transport)}
}

func newDemo(images int) *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1_000_000, 5*time.Minute))
	server.Seed(images, func(i int) cfimages.Image {
		return cfimages.Image{
			Creator:  []string{"alice", "bob", ""}[i%3],
			Filename: fmt.Sprintf("photo-%06d.png", i+1),
			Uploaded: time.Date(2026, 1, 1, 9, 0, i, 0, time.UTC),
			Meta:     fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"active", "pending"}[i%2], i%5+1),
		}
	})
	return server
}

// clientOptions returns options with more retries and longer waits than the
// defaults: an export runs unattended, for hours.
func clientOptions(opts *options) []cfimages.Option {
	return []cfimages.Option{
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{
			MaxAttempts: 8,
			BaseDelay:   200 * time.Millisecond,
			MaxDelay:    30 * time.Second,
			MaxWait:     maxWait,
		}),
		// With -download, a prefetched page would wait unread until the images of the
		// page before it are downloaded, and its connection would probably time out.
		cfimages.WithPrefetch(opts.download == ""),
	}
}

// deliveryClient does not follow redirects: a signed URL must not be sent to other hosts.
func deliveryClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       variantTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
