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

// version is the library's own, told to the server in the User-Agent header.
const version = "0.1.0"

const (
	defaultBaseURL        = "https://api.cloudflare.com/client/v4"
	defaultBatchBaseURL   = "https://batch.imagedelivery.net"
	defaultRequestTimeout = 30 * time.Second
)

// Client is the door to the API of one account: it holds the credentials and
// the base URL, and its services make the calls. NewClient makes one; the zero
// Client cannot be used. It is safe for concurrent use; make one and share it.
type Client struct {
	ImagesV1      *ImagesV1
	ImagesV2      *ImagesV2
	DirectUploads *DirectUploads
	Variants      *Variants
	SigningKeys   *SigningKeys

	sender *send.Sender
}

// NewClient returns a client for one account.
//
// What no option gives comes from the environment: CLOUDFLARE_ACCOUNT_ID;
// CLOUDFLARE_API_TOKEN, or without it CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY;
// CLOUDFLARE_BASE_URL. An empty variable counts as absent.
//
// The error joins a [*ParamError] for everything that is missing or wrong. No
// request is sent.
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

// RateLimit returns what is known of the rate limit: what the server last said of
// it, less the requests sent since. The zero value means that nothing is known, or
// not any more: a header is believed for 5 minutes. The batch host of [WithBatchAPI] is
// not part of it.
func (c *Client) RateLimit() RateLimit {
	state := c.sender.RateLimit()
	return RateLimit{
		Remaining: state.Remaining,
		Reset:     state.Reset,
		Quota:     state.Quota,
		Window:    state.Window,
	}
}

// RateLimit is the state of the API's rate limit, as its Ratelimit and
// Ratelimit-Policy headers tell it. Cloudflare documents 1,200 requests in 5
// minutes for each user or token, over everything that uses it.
type RateLimit struct {
	Remaining int           // requests left until Reset
	Reset     time.Time     // when the window ends; zero: nothing is known
	Quota     int           // requests in a window; 0: the server did not say
	Window    time.Duration // length of a window; 0: the server did not say
}

// config is what the options say, before it is checked.
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

// sender checks the whole configuration and makes the sender of all calls from it.
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
		c.check(false, "WithAccountID", "no account ID: give WithAccountID or set CLOUDFLARE_ACCOUNT_ID")
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
	case from.source != nil:
		return send.Credentials{Source: from.source}
	case from.usesKey && (from.email == "" || from.key == ""):
		c.check(false, from.param, "an API key needs its e-mail address and both must not be empty: "+
			"give WithAPIKey, or set CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY")
	case !from.usesKey && from.token == "":
		c.check(false, from.param, "no credentials: give WithAPIToken or set CLOUDFLARE_API_TOKEN "+
			"(or WithTokenSource, or WithAPIKey, or CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY)")
	}
	c.check(visible(from.token+from.email+from.key), from.param,
		"credentials must be visible ASCII without spaces: look for a line break or a quote that was pasted along")
	return send.Credentials{
		Token: secret.New(from.token),
		Email: secret.New(from.email),
		Key:   secret.New(from.key),
	}
}

// login is where the credentials come from, and what they are.
type login struct {
	param             string
	token, email, key string
	usesKey           bool
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

// checkedBatchBaseURL returns the batch host that belongs to a base URL. That of
// Cloudflare is not for the tokens and calls that are meant for another server.
func (c *config) checkedBatchBaseURL(base string) string {
	if c.batchBaseURL != nil {
		return c.checkedURL(*c.batchBaseURL, "WithBatchBaseURL")
	}
	c.check(!c.batch || base == defaultBaseURL, "WithBatchAPI",
		"the base URL is not Cloudflare's own: say with WithBatchBaseURL where its batch host is")
	return defaultBatchBaseURL
}

// checkedURL returns a base URL without a slash at its end. Its errors never
// quote the URL: it may hold a password.
func (c *config) checkedURL(raw, from string) string {
	reason := endpointProblem(raw, c.insecure)
	if u, err := url.Parse(raw); reason == "" && err == nil && (u.RawQuery != "" || u.ForceQuery) {
		reason = "must have no query"
	}
	c.check(reason == "", from, "%s", reason)
	return strings.TrimRight(raw, "/")
}

// endpointProblem says what keeps rawURL from being called, "" when nothing does.
func endpointProblem(rawURL string, insecure bool) string {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return "is not a valid URL"
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "must be an absolute https URL, such as " + defaultBaseURL
	case u.User != nil:
		return "must hold no user name or password"
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return "must have no fragment"
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return "must be https: plain http is for loopback hosts, or with WithInsecureHTTP"
	}
	return ""
}

// userAgent returns the User-Agent header, with the caller's product in front.
func userAgent(product string) string {
	return strings.TrimSpace(product + " cfimages-go/" + version)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// visible reports whether s is visible ASCII only, which is safe in a header.
func visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// printable is like visible but allows spaces.
func printable(s string) bool { return visible(strings.ReplaceAll(s, " ", "")) }
