package cfimages

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Option configures a [Client]. Options override the environment, and later options
// override earlier ones. A nil Option is ignored.
type Option func(*config)

// WithAccountID sets the ID of the account: letters, digits, hyphens and
// underscores. The default is CLOUDFLARE_ACCOUNT_ID.
func WithAccountID(id string) Option {
	return func(c *config) { c.accountID = &id }
}

// WithAPIToken sets the API token. The default is CLOUDFLARE_API_TOKEN. It must be
// visible ASCII, without spaces or line breaks.
//
// The token needs the account permission "Cloudflare Images: Read" to list and read,
// and "Cloudflare Images: Edit" to create, upload, change and delete (Cloudflare's list
// of API token permissions).
func WithAPIToken(token string) Option {
	return func(c *config) { c.login = &login{param: "WithAPIToken", token: token} }
}

// WithAPIKey sets an e-mail address and its global API key, the older form of
// credentials, instead of an API token. Without a token, the default is
// CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY.
func WithAPIKey(email, key string) Option {
	return func(c *config) {
		c.login = &login{param: "WithAPIKey", email: email, key: key, usesKey: true}
	}
}

// WithTokenSource sets a function that returns the API token, for tokens that are
// rotated while the program runs. It is an alternative to [WithAPIToken] and
// [WithAPIKey]. If several of these options are given, the last one is used.
//
// The function is called before each attempt on the standard API host, and again after
// a wait for the rate limit, with the context of the call, and concurrently. It must
// return when the context ends: no other timeout limits it. It may cache the token, but
// is not told of a status 401: it must itself check whether the token was replaced.
// Remove the line break if the token comes from a file. If the function fails, or
// returns a token that is empty, not visible ASCII or longer than 4096 bytes, the call
// fails before a request is sent, and is not retried. The error wraps the error of the
// function, and does not match [ErrInvalidParams].
//
// If a read, a delete, or an update without RequireSignedURLs gets status 401 and the
// [RetryPolicy] allows a retry, the function is called again. If it returns another
// token, the call is retried once. A create, an upload, or an update of
// RequireSignedURLs fails with [ErrUnauthorized]: call it again.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(c *config) {
		c.check(source != nil, "WithTokenSource", "must not be nil: use WithAPIToken for a token that does not change")
		c.login = &login{param: "WithTokenSource", source: source, usesSource: true}
	}
}

// WithBaseURL sets the base URL of the API, including its path. The default is
// CLOUDFLARE_BASE_URL, then https://api.cloudflare.com/client/v4. It must be https,
// unless the host is a loopback host or [WithInsecureHTTP] is given, and it must have
// no user name, query or fragment.
func WithBaseURL(rawURL string) Option {
	return func(c *config) { c.baseURL = &rawURL }
}

// WithBatchAPI sends calls to Cloudflare's batch host, where they do not count against
// the rate limit. It is for jobs of thousands of calls. The batch host serves all calls
// of [ImagesV2], the Get, Update, Upload, UploadFromURL and Delete of [ImagesV1], and
// the Create and Wait of [DirectUploads]. Other calls still go to the standard API
// host.
//
// Cloudflare allows 200 requests a second for each batch token (its developer
// documentation). The client fetches a batch token with its credentials and renews it
// before it expires. It sends at most 190 requests a second, to leave room for requests
// that reach the server in bursts. Further calls wait in order, as long as their
// contexts allow. To reach this rate, make calls concurrently. A client uses one batch
// token at a time: for a higher rate, create several clients. Cloudflare does not
// document whether its limit of 200 requests a second for each IP address applies to
// the batch host, too.
//
// If the batch host is unavailable, calls fall back to the standard API host and its
// rate limit. The fallback is logged at Warn level, once for an outage. A further
// fallback is logged only if its kind of reason is another one, or if a call to the
// batch host has succeeded in between.
// The reasons are:
//
//   - The request for a batch token fails with status 403 or 404, or the batch host
//     rejects a new token. The batch host is used again after 10 minutes.
//   - The request for a batch token fails in another way, also after retries, or takes
//     longer than 15 s, or than half of the remaining time of the call if that is
//     shorter. The batch host is used again after 30 s.
//   - The batch host cannot be reached. It is used again after 30 s.
//
// If the batch host forbids a call (status 403), the call is sent to the standard API
// host. If that accepts it, the batch host counts as unavailable for 10 minutes. Other
// failures of the batch host are failures of the call.
func WithBatchAPI() Option {
	return func(c *config) { c.batch = true }
}

// WithBatchBaseURL sets the base URL of the batch host, for tests. The default is
// https://batch.imagedelivery.net; it must be set if the base URL is not Cloudflare's.
// The rules of [WithBaseURL] apply. It has no effect without [WithBatchAPI].
func WithBatchBaseURL(rawURL string) Option {
	return func(c *config) { c.batchBaseURL = &rawURL }
}

// WithHTTPClient sets the HTTP client that sends the requests. The client is copied and
// not changed. The copy does not follow redirects. If it has a Timeout, that also runs
// while your loop over [ImagesV2.All] uses the images of a page. The timeouts of this
// library apply to any client. The default client uses the proxy of the environment
// (http.ProxyFromEnvironment).
//
// The default client detects within 25 s that an HTTP/2 connection has died. Configure
// your own transport to do the same (net/http alone may keep a dead connection for
// about 15 minutes):
//
//	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second}
//
// Without this setting, the client detects a dead connection only when a response is
// overdue (no headers within the request timeout, or a stalled body) and nothing was
// received on the connection for the last second (or for half of the request timeout,
// if that is shorter). Then the connection is closed, and the call is retried on a new
// one. If the dead connection also carries calls that cannot be retried, it may be
// closed later. The transport must report its connections through [net/http/httptrace],
// as [http.Transport] does. A transport that wraps it must pass the context on. With
// other transports, a retry may use the dead connection again.
//
// Give each Client its own HTTP client and transport. Clients that share a transport
// share its connections: one may close a connection that another still uses. A
// transport that retries by itself may send three requests in an attempt of this
// library. At the fourth one, the attempt fails.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) {
		c.check(client != nil, "WithHTTPClient", "must not be nil: leave the option out for the default client")
		c.httpClient = client
	}
}

// WithUserAgent sets a product, such as "myapp/1.2", which is sent in the User-Agent
// header before the name of this library. It must be printable ASCII.
func WithUserAgent(product string) Option {
	return func(c *config) { c.userAgent = product }
}

// WithLogger logs each attempt at Debug level, as a record "cfimages request", with the
// context of the call. No record contains a secret. By default, nothing is logged.
// slog.Default does not show Debug records: pass a logger with the level
// slog.LevelDebug. The attributes are:
//
//	op        string    the call, such as "ImagesV2.All"
//	method    string    the HTTP method
//	path      string    the path, without the query, with {id} instead of IDs
//	status    int       the HTTP status; 0 without a response
//	attempt   int       the number of the attempt, from 1; each page of a list starts at 1
//	duration  Duration  until the response was read or the attempt failed; for All, it includes the time that your loop takes, and for a prefetched page the time until the loop reaches it
//	ray_id    string    the Cf-Ray header; "" without one
//	bytes     int       bytes read of the response's body, decompressed
//	wait      Duration  the sum of the waits before the attempt, for backoff, rate limit, token source, batch host and a connection
//	batch     bool      whether the request was sent to the batch host
//	error     string    why the attempt failed; absent if it succeeded, or if the response was no longer needed
//
// A wait is logged with the attempt after it. Calls that are rejected or rate limited
// before a request is sent are not logged. With [WithBatchAPI], fetching a batch token
// is logged with the op "ImagesV1.BatchToken", and the fallback to the standard API
// host is logged at Warn level, with error.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger = l }
}

// WithRetryPolicy sets how often failed calls are retried, and how long the client may
// wait. The default is [DefaultRetryPolicy]. The zero RetryPolicy means one attempt. No
// field may be negative.
func WithRetryPolicy(p RetryPolicy) Option {
	return func(c *config) { c.retry = p }
}

// WithRequestTimeout sets how long one attempt waits for the headers of its response.
// It must be positive; the default is 30 s. To limit a whole call, with all attempts
// and waits, pass a context with a deadline instead.
//
// During an upload, the timeout starts again whenever a part of the body has been sent.
// It does not run while Read of the Body of a [File] blocks. The error matches
// os.ErrDeadlineExceeded, and does not match context.DeadlineExceeded.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *config) { c.timeout = d }
}

// WithInsecureHTTP allows plain http for all hosts, not only for loopback hosts.
// Credentials and images are then sent unencrypted.
func WithInsecureHTTP() Option {
	return func(c *config) { c.insecure = true }
}

// WithPrefetch sets whether [ImagesV2.Pages] and [ImagesV2.All] may prefetch the next
// page while the current one is being received or used. The default is true. At most
// one page is prefetched. With All, the second page is requested after your loop has
// finished with 100 images, or with all images of a smaller first page; with Pages,
// when the loop asks for it. Later pages are requested as soon as their token has been
// received, which may be before the images of the current page have been received: the
// next page may be requested even if the current one then fails and is retried.
// Nothing is prefetched while fewer than 20 requests of the rate limit remain.
func WithPrefetch(on bool) Option {
	return func(c *config) { c.prefetch = on }
}

// RetryPolicy sets how often failed calls are retried, and how long the client may
// wait.
//
// Which failures are retried depends on the call:
//
//   - Reads, deletes and updates: after network failures, timeouts, and status 408,
//     429, 500, 502, 503, 504 and 520 to 524. Permanent failures are not retried: an
//     invalid certificate, a failed TLS handshake, an unknown host.
//   - Creates, uploads by [ImagesV1], and updates of RequireSignedURLs: only if the
//     server certainly did nothing. That is after status 429, or if no byte of the
//     request was sent, or if HTTP/2 reports that the request was not processed.
//   - Uploads to a one-time URL: if no byte of the request was sent.
//
// A budget prevents too many retries during an outage. Each client has a budget of ten
// retries: each retry takes one, and each successful call or page puts one back, and so
// does a call that is rejected, for example with status 404. At zero, failed calls are
// not retried. Retries of calls that did not reach a server take none. If a connection
// is lost, the retries of all its calls take one in total. If more than two connections
// are lost and no call succeeds in between, each further retry takes one.
//
// At the rate limit, the client waits for the next window if the wait is at most
// MaxWait, and otherwise returns [ErrRateLimited] at once. After a status 429 without
// Retry-After, the usual short waits apply. The client knows the requests of
// other programs only from the headers of its responses: together they may exceed the
// limit. With [WithBatchAPI], waits for a batch token and for its rate do not count for
// MaxWait. If an attempt needs a second request, with a new batch token or to the
// standard API host, that does not count for MaxAttempts.
type RetryPolicy struct {
	MaxAttempts int           // attempts in total; 0 and 1 mean no retry
	BaseDelay   time.Duration // the wait before the n-th retry is random, from 0 to BaseDelay·2ⁿ⁻¹; 0 means no wait
	MaxDelay    time.Duration // the limit of that wait; 0 means no limit
	MaxWait     time.Duration // if Retry-After or the rate limit requires a longer wait, the call fails; 0 means no wait
}

// DefaultRetryPolicy returns the default policy: 4 attempts, a BaseDelay of 200 ms, a
// MaxDelay of 5 s and a MaxWait of 10 s.
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
