package imagestest

import (
	"slices"
	"time"
)

// maxFileSize is the 10 MB of Cloudflare's developer documentation. That these
// are binary megabytes is a guess.
const maxFileSize = 10 << 20

const defaultMaxStreams = 100

// Option configures a server. A nil Option is ignored.
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

// WithClock makes the server follow a clock. By default it has one of its own,
// which runs with time.Now.
func WithClock(c *Clock) Option {
	return func(cfg *config) {
		if c != nil {
			cfg.clock = c
		}
	}
}

// InMemory makes the server listen on no port: only Client and HTTPClient
// reach it, over connections in memory. So it works inside a testing/synctest
// bubble:
//
//	synctest.Test(t, func(t *testing.T) {
//		srv := imagestest.NewServer(imagestest.InMemory())
//		defer srv.Close()
//		…
//	})
func InMemory() Option {
	return func(cfg *config) { cfg.inMemory = true }
}

// WithHTTP2 makes the server speak HTTP/2 over TLS, with a certificate of its
// own that Client and HTTPClient trust; URL begins with https. A client that does
// not ask for HTTP/2 is served over HTTP/1.1 and TLS.
//
// A client of one's own finds the certificate in the transport of HTTPClient:
//
//	srv.HTTPClient().Transport.(*http.Transport).TLSClientConfig.RootCAs
func WithHTTP2() Option {
	return func(cfg *config) { cfg.http2 = true }
}

// WithMaxConcurrentStreams sets how many requests a server WithHTTP2 takes on a
// connection at the same time. The default is 100, the least that RFC 9113
// recommends; so is what is less than 1.
func WithMaxConcurrentStreams(n int) Option {
	return func(cfg *config) {
		cfg.maxStreams = n
		if n < 1 {
			cfg.maxStreams = defaultMaxStreams
		}
	}
}

// WithLatency makes every request wait before it is read. By default none does.
func WithLatency(d time.Duration) Option {
	return func(cfg *config) { cfg.latency = d }
}

// WithMaxFileSize sets the size in bytes of the largest file that can be
// uploaded, so that a test of the refusal needs no large file. The default is
// Cloudflare's limit of 10 MB.
func WithMaxFileSize(size int64) Option {
	return func(cfg *config) { cfg.maxFileSize = size }
}

// WithRateLimit makes the server refuse with 429 the API requests of a token
// or user over quota within a window, and then all for another window. Without
// it, responses tell of Cloudflare's documented limit of 1,200 requests per 5
// minutes, with all of it left, and nothing is refused.
//
// A client that heeds what responses tell, as cfimages does, holds itself to that
// limit all the same. A test that makes more calls than that sets a quota that
// is large enough.
//
// The batch host does not follow it: a batch token may always send 200 requests
// within a second, as Cloudflare documents, and what is beyond is refused with
// 429 and a Retry-After of one second.
func WithRateLimit(quota int, window time.Duration) Option {
	return func(cfg *config) {
		cfg.quota, cfg.window, cfg.enforceQuota = quota, window, true
	}
}

// WithBatchTokenLifetime sets how long a batch token is good for, from when it
// is made until the very time that it names. The default is one hour: a guess,
// nothing is published. With a lifetime of 0 or less tokens have expired when
// they come.
func WithBatchTokenLifetime(d time.Duration) Option {
	return func(cfg *config) { cfg.batchTokenLifetime = d }
}

// WithSimulatorReplies makes a completed upload answer as Cloudflare's local
// simulator does, {"id":…,"success":true}. By default it answers with the usual
// envelope around the image: a guess.
func WithSimulatorReplies() Option {
	return func(cfg *config) { cfg.simulatorResponse = true }
}

// Variant is a form in which images are delivered. All variants of the test
// server are the uploaded bytes: it does not resize.
type Variant struct {
	Name string
	// NeverRequireSignedURLs lets private images be seen without a signature.
	NeverRequireSignedURLs bool
}

// WithVariants adds variants to the one that every account has, public, which
// requires signed URLs where the image does. A variant of the same name is
// replaced. Calls to the API can change them later.
func WithVariants(variants ...Variant) Option {
	return func(cfg *config) {
		for _, v := range variants {
			cfg.variants = slices.DeleteFunc(cfg.variants, func(old Variant) bool { return old.Name == v.Name })
			cfg.variants = append(cfg.variants, v)
		}
	}
}

// WithFlexibleVariants makes every account begin with flexible variants switched on,
// as cfimages.Variants.SetFlexible does later. Then options in a delivery URL, such as
// w=400 in place of a variant, show the image that was uploaded. By default they show
// nothing.
func WithFlexibleVariants() Option {
	return func(cfg *config) { cfg.flexible = true }
}

// Rule names something that the server refuses, although Cloudflare is not
// known to. See Enforce and Ignore.
type Rule string

// The rules.
const (
	// RefuseUnknownFields refuses a form field, or a member of a JSON object, that
	// is not documented. Enforced by default.
	RefuseUnknownFields Rule = "unknown-fields"
	// RefuseUploadCredentials refuses a one-time upload that carries an API
	// token or key, which is a leak. Enforced by default.
	RefuseUploadCredentials Rule = "upload-credentials"
	// RefuseFlatMetadata refuses metadata in fields like metadata.key or
	// metadata[key] instead of one field with a JSON object. The official SDKs
	// send such fields; ignored by default, so that they work: a guess is
	// then made, that their values are strings.
	RefuseFlatMetadata Rule = "flat-metadata"
	// RefuseUnknownParams refuses a list request with a query parameter that is
	// not documented. Ignored by default.
	RefuseUnknownParams Rule = "unknown-params"
)

// Enforce makes the server follow rules that it ignores by default.
func Enforce(rules ...Rule) Option { return setRules(rules, true) }

// Ignore makes the server not follow rules that it enforces by default.
func Ignore(rules ...Rule) Option { return setRules(rules, false) }

func setRules(rules []Rule, enforced bool) Option {
	return func(cfg *config) {
		for _, rule := range rules {
			cfg.rules[rule] = enforced
		}
	}
}
