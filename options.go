package cfimages

import (
	"log/slog"
	"net/http"
	"time"
)

// Option configures a [Client]. An option beats the environment, and a later
// option beats an earlier one. A nil Option is ignored.
type Option func(*config)

// WithAccountID sets the account whose images are meant: letters, digits, hyphens
// and underscores. The default is CLOUDFLARE_ACCOUNT_ID.
func WithAccountID(id string) Option {
	return func(c *config) { c.accountID = &id }
}

// WithAPIToken sets the API token to authenticate with. The default is
// CLOUDFLARE_API_TOKEN. Credentials are visible ASCII; what was pasted along, such
// as a line break, is refused.
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

// WithBaseURL sets the URL below which the API's paths lie, its own path
// included. The default is CLOUDFLARE_BASE_URL, then
// https://api.cloudflare.com/client/v4. It must be https, but for a loopback
// host or with [WithInsecureHTTP], without user name, query or fragment.
func WithBaseURL(rawURL string) Option {
	return func(c *config) { c.baseURL = &rawURL }
}

// WithBatchAPI sends the calls that Cloudflare's batch host takes there: List,
// Pages, All, Get, Delete, Create and Wait. They do not count against the
// account's rate limit; up to 200 a second are allowed for each batch token
// (Cloudflare's developer documentation). The client fetches its token through
// the account, renews it before it expires, and keeps to 190 a second, because
// requests do not arrive as evenly as they are sent; calls that come faster wait, in
// order and as long as their contexts last. A client uses one token at a time: for
// several times the rate, make several clients.
//
// While there is no way to the batch host, calls go to the ordinary host and
// within its rate limit, and one Warn record says why: no token comes within 15 s or
// half of the call's time, the account or its API token is not allowed one, tokens
// are refused, or no connection is made. That is tried anew after 10 minutes, or
// 30 s when nothing was refused. What the batch host forbids, the ordinary host
// is asked. Other failures of the batch host are failures of the call.
func WithBatchAPI() Option {
	return func(c *config) { c.batch = true }
}

// WithBatchBaseURL sets the URL below which the batch host's paths lie, for
// tests. The default is https://batch.imagedelivery.net, and must be replaced
// when the base URL is not Cloudflare's own. The rules are those of [WithBaseURL].
// It does nothing without [WithBatchAPI].
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
// which connection a retry uses is the transport's decision.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) {
		c.check(client != nil, "WithHTTPClient", "must not be nil: leave the option out for the default client")
		c.httpClient = client
	}
}

// WithUserAgent puts a product, such as "myapp/1.2", before the library's own
// in the User-Agent header. It must be printable ASCII.
func WithUserAgent(product string) Option {
	return func(c *config) { c.userAgent = product }
}

// WithLogger writes a Debug record, "cfimages request", at the end of each
// attempt, with the context of its call. By default, nothing is logged.
//
//	op        string    the call, such as "ImagesV2.All"
//	method    string    of HTTP
//	path      string    without query, {id} in place of IDs; no upload URL
//	status    int       of HTTP; 0: no reply
//	attempt   int       from 1; each page of a walk begins anew
//	duration  Duration  until the reply was read or given up; for a walk that includes the loop's own time
//	ray_id    string    the Cf-Ray header; "" without one
//	bytes     int       read of the reply's body, decoded
//	wait      Duration  before the attempt, for a retry, the rate limit, or a batch token and its rate
//	batch     bool      sent to the batch host
//	error     string    why the attempt failed; absent when it did not
//
// Calls that are refused or held back before a request leave no record. With
// [WithBatchAPI], fetching a token is an attempt of op "ImagesV1.BatchToken", and a
// Warn record, with error, tells when the ordinary host takes the calls. No record
// has a secret.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger = l }
}

// WithRetryPolicy sets how often and how long a call is tried. The default is
// [DefaultRetryPolicy]; the zero RetryPolicy means one attempt. No field may be
// negative.
func WithRetryPolicy(p RetryPolicy) Option {
	return func(c *config) { c.retry = p }
}

// WithRequestTimeout limits how long one attempt waits for the headers of its
// reply; it must be positive, and the default is 30 s. A call with a body has this long again after every
// part that the connection takes, and the time that an upload's Body takes to
// be read does not count, nor do waits between attempts. The error matches
// os.ErrDeadlineExceeded, and not context.DeadlineExceeded, which is the caller's.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *config) { c.timeout = d }
}

// WithInsecureHTTP allows plain http to hosts other than loopback: credentials
// and images then travel unencrypted.
func WithInsecureHTTP() Option {
	return func(c *config) { c.insecure = true }
}

// WithPrefetch sets whether Pages and All may ask for the next page while the
// current one is still arriving or being taken; the default is true. At most
// one page is asked for ahead, none before 100 images of the first page or all
// of it were taken, and none while fewer than 20 requests of the known rate limit
// are left.
func WithPrefetch(on bool) Option {
	return func(c *config) { c.prefetch = on }
}

// RetryPolicy says how often and how long a failed call is tried again. Reads
// and deletes are repeated after lost connections, timeouts and the statuses
// 408, 429, 500, 502, 503, 504 and 520 to 524; a create only after 429 and
// failures that provably came before its request was sent; an upload only
// after the latter. Besides, a client spends at most ten retries that no
// success pays back, so that an outage is not met with a storm. Clients share
// neither that nor what they know of the rate limit: but for [WithBatchAPI], make
// one for each account and token.
//
// A request that tells only that another batch token is needed, or the ordinary
// host, is no attempt to MaxAttempts, and a wait for a batch token or its rate none
// to MaxWait.
type RetryPolicy struct {
	MaxAttempts int           // requests in all, the first included; 0 and 1: no retry
	BaseDelay   time.Duration // the n-th wait is random between 0 and BaseDelay·2ⁿ⁻¹; 0: no wait
	MaxDelay    time.Duration // or between 0 and MaxDelay, if that is less; 0: no such bound
	MaxWait     time.Duration // a longer wait that the server asks for is returned as the error, not waited; 0: none is waited
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
