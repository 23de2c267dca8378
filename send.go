package cfimages

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// What is read of a reply at most.
const (
	maxReplyBytes  = 32 << 20 // decoded, of a success
	maxValueBytes  = 4 << 20  // decoded, of one image in a list, or of a whole reply without a list
	maxErrorBytes  = 64 << 10 // decoded, of an error
	maxHeaderBytes = 1 << 20
	maxSilence     = 30 * time.Second // without a byte of the body
)

// retryBudget is how many retries a client may spend that no success paid back.
const retryBudget = 10

// sender is the one path on which every request leaves.
type sender struct {
	http      *http.Client
	account   string // the URL below which the account's paths lie
	creds     credentials
	userAgent string
	insecure  bool
	log       *slog.Logger // nil: nothing is logged
	policy    RetryPolicy
	timeout   time.Duration
	budget    *retry.Budget
	gate      *ratelimit.Gate
	batch     *batchAPI // nil: all calls go to the ordinary host
	redact    redactor  // of the credentials
	decoders  *decoderPool
}

// credentials are an API token, or an e-mail address and an API key.
type credentials struct{ token, email, key *secret.Value }

func (c credentials) reveal() []string {
	return []string{c.token.Reveal(), c.email.Reveal(), c.key.Reveal()}
}

func newSender(cfg *config, base, account string, creds credentials) *sender {
	return &sender{
		http:      newHTTPClient(cfg.httpClient),
		account:   base + "/accounts/" + account + "/",
		creds:     creds,
		userAgent: strings.TrimSpace(cfg.userAgent + " cfimages-go/" + version),
		insecure:  cfg.insecure,
		log:       cfg.logger,
		policy:    cfg.retry,
		timeout:   cfg.timeout,
		budget:    retry.NewBudget(retryBudget),
		gate:      ratelimit.NewGate(),
		redact:    newRedactor(creds.reveal()...),
		decoders:  new(decoderPool),
	}
}

// newHTTPClient returns a copy of the caller's client, or our own for nil.
func newHTTPClient(callers *http.Client) *http.Client {
	if callers == nil {
		return &http.Client{Transport: noRedirects{newTransport()}}
	}
	client := *callers
	client.Transport = noRedirects{cmp.Or(client.Transport, http.DefaultTransport)}
	return &client
}

// newTransport returns the transport of a client that was given none.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ReadBufferSize:         32 << 10, // a page takes an eighth of the reads, 13 % less time
	}
}

// noRedirects is a transport whose redirects lead nowhere: following them would
// take credentials and images to another place.
type noRedirects struct{ http.RoundTripper }

func (t noRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err == nil && resp != nil && resp.StatusCode/100 == 3 {
		resp.Header.Del("Location")
	}
	return resp, err
}

// repetition says when a call may be sent again.
type repetition int

const (
	repeatAlways   repetition = iota // it does no harm
	repeatUnserved                   // not sent, or refused by the rate limit
	repeatUnsent                     // not a byte left
)

// call is what is asked of the server, whatever the number of attempts.
type call struct {
	op       string
	method   string
	path     string // below the account's URL, with the query
	url      string // instead of path, for a call that is foreign
	template string // the path for the log: no IDs, no secrets
	accept   string // of the reply; "" means JSON
	maxValue int64  // of the reply; 0 means maxValueBytes
	// content returns the body for the next attempt, good until ctx ends; nil
	// stands for no body.
	content    func(ctx context.Context) (content, error)
	repetition repetition
	unsure     string // what may have happened when the outcome is unknown, and how to look
	batched    bool   // the batch host takes it too
	foreign    bool   // not the API's host: no credentials, no rate limit
	private    bool   // its reply holds a secret, so that none of it is shown
}

// content is the body of one attempt's request. It cannot be read again, so
// that net/http has no way to send it twice.
type content struct {
	io.ReadCloser
	contentType string
	size        int64 // -1: unknown
}

// apiCall returns a call of the account's API.
func apiCall(op, method, path, template string) call {
	return call{op: op, method: method, path: path, template: template}
}

// do sends a call, and reads its reply with read, as often as the policy allows.
func (s *sender) do(ctx context.Context, c call, read func(*reply) error) error {
	return (&exchange{sender: s, call: c}).do(ctx, read)
}

// request builds the request of one attempt.
func (s *sender) request(ctx context.Context, c *call, token *batchToken) (*http.Request, error) {
	url := s.account + c.path
	switch {
	case c.foreign:
		url = c.url
	case token != nil:
		url = s.batch.base + c.path
	}
	req, err := http.NewRequestWithContext(ctx, c.method, url, nil)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", withoutURL(err))
	}
	req.Header.Set("User-Agent", s.userAgent)
	req.Header.Set("Accept", cmp.Or(c.accept, "application/json"))
	if c.content != nil {
		content, err := c.content(ctx)
		if err != nil {
			return nil, err
		}
		req.Body, req.ContentLength = content.ReadCloser, content.size
		req.Header.Set("Content-Type", content.contentType)
	}
	switch {
	case c.foreign:
	case token != nil:
		req.Header.Set("Authorization", "Bearer "+token.value.Reveal())
	case s.creds.token.Reveal() != "":
		req.Header.Set("Authorization", "Bearer "+s.creds.token.Reveal())
	default:
		req.Header.Set("X-Auth-Email", s.creds.email.Reveal())
		req.Header.Set("X-Auth-Key", s.creds.key.Reveal())
	}
	return req, nil
}
