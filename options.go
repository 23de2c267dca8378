package cfimages

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Option configures a [Client]. An option beats the environment, and a later
// option beats an earlier one. A nil Option is ignored.
type Option func(*config)

// WithAccountID sets the ID of the account: letters, digits, hyphens and
// underscores. The default is CLOUDFLARE_ACCOUNT_ID.
func WithAccountID(id string) Option {
	return func(c *config) { c.accountID = &id }
}

// WithAPIToken sets the API token to authenticate with. The default is
// CLOUDFLARE_API_TOKEN. Credentials must be visible ASCII; anything else, such as a
// line break that was pasted along, is rejected.
func WithAPIToken(token string) Option {
	return func(c *config) { c.login = &login{param: "WithAPIToken", token: token} }
}

// WithAPIKey sets the older pair of e-mail address and global API key to
// authenticate with, instead of a token. The default, when no token is given,
// is CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY.
func WithAPIKey(email, key string) Option {
	return func(c *config) {
		c.login = &login{param: "WithAPIKey", email: email, key: key, usesKey: true}
	}
}

// WithTokenSource sets a function that returns the API token to authenticate with, for
// tokens that a secret store rotates while a program runs. With WithAPIToken or
// WithAPIKey, the later option counts.
//
// The source is called before each attempt, from any goroutine and with the context of
// the call: let it cache the token. If it fails, or returns a token that is not
// visible ASCII, the call fails before anything is sent, and is not retried; the
// error wraps that of the source.
//
// If Cloudflare answers a read, or what is retried like one, with 401, the source is
// called once more, and the call is retried once if the token is another one by then and
// the [RetryPolicy] allows it.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(c *config) {
		c.check(source != nil, "WithTokenSource", "must not be nil: leave the option out for a token that does not change")
		c.login = &login{param: "WithTokenSource", source: source}
	}
}

// WithBaseURL sets the base URL of the API, including its path. The default is
// CLOUDFLARE_BASE_URL, then https://api.cloudflare.com/client/v4. It must be https,
// unless the host is a loopback host or [WithInsecureHTTP] is given, and it must have
// no user name, query or fragment.
func WithBaseURL(rawURL string) Option {
	return func(c *config) { c.baseURL = &rawURL }
}

// WithBatchAPI sends calls to Cloudflare's batch host where it takes them: all of
// [ImagesV2], the Get, Update, Upload, UploadFromURL and Delete of [ImagesV1], and the
// Create and Wait of [DirectUploads]. They do not count against the account's rate
// limit. Cloudflare's developer documentation allows 200 requests a second for
// each batch token. The client fetches a token through the account and renews it
// before it expires. It sends at most 190 requests a second, because requests do not
// arrive as evenly as they are sent; calls that come faster wait in order, as long as
// their contexts allow. A client uses one token at a time: for a multiple of the
// rate, make several clients.
//
// If the batch host is unavailable, calls fall back to the standard API host and its
// rate limit, and the fallback is logged once at Warn level. The reasons are: no token
// can be fetched within 15 s or half of the call's time, the account or its API token
// may not have one, tokens are refused, or no connection can be made. The batch host
// is tried again after 10 minutes, or after 30 s when nothing was refused. A call that
// the batch host forbids is sent to the standard API host. Other failures of the batch
// host are failures of the call.
func WithBatchAPI() Option {
	return func(c *config) { c.batch = true }
}

// WithBatchBaseURL sets the base URL of the batch host, for tests. The default is
// https://batch.imagedelivery.net; it must be set if the base URL is not Cloudflare's
// own. The rules are those of [WithBaseURL]. It has no effect without [WithBatchAPI].
func WithBatchBaseURL(rawURL string) Option {
	return func(c *config) { c.batchBaseURL = &rawURL }
}

// WithHTTPClient sets the HTTP client that sends the requests. It is copied and
// never changed; the copy does not follow redirects. Its Timeout, if it has one,
// includes the time that a loop over All takes for a page. The default is a
// client with timeouts of this library's own and the proxy of the environment
// (see [http.ProxyFromEnvironment]).
//
// The default client notices within 25 s that an HTTP/2 connection has died. A
// transport of your own should do the same, because net/http keeps using such a
// connection until the kernel gives it up, after about 15 minutes:
//
//	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second}
//
// Without that, a call that gets no response within the request timeout closes its
// connection, if nothing else arrives on it, and is retried on a new one. This needs
// a transport that reports its connections through [net/http/httptrace], as [http.Transport]
// does, and one that wraps it if it passes the context on. For any other transport,
// which connection a retry uses is the transport's decision. Clients that share an
// HTTP client share its connections, but not what they know of them: one may close a
// connection on which another still receives. Give each Client an HTTP client and a
// transport of its own. A transport that retries requests by itself is stopped after
// three requests for one attempt.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) {
		c.check(client != nil, "WithHTTPClient", "must not be nil: leave the option out for the default client")
		c.httpClient = client
	}
}

// WithUserAgent adds a product, such as "myapp/1.2", in front of the library's own
// in the User-Agent header. It must be printable ASCII.
func WithUserAgent(product string) Option {
	return func(c *config) { c.userAgent = product }
}

// WithLogger writes a Debug record, "cfimages request", at the end of each attempt,
// with the context of its call. By default, nothing is logged.
//
//	op        string    the call, such as "ImagesV2.All"
//	method    string    the HTTP method
//	path      string    without query, with {id} in place of IDs; no upload URL
//	status    int       the HTTP status; 0: no response
//	attempt   int       from 1; each page of a walk starts at 1
//	duration  Duration  until the response was read or given up; for a walk it includes the loop's own time
//	ray_id    string    the Cf-Ray header; "" without one
//	bytes     int       read of the response's body, decoded
//	wait      Duration  before the attempt, for a retry, the rate limit, the token source, or a batch token and its rate
//	batch     bool      sent to the batch host
//	error     string    why the attempt failed; absent if it did not
//
// Calls that are rejected or rate limited before a request is sent leave no record.
// With [WithBatchAPI], fetching a token is an attempt of op "ImagesV1.BatchToken", and
// a Warn record, with error, reports the fallback to the standard API host. No record
// contains a secret.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger = l }
}

// WithRetryPolicy sets how often and how long a call is retried. The default is
// [DefaultRetryPolicy]; the zero RetryPolicy means one attempt. No field may be
// negative.
func WithRetryPolicy(p RetryPolicy) Option {
	return func(c *config) { c.retry = p }
}

// WithRequestTimeout limits how long one attempt waits for the headers of its
// response. It must be positive; the default is 30 s. A call with a body has this long
// again after every part that the connection takes. Neither the time that an upload's
// Body takes to be read counts, nor waits between attempts. The error matches
// os.ErrDeadlineExceeded, and not context.DeadlineExceeded, which is the caller's.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *config) { c.timeout = d }
}

// WithInsecureHTTP allows plain http to hosts other than loopback hosts: credentials
// and images are then sent unencrypted.
func WithInsecureHTTP() Option {
	return func(c *config) { c.insecure = true }
}

// WithPrefetch sets whether Pages and All may prefetch the next page while the
// current one is still arriving or being used; the default is true. At most one page
// is prefetched. None is prefetched before 100 images of the first page, or all of it,
// were used, nor while fewer than 20 requests of the known rate limit remain.
func WithPrefetch(on bool) Option {
	return func(c *config) { c.prefetch = on }
}

// RetryPolicy says how often and how long a failed call is retried.
//
// Reads and deletes are retried after lost connections, timeouts and the statuses 408,
// 429, 500, 502, 503, 504 and 520 to 524. Not retried are failures of the connection
// that are known to be permanent: a refused certificate or TLS handshake, and an
// unknown host. A create is retried only after a 429 and after failures that prove
// that the server did not process it: not a byte was sent, or HTTP/2 says so. An
// upload is retried like a create by [ImagesV1], and to a one-time URL only if not a
// byte was sent. An update is retried like a read, but like a create if it changes who
// may see an image.
//
// A retry budget (ten retries, refilled by successful calls) prevents retry storms
// during an outage. Calls that are lost together with their connection cost it one
// retry together, unless two connections were lost since a call succeeded last. Calls
// that did not reach a server cost it none. Clients share neither the budget nor what they know of the rate
// limit: make one client for each account and token, except for [WithBatchAPI].
//
// A request that only shows that another batch token or the standard API host is
// needed does not count for MaxAttempts, and a wait for a batch token or its rate does
// not count for MaxWait.
type RetryPolicy struct {
	MaxAttempts int           // requests in all, the first included; 0 and 1: no retry
	BaseDelay   time.Duration // the n-th wait is random between 0 and BaseDelay·2ⁿ⁻¹; 0: no wait
	MaxDelay    time.Duration // the longest such wait; 0: no limit
	MaxWait     time.Duration // the longest wait that the server may ask for; a longer one is returned as an error at once; 0: none
}

// DefaultRetryPolicy is four attempts, waits from 200 ms doubled up to 5 s, and
// at most 10 s when the server asks for a wait.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts: 4,
		BaseDelay:   200 * time.Millisecond,
		MaxDelay:    5 * time.Second,
		MaxWait:     10 * time.Second,
	}
}

func (p RetryPolicy) valid() bool {
	return p.MaxAttempts >= 0 && p.BaseDelay >= 0 && p.MaxDelay >= 0 && p.MaxWait >= 0
}
