package cfimages

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/secret"
	"github.com/cfimages/cfimages-go/internal/send"
)

// version is the version of this library, sent in the User-Agent header.
const version = "0.2.0"

const (
	defaultBaseURL        = "https://api.cloudflare.com/client/v4"
	defaultBatchBaseURL   = "https://batch.imagedelivery.net"
	defaultRequestTimeout = 30 * time.Second
)

// Client is a client for the Cloudflare Images API of one account. [NewClient] creates
// one; the zero Client is not usable. A Client is safe for concurrent use: create one
// for each account and token, and share it. Its fields are the services that make the
// calls.
type Client struct {
	ImagesV1      *ImagesV1
	ImagesV2      *ImagesV2
	DirectUploads *DirectUploads
	Variants      *Variants
	SigningKeys   *SigningKeys

	sender *send.Sender
}

// NewClient returns a client for one account. It sends no request.
//
// A setting without an option is read from the environment:
//
//	CLOUDFLARE_ACCOUNT_ID   the account; see [WithAccountID]
//	CLOUDFLARE_API_TOKEN    the API token; see [WithAPIToken]
//	CLOUDFLARE_EMAIL        without a token, together with CLOUDFLARE_API_KEY; see [WithAPIKey]
//	CLOUDFLARE_BASE_URL     the base URL; see [WithBaseURL]
//
// An empty variable is ignored. The account and the credentials are required.
//
// If settings are missing or invalid, the error contains a [*ParamError] for each of
// them.
func NewClient(opts ...Option) (*Client, error) {
	cfg := config{
		retry:    DefaultRetryPolicy(),
		timeout:  defaultRequestTimeout,
		prefetch: true,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	s, err := cfg.sender()
	if err != nil {
		return nil, err
	}
	return &Client{
		ImagesV1:      &ImagesV1{sender: s},
		ImagesV2:      &ImagesV2{sender: s, prefetch: cfg.prefetch},
		DirectUploads: &DirectUploads{sender: s, insecure: cfg.insecure},
		Variants:      &Variants{sender: s},
		SigningKeys:   &SigningKeys{sender: s},
		sender:        s,
	}, nil
}

// RateLimit returns the state of the rate limit: the values of the last response, minus
// the requests sent since. After the end of its window, it is the full quota of the
// current window. It is the zero value if nothing is known: no response had the
// headers, or the window has ended and its quota is unknown, or the window is longer
// than 5 minutes and the headers are no longer trusted. The batch host of
// [WithBatchAPI] is not included.
func (c *Client) RateLimit() RateLimit {
	state := c.sender.RateLimit()
	return RateLimit{
		Remaining: state.Remaining,
		Reset:     state.Reset,
		Quota:     state.Quota,
		Window:    state.Window,
	}
}

// RateLimit is the state of the API's rate limit, from the Ratelimit and
// Ratelimit-Policy headers of its responses. Cloudflare documents 1,200 requests in 5
// minutes for each user or token, for all programs together.
type RateLimit struct {
	Remaining int           // requests left until Reset
	Reset     time.Time     // when the window ends; zero if nothing is known
	Quota     int           // requests in a window; 0 if unknown
	Window    time.Duration // length of a window; 0 if unknown
}

// config has the values of the options, before they are checked.
type config struct {
	accountID    *string
	login        *login
	baseURL      *string
	batch        bool
	batchBaseURL *string
	httpClient   *http.Client
	userAgent    string
	logger       *slog.Logger
	retry        RetryPolicy
	timeout      time.Duration
	insecure     bool
	prefetch     bool
	errs         []error
}

// sender checks the configuration and returns the sender of all calls.
func (c *config) sender() (*send.Sender, error) {
	account := c.checkedAccount()
	creds := c.checkedCredentials()
	base := c.checkedBaseURL()
	batchBase := c.checkedBatchBaseURL(base)
	c.check(c.timeout > 0, "WithRequestTimeout", "must be positive, got %v", c.timeout)
	c.check(c.retry.valid(), "WithRetryPolicy", "no field may be negative, got %+v", c.retry)
	c.check(printable(c.userAgent), "WithUserAgent", "must be printable ASCII, such as myapp/1.2")
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	if !c.batch {
		batchBase = ""
	}
	return send.New(send.Config{
		HTTP:        c.httpClient,
		BaseURL:     base,
		BatchURL:    batchBase,
		AccountID:   account,
		Credentials: creds,
		UserAgent:   userAgent(c.userAgent),
		Log:         c.logger,
		Policy:      send.Policy(c.retry),
		Timeout:     c.timeout,
		Describe:    describe,
	}), nil
}

// check records a violation unless ok.
func (c *config) check(ok bool, param, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, paramErrorf(param, format, args...))
	}
}

func (c *config) checkedAccount() string {
	id, from := os.Getenv("CLOUDFLARE_ACCOUNT_ID"), "CLOUDFLARE_ACCOUNT_ID"
	if c.accountID != nil {
		id, from = *c.accountID, "WithAccountID"
	}
	if id == "" {
		c.check(false, "WithAccountID", "no account ID: use WithAccountID or set CLOUDFLARE_ACCOUNT_ID")
		return ""
	}
	if err := imagepath.CheckAccountID(id); err != nil {
		c.check(false, from, "%v", err)
	}
	return id
}

func (c *config) checkedCredentials() send.Credentials {
	from := c.login
	if from == nil {
		from = loginFromEnvironment()
	}
	switch {
	case from.usesSource: // a nil one is rejected by its option
		return send.Credentials{Source: from.source}
	case from.usesKey && (from.email == "" || from.key == ""):
		c.check(false, from.param, "an API key needs its e-mail address, and neither may be empty: "+
			"use WithAPIKey, or set CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY")
	case !from.usesKey && from.token == "":
		c.check(false, from.param, "no credentials: use WithAPIToken or set CLOUDFLARE_API_TOKEN "+
			"(or WithTokenSource, or WithAPIKey, or CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY)")
	}
	c.check(visible(from.token+from.email+from.key), from.param,
		"credentials must be visible ASCII without spaces: remove line breaks and quotes that were copied with them")
	return send.Credentials{
		Token: secret.New(from.token),
		Email: secret.New(from.email),
		Key:   secret.New(from.key),
	}
}

// login has the credentials and the name of the setting that they come from.
type login struct {
	param             string
	token, email, key string
	usesKey           bool
	usesSource        bool
	source            func(context.Context) (string, error)
}

func loginFromEnvironment() *login {
	if token := os.Getenv("CLOUDFLARE_API_TOKEN"); token != "" {
		return &login{param: "CLOUDFLARE_API_TOKEN", token: token}
	}
	email, key := os.Getenv("CLOUDFLARE_EMAIL"), os.Getenv("CLOUDFLARE_API_KEY")
	if email == "" && key == "" {
		return &login{param: "WithAPIToken"}
	}
	return &login{param: "CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY", email: email, key: key, usesKey: true}
}

func (c *config) checkedBaseURL() string {
	raw, from := os.Getenv("CLOUDFLARE_BASE_URL"), "CLOUDFLARE_BASE_URL"
	switch {
	case c.baseURL != nil:
		raw, from = *c.baseURL, "WithBaseURL"
	case raw == "":
		raw = defaultBaseURL
	}
	return c.checkedURL(raw, from)
}

// checkedBatchBaseURL returns the base URL of the batch host. Calls and tokens for
// another server than Cloudflare's must not be sent to Cloudflare's batch host.
func (c *config) checkedBatchBaseURL(base string) string {
	if c.batchBaseURL != nil {
		return c.checkedURL(*c.batchBaseURL, "WithBatchBaseURL")
	}
	c.check(!c.batch || base == defaultBaseURL, "WithBatchAPI",
		"the base URL is not Cloudflare's: set the base URL of its batch host with WithBatchBaseURL")
	return defaultBatchBaseURL
}

// checkedURL returns a base URL without a trailing slash. Its errors never quote the
// URL, which may contain a password.
func (c *config) checkedURL(raw, from string) string {
	reason := endpointProblem(raw, c.insecure)
	if u, err := url.Parse(raw); reason == "" && err == nil && (u.RawQuery != "" || u.ForceQuery) {
		reason = "must have no query"
	}
	c.check(reason == "", from, "%s", reason)
	return strings.TrimRight(raw, "/")
}

// endpointProblem returns why rawURL cannot be called, "" if it can.
func endpointProblem(rawURL string, insecure bool) string {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return "is not a valid URL"
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "must be an absolute https URL, such as " + defaultBaseURL
	case u.User != nil:
		return "must have no user name or password"
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return "must have no fragment"
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return "must be https: plain http is allowed for loopback hosts, or with WithInsecureHTTP"
	}
	return ""
}

// userAgent returns the User-Agent header, which starts with the caller's product.
func userAgent(product string) string {
	return strings.TrimSpace(product + " cfimages-go/" + version)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// visible reports whether s is visible ASCII, which is safe in a header.
func visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// printable is like visible but allows spaces.
func printable(s string) bool { return visible(strings.ReplaceAll(s, " ", "")) }
