package imagestest

import (
	"slices"
	"time"
)

// maxFileSize is the 10 MB of Cloudflare's developer documentation. That these
// are binary megabytes is a guess.
const maxFileSize = 10 << 20

const defaultMaxStreams = 100

// Option configures a [Server]. A nil Option is ignored.
type Option func(*config)

// config is what options set.
type config struct {
	clock              *Clock
	inMemory           bool
	http2              bool
	maxStreams         int
	latency            time.Duration
	maxFileSize        int64
	quota              int
	window             time.Duration
	enforceQuota       bool
	batchTokenLifetime time.Duration
	rules              map[Rule]bool
	simulatorResponse  bool
	variants           []Variant
	flexible           bool
}

func newConfig(opts []Option) config {
	c := config{
		clock:              new(Clock),
		maxStreams:         defaultMaxStreams,
		maxFileSize:        maxFileSize,
		quota:              defaultQuota,
		window:             defaultWindow,
		batchTokenLifetime: defaultBatchTokenLifetime,
		rules:              map[Rule]bool{RefuseUnknownFields: true, RefuseUploadCredentials: true},
		variants:           []Variant{{Name: publicVariant}},
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	return c
}

// WithClock sets the clock of the server. The default is a new Clock, which runs with
// time.Now.
func WithClock(c *Clock) Option {
	return func(cfg *config) {
		if c != nil {
			cfg.clock = c
		}
	}
}

// InMemory makes the server use connections in memory instead of a port. Only
// [Server.Client] and [Server.HTTPClient] can connect to it. It works inside a
// testing/synctest bubble:
//
//	synctest.Test(t, func(t *testing.T) {
//		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(10, 5*time.Minute))
//		defer server.Close()
//		client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxWait: 5 * time.Minute}))
//		// The 11th call waits for the next window, in virtual time.
//	})
func InMemory() Option {
	return func(cfg *config) { cfg.inMemory = true }
}

// WithHTTP2 makes the server use HTTP/2 over TLS. It has its own certificate, which
// [Server.Client] and [Server.HTTPClient] trust. [Server.URL] then starts with https.
// Clients that do not support HTTP/2 are served over HTTP/1.1 and TLS.
//
// For other clients, the certificate is in the transport of HTTPClient:
//
//	srv.HTTPClient().Transport.(*http.Transport).TLSClientConfig.RootCAs
func WithHTTP2() Option {
	return func(cfg *config) { cfg.http2 = true }
}

// WithMaxConcurrentStreams sets the largest number of concurrent requests on an HTTP/2
// connection. The default is 100, the minimum that RFC 9113 recommends. Values below 1
// mean the default.
func WithMaxConcurrentStreams(n int) Option {
	return func(cfg *config) {
		cfg.maxStreams = n
		if n < 1 {
			cfg.maxStreams = defaultMaxStreams
		}
	}
}

// WithLatency sets how long the server waits before it reads a request. The default is 0.
func WithLatency(d time.Duration) Option {
	return func(cfg *config) { cfg.latency = d }
}

// WithMaxFileSize sets the largest size of an uploaded file, in bytes. The default is
// Cloudflare's limit of 10 MB.
func WithMaxFileSize(size int64) Option {
	return func(cfg *config) { cfg.maxFileSize = size }
}

// WithRateLimit sets and enforces a rate limit: quota requests in a window, for each
// token or user. The first request above it starts another window, in which all requests
// are rejected with 429. Without this option, no request is rejected, and the headers of responses
// always report 1,200 of 1,200 requests in 5 minutes, Cloudflare's documented limit.
//
// cfimages counts its own requests, too: after 1,200 requests it waits even without this
// option. In a test with more calls, set a larger quota.
//
// The batch host has its own limit: 200 requests a second for each batch token, as
// documented by Cloudflare. Further requests are rejected with 429 and a Retry-After of
// one second.
func WithRateLimit(quota int, window time.Duration) Option {
	return func(cfg *config) {
		cfg.quota, cfg.window, cfg.enforceQuota = quota, window, true
	}
}

// WithBatchTokenLifetime sets how long a new batch token is valid. The default is one
// hour, which is a guess: nothing is published. With a lifetime of 0 or less, tokens have
// expired when they are created.
func WithBatchTokenLifetime(d time.Duration) Option {
	return func(cfg *config) { cfg.batchTokenLifetime = d }
}

// WithSimulatorReplies makes the response to an upload to a one-time URL the same as in
// Cloudflare's local simulator: {"id":…,"success":true}. By default it is an envelope with
// the image, which is a guess.
func WithSimulatorReplies() Option {
	return func(cfg *config) { cfg.simulatorResponse = true }
}

// Variant is a variant of an account. The server does not resize: every variant delivers
// the uploaded file.
type Variant struct {
	Name string
	// NeverRequireSignedURLs delivers private images without a signature.
	NeverRequireSignedURLs bool
}

// WithVariants adds variants to every account, besides the variant public. A variant with
// the same name is replaced. The API can change the variants of an account later.
func WithVariants(variants ...Variant) Option {
	return func(cfg *config) {
		for _, v := range variants {
			cfg.variants = slices.DeleteFunc(cfg.variants, func(old Variant) bool { return old.Name == v.Name })
			cfg.variants = append(cfg.variants, v)
		}
	}
}

// WithFlexibleVariants enables flexible variants for every account.
// cfimages.Variants.SetFlexible can change that later. If they are enabled, a delivery URL
// with options such as w=400 instead of a variant delivers the uploaded file. By default
// they are disabled, and such URLs deliver nothing.
func WithFlexibleVariants() Option {
	return func(cfg *config) { cfg.flexible = true }
}

// Rule is a check for requests that Cloudflare is not known to reject. See [Enforce] and
// [Ignore].
type Rule string

// The rules.
const (
	// RefuseUnknownFields rejects form fields and members of JSON objects that are not
	// documented. It is enforced by default.
	RefuseUnknownFields Rule = "unknown-fields"
	// RefuseUploadCredentials rejects an upload to a one-time URL that contains an API
	// token or key, because that would leak it. It is enforced by default.
	RefuseUploadCredentials Rule = "upload-credentials"
	// RefuseFlatMetadata rejects metadata in fields such as metadata.key or
	// metadata[key], instead of one field with a JSON object. It is ignored by default,
	// because the official SDKs send such fields. Their values are then treated as
	// strings, which is a guess.
	RefuseFlatMetadata Rule = "flat-metadata"
	// RefuseUnknownParams rejects list requests with query parameters that are not
	// documented. It is ignored by default.
	RefuseUnknownParams Rule = "unknown-params"
)

// Enforce enables rules that are ignored by default.
func Enforce(rules ...Rule) Option { return setRules(rules, true) }

// Ignore disables rules that are enforced by default.
func Ignore(rules ...Rule) Option { return setRules(rules, false) }

func setRules(rules []Rule, enforced bool) Option {
	return func(cfg *config) {
		for _, rule := range rules {
			cfg.rules[rule] = enforced
		}
	}
}
