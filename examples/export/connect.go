package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const (
	// longestWait is how long a spent rate limit is waited for: Cloudflare documents
	// five minutes. The rest is for rounding and for clocks.
	longestWait = 6 * time.Minute
	// variantTimeout is for one attempt at a variant.
	variantTimeout = 5 * time.Minute
)

// connection is where images come from.
type connection struct {
	client   *cfimages.Client
	delivery *http.Client        // without credentials, for variants
	signer   *cfimages.URLSigner // nil: variants of private images cannot be had
	account  string              // for the checkpoint
	api      string
	close    func()
}

// connect returns a connection to the account that the environment names, or to
// an in-process server.
func connect(opts *options, stderr io.Writer) (*connection, error) {
	if opts.demo {
		return connectDemo(opts), nil
	}
	if opts.batch && os.Getenv("CLOUDFLARE_BASE_URL") != "" {
		return nil, usageError{errors.New("-batch is for Cloudflare: it is not known where the batch host of CLOUDFLARE_BASE_URL is")}
	}
	conn := &connection{
		account: os.Getenv("CLOUDFLARE_ACCOUNT_ID"),
		api:     cmp.Or(os.Getenv("CLOUDFLARE_BASE_URL"), "Cloudflare"),
		close:   func() {},
	}
	if key := os.Getenv("CLOUDFLARE_IMAGES_SIGNING_KEY"); key != "" {
		var err error
		if conn.signer, err = cfimages.NewURLSigner(key); err != nil {
			return nil, err
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = opts.workers
	conn.delivery = deliveryClient(transport)
	var err error
	warnings := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	conn.client, err = cfimages.NewClient(append(clientOptions(opts), cfimages.WithLogger(warnings))...)
	return conn, err
}

// clientOptions make a client patient: an export runs for hours, unattended.
func clientOptions(opts *options) []cfimages.Option {
	own := []cfimages.Option{
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{
			MaxAttempts: 8,
			BaseDelay:   200 * time.Millisecond,
			MaxDelay:    30 * time.Second,
			MaxWait:     longestWait,
		}),
		// A page asked for ahead would wait for the downloads of the one before, and
		// its connection is not likely to live as long.
		cfimages.WithPrefetch(opts.download == ""),
	}
	if opts.batch {
		own = append(own, cfimages.WithBatchAPI())
	}
	return own
}

// deliveryClient follows no redirects: a signed URL is not for other hosts.
func deliveryClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       variantTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func connectDemo(opts *options) *connection {
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1_000_000, 5*time.Minute))
	server.Seed(opts.images, func(i int) cfimages.Image {
		return cfimages.Image{
			Creator:  []string{"alice", "bob", ""}[i%3],
			Filename: fmt.Sprintf("photo-%06d.png", i+1),
			Uploaded: time.Date(2026, 1, 1, 9, 0, i, 0, time.UTC),
			Meta:     fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"active", "pending"}[i%2], i%5+1),
		}
	})
	conn := connectServer(server, opts)
	conn.account, conn.api = "of "+strconv.Itoa(opts.images)+" images", "the demo"
	return conn
}

// connectServer returns a connection to a test server.
func connectServer(server *imagestest.Server, opts *options) *connection {
	return &connection{
		client:   server.Client(clientOptions(opts)...),
		delivery: deliveryClient(server.HTTPClient().Transport),
		account:  imagestest.AccountID,
		close:    server.Close,
	}
}
