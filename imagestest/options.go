package imagestest

import (
	"slices"
	"time"
)

// maxFileSize is the 10 MB of Cloudflare's developer documentation. It does not say
// whether these are decimal or binary megabytes, so this is the smaller number.
const maxFileSize = 10_000_000

const defaultMaxStreams = 100

// Option configures a server. A nil Option is ignored.
type Option func(*config)

// config holds the values that options set.
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

// WithClock sets the clock of the server. By default, the server creates a clock that follows
// time.Now. A nil clock is ignored.
func WithClock(c *Clock) Option {
	return func(cfg *config) {
		if c != nil {
			cfg.clock = c
		}
	}
}

// InMemory makes the server use in-memory connections instead of a port. Only the clients
// returned by [Server.Client] and [Server.HTTPClient] can connect to it. Such a server
// works inside a testing/synctest bubble:
//
//	synctest.Test(t, func(t *testing.T) {
//		srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(10, 5*time.Minute))
//		defer srv.Close()
//		policy := cfimages.DefaultRetryPolicy()
//		policy.MaxWait = 5 * time.Minute
//		client := srv.Client(cfimages.WithRetryPolicy(policy))
//		// The 11th call waits for the next window, in virtual time.
//	})
func InMemory() Option {
	return func(cfg *config) { cfg.inMemory = true }
}

// WithHTTP2 makes the server serve HTTP/2 over TLS. [Server.URL] then begins with https.
// Clients that do not support HTTP/2 are served over HTTP/1.1 and TLS.
//
// The server generates a self-signed certificate, which the clients returned by
// [Server.Client] and [Server.HTTPClient] trust. For another client, use the root
// certificates of HTTPClient:
//
//	roots := srv.HTTPClient().Transport.(*http.Transport).TLSClientConfig.RootCAs
func WithHTTP2() Option {
	return func(cfg *config) { cfg.http2 = true }
}

// WithMaxConcurrentStreams sets the maximum number of concurrent requests on an HTTP/2
// connection. It has an effect only with [WithHTTP2]. The default is 100, the minimum that
// RFC 9113 recommends. Values less than 1 select the default.
func WithMaxConcurrentStreams(n int) Option {
	return func(cfg *config) {
		cfg.maxStreams = n
		if n < 1 {
			cfg.maxStreams = defaultMaxStreams
		}
	}
}

// WithLatency delays every request by d before it is read. The default is no delay.
func WithLatency(d time.Duration) Option {
	return func(cfg *config) { cfg.latency = d }
}

// WithMaxFileSize sets the maximum size of an uploaded file in bytes. A small maximum
// allows a test to exceed it without a large file. The default is Cloudflare's limit of
// 10 MB, as 10,000,000 bytes.
func WithMaxFileSize(size int64) Option {
	return func(cfg *config) { cfg.maxFileSize = size }
}

// WithRateLimit enforces a rate limit on API requests. If a token or user sends more than
// quota requests within a window, its requests are rejected with status 429 for one full
// window from then.
//
// Without this option, no request is rejected. Responses then report Cloudflare's
// documented limit of 1,200 requests per 5 minutes, always with the full quota remaining.
//
// cfimages also counts its own requests, and accepts the full quota in a response only if
// no other request is in flight. So even without this option, a client that makes
// concurrent calls without a pause may wait or fail after 1,200 requests. For a test with
// more calls, set a larger quota.
// Because it limits itself, it rarely gets a 429. To test one, inject [Refusal](429).
//
// The option does not affect the batch host. There, each batch token may send 200 requests
// per second, as Cloudflare documents. Requests above that limit are rejected with status
// 429 and a Retry-After header of one second.
func WithRateLimit(quota int, window time.Duration) Option {
	return func(cfg *config) {
		cfg.quota, cfg.window, cfg.enforceQuota = quota, window, true
	}
}

// WithBatchTokenLifetime sets how long a batch token is valid. The default is one hour,
// which is a guess because Cloudflare does not document the lifetime. With a lifetime
// of 0 or less, tokens are already expired when they are issued. At its exact expiry
// time, a token has expired.
func WithBatchTokenLifetime(d time.Duration) Option {
	return func(cfg *config) { cfg.batchTokenLifetime = d }
}

// WithSimulatorReplies makes the server respond to a completed upload as Cloudflare's local
// simulator does: {"id":…,"success":true}. By default, the response is the usual envelope
// with the details of the image, which is a guess.
func WithSimulatorReplies() Option {
	return func(cfg *config) { cfg.simulatorResponse = true }
}

// Variant is a named variant of images. The server does not resize: every variant returns
// the uploaded bytes.
type Variant struct {
	Name string
	// NeverRequireSignedURLs allows delivery of private images without a signature.
	NeverRequireSignedURLs bool
}

// WithVariants adds variants to every account, which by default has only the variant
// "public". That variant requires signed URLs for images that require them. A variant
// replaces an existing variant of the same name. API calls can change the variants later.
func WithVariants(variants ...Variant) Option {
	return func(cfg *config) {
		for _, v := range variants {
			cfg.variants = slices.DeleteFunc(cfg.variants, func(old Variant) bool { return old.Name == v.Name })
			cfg.variants = append(cfg.variants, v)
		}
	}
}

// WithFlexibleVariants enables flexible variants for every account. Delivery URLs may then
// contain options such as w=400 instead of a variant name, and return the uploaded image.
// By default, flexible variants are disabled, and such URLs get status 403.
// [cfimages.Variants.SetFlexible] changes the setting later.
func WithFlexibleVariants() Option {
	return func(cfg *config) { cfg.flexible = true }
}

// Rule is a check that Cloudflare is not known to make. [Enforce] enables rules, and
// [Ignore] disables them.
type Rule string

// The rules.
const (
	// RefuseUnknownFields rejects form fields and members of JSON objects that are
	// not documented. It is enforced by default.
	RefuseUnknownFields Rule = "unknown-fields"
	// RefuseUploadCredentials rejects a one-time upload that contains an API token
	// or key, because it would be leaked. It is enforced by default.
	RefuseUploadCredentials Rule = "upload-credentials"
	// RefuseFlatMetadata rejects metadata in fields such as metadata.key or
	// metadata[key], instead of one field with a JSON object. It is ignored by
	// default because the official SDKs send such fields. The server then treats
	// their values as strings, which is a guess.
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
