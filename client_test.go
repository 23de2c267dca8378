package cfimages_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// newClient returns a client that sends by transport, and does not retry unless
// opts say so.
func newClient(t testing.TB, transport http.RoundTripper, opts ...cfimages.Option) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(append([]cfimages.Option{
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithBaseURL("https://api.example/client/v4"),
		cfimages.WithHTTPClient(&http.Client{Transport: transport}),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// environment sets the variables that NewClient reads, and empties the others.
func environment(t *testing.T, pairs ...string) {
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_BASE_URL"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

func TestNewClientRejects(t *testing.T) {
	tests := []struct {
		name  string
		env   []string
		opts  []cfimages.Option
		param string
		says  []string
	}{
		{name: "no account", param: "WithAccountID", says: []string{"WithAccountID", "CLOUDFLARE_ACCOUNT_ID"}},
		{name: "no credentials", param: "WithAPIToken", says: []string{"WithAPIToken", "CLOUDFLARE_API_TOKEN"}},
		{name: "account with a slash", opts: []cfimages.Option{cfimages.WithAccountID("a/../b")}, param: "WithAccountID", says: []string{`'/'`}},
		{name: "account of the environment", env: []string{"CLOUDFLARE_ACCOUNT_ID", "a b"}, param: "CLOUDFLARE_ACCOUNT_ID", says: []string{`' '`}},
		{name: "an explicit empty token hides the environment", env: []string{"CLOUDFLARE_API_TOKEN", "t"}, opts: []cfimages.Option{cfimages.WithAPIToken("")}, param: "WithAPIToken", says: []string{"no credentials"}},
		{name: "token with a line break", opts: []cfimages.Option{cfimages.WithAPIToken("canary\r\nX-Evil: 1")}, param: "WithAPIToken", says: []string{"visible ASCII"}},
		{name: "token beyond ASCII", opts: []cfimages.Option{cfimages.WithAPIToken("canaryé")}, param: "WithAPIToken", says: []string{"visible ASCII"}},
		{name: "key without e-mail", opts: []cfimages.Option{cfimages.WithAPIKey("", "canary")}, param: "WithAPIKey", says: []string{"e-mail"}},
		{name: "e-mail without key in the environment", env: []string{"CLOUDFLARE_EMAIL", "a@b"}, param: "CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY", says: []string{"WithAPIKey"}},
		{name: "plain http", opts: []cfimages.Option{cfimages.WithBaseURL("http://example.com")}, param: "WithBaseURL", says: []string{"https", "WithInsecureHTTP"}},
		{name: "plain http to a host that looks like loopback", opts: []cfimages.Option{cfimages.WithBaseURL("http://127.0.0.1.example.com")}, param: "WithBaseURL", says: []string{"https"}},
		{name: "no scheme", opts: []cfimages.Option{cfimages.WithBaseURL("example.com/v4")}, param: "WithBaseURL", says: []string{"absolute"}},
		{name: "no host", opts: []cfimages.Option{cfimages.WithBaseURL("https:///v4")}, param: "WithBaseURL", says: []string{"absolute"}},
		{name: "another scheme", opts: []cfimages.Option{cfimages.WithBaseURL("ftp://example.com")}, param: "WithBaseURL", says: []string{"https"}},
		{name: "userinfo", opts: []cfimages.Option{cfimages.WithBaseURL("https://user:canary@example.com")}, param: "WithBaseURL", says: []string{"user name"}},
		{name: "userinfo and a bad port", opts: []cfimages.Option{cfimages.WithBaseURL("https://user:canary@example.com:x")}, param: "WithBaseURL", says: []string{"not a valid URL"}},
		{name: "query", opts: []cfimages.Option{cfimages.WithBaseURL("https://example.com?a=b")}, param: "WithBaseURL", says: []string{"query"}},
		{name: "empty query", opts: []cfimages.Option{cfimages.WithBaseURL("https://example.com?")}, param: "WithBaseURL", says: []string{"query"}},
		{name: "fragment", opts: []cfimages.Option{cfimages.WithBaseURL("https://example.com#")}, param: "WithBaseURL", says: []string{"fragment"}},
		{name: "base URL of the environment", env: []string{"CLOUDFLARE_BASE_URL", "http://example.com"}, param: "CLOUDFLARE_BASE_URL", says: []string{"https"}},
		{name: "nil HTTP client", opts: []cfimages.Option{cfimages.WithHTTPClient(nil)}, param: "WithHTTPClient", says: []string{"nil"}},
		{name: "no timeout", opts: []cfimages.Option{cfimages.WithRequestTimeout(0)}, param: "WithRequestTimeout", says: []string{"positive", "0s"}},
		{name: "negative retry policy", opts: []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: -1})}, param: "WithRetryPolicy", says: []string{"-1"}},
		{name: "user agent with a line break", opts: []cfimages.Option{cfimages.WithUserAgent("a\r\nb")}, param: "WithUserAgent", says: []string{"printable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, tt.env...)
			opts := tt.opts
			if tt.param != "WithAccountID" && tt.param != "CLOUDFLARE_ACCOUNT_ID" {
				opts = append([]cfimages.Option{cfimages.WithAccountID("acc")}, opts...)
			}
			_, err := cfimages.NewClient(opts...)
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			assert.NotContains(t, err.Error(), "canary")
			rejected := paramError(err, tt.param)
			require.NotNil(t, rejected, "no error for %s in: %v", tt.param, err)
			for _, say := range tt.says {
				assert.Contains(t, rejected.Error(), say)
			}
		})
	}
}

func TestBatchBaseURLIsChecked(t *testing.T) {
	tests := map[string]struct {
		opts  []cfimages.Option
		param string
	}{
		"invalid": {[]cfimages.Option{cfimages.WithBatchBaseURL("http://batch.example?x")}, "WithBatchBaseURL"},
		"not that of the base URL": {
			[]cfimages.Option{cfimages.WithBaseURL("https://api.example"), cfimages.WithBatchAPI()}, "WithBatchAPI",
		},
		"given for another base URL": {
			[]cfimages.Option{cfimages.WithBaseURL("https://api.example"), cfimages.WithBatchAPI(), cfimages.WithBatchBaseURL("https://batch.example/")}, "",
		},
		"Cloudflare's": {[]cfimages.Option{cfimages.WithBatchAPI()}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := cfimages.NewClient(append(tt.opts, cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"))...)
			if tt.param == "" {
				require.NoError(t, err)
				return
			}
			rejected, ok := errors.AsType[*cfimages.ParamError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.param, rejected.Param)
		})
	}
}

// paramError finds the error for a parameter among joined ones.
func paramError(err error, param string) *cfimages.ParamError {
	if rejected, ok := errors.AsType[*cfimages.ParamError](err); ok && rejected.Param == param {
		return rejected
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if rejected := paramError(err, param); rejected != nil {
				return rejected
			}
		}
	}
	return nil
}

// paramErrors returns what errors.Join joined.
func paramErrors(t *testing.T, err error) []*cfimages.ParamError {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%v", err)
	var all []*cfimages.ParamError
	for _, e := range joined.Unwrap() {
		var p *cfimages.ParamError
		require.ErrorAs(t, e, &p)
		all = append(all, p)
	}
	return all
}

func TestNewClientReportsAllViolations(t *testing.T) {
	environment(t)
	_, err := cfimages.NewClient(cfimages.WithBaseURL("http://example.com"), cfimages.WithRequestTimeout(-time.Second))
	for _, param := range []string{"WithAccountID", "WithAPIToken", "WithBaseURL", "WithRequestTimeout"} {
		assert.NotNil(t, paramError(err, param), param)
	}
}

func TestRequest(t *testing.T) {
	tests := []struct {
		name   string
		env    []string
		opts   []cfimages.Option
		url    string
		header map[string]string
	}{
		{
			name:   "token and default base URL from the environment",
			env:    []string{"CLOUDFLARE_ACCOUNT_ID", "env-acc", "CLOUDFLARE_API_TOKEN", "env-token", "CLOUDFLARE_EMAIL", "a@b.c", "CLOUDFLARE_API_KEY", "env-key"},
			url:    "https://api.cloudflare.com/client/v4/accounts/env-acc/images/v2",
			header: map[string]string{"Authorization": "Bearer env-token", "X-Auth-Email": "", "X-Auth-Key": "", "User-Agent": "cfimages-go/0.2.0"},
		},
		{
			name:   "e-mail and key from the environment",
			env:    []string{"CLOUDFLARE_ACCOUNT_ID", "env-acc", "CLOUDFLARE_EMAIL", "a@b.c", "CLOUDFLARE_API_KEY", "env-key", "CLOUDFLARE_BASE_URL", "https://proxy.example/deep/path/"},
			url:    "https://proxy.example/deep/path/accounts/env-acc/images/v2",
			header: map[string]string{"Authorization": "", "X-Auth-Email": "a@b.c", "X-Auth-Key": "env-key"},
		},
		{
			name: "options beat the environment",
			env:  []string{"CLOUDFLARE_ACCOUNT_ID", "env-acc", "CLOUDFLARE_API_TOKEN", "env-token", "CLOUDFLARE_BASE_URL", "https://env.example"},
			opts: []cfimages.Option{cfimages.WithAccountID("acc"), cfimages.WithAPIKey("me@x.y", "key"),
				cfimages.WithBaseURL("http://[::1]:8080/v4"), cfimages.WithUserAgent("myapp/1.2 (test)")},
			url:    "http://[::1]:8080/v4/accounts/acc/images/v2",
			header: map[string]string{"Authorization": "", "X-Auth-Email": "me@x.y", "X-Auth-Key": "key", "User-Agent": "myapp/1.2 (test) cfimages-go/0.2.0"},
		},
		{
			name: "plain http where it was allowed, and a later option beats an earlier",
			opts: []cfimages.Option{cfimages.WithAccountID("acc"), cfimages.WithAPIKey("me@x.y", "key"), cfimages.WithAPIToken("token"),
				cfimages.WithBaseURL("http://api.example"), cfimages.WithInsecureHTTP()},
			url:    "http://api.example/accounts/acc/images/v2",
			header: map[string]string{"Authorization": "Bearer token", "X-Auth-Email": ""},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, tt.env...)
			transport := canned.JSON(canned.EmptyPage)
			client, err := cfimages.NewClient(append(tt.opts, cfimages.WithHTTPClient(&http.Client{Transport: transport}))...)
			require.NoError(t, err)
			_, err = client.ImagesV2.List(t.Context(), cfimages.ListParams{})
			require.NoError(t, err)
			req := transport.Requests[0]
			assert.Equal(t, tt.url, req.URL.String())
			assert.Empty(t, req.Header.Get("Accept-Encoding"), "net/http's own gzip is left alone")
			for name, value := range tt.header {
				assert.Equal(t, value, req.Header.Get(name), name)
			}
		})
	}
}

func TestHTTPClientIsCopied(t *testing.T) {
	transport := canned.JSON(canned.EmptyPage)
	mine := &http.Client{Transport: transport, Timeout: time.Minute}
	before := *mine
	client := newClient(t, transport, cfimages.WithHTTPClient(mine))
	_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
	require.NoError(t, err)
	assert.Nil(t, mine.CheckRedirect)
	assert.Equal(t, before.Timeout, mine.Timeout)

	mine.Transport = nil // what the caller does later does not concern the client
	_, err = client.ImagesV2.List(t.Context(), cfimages.ListParams{})
	require.NoError(t, err)
	assert.Len(t, transport.Requests, 2)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		transport := new(canned.Transport).Then(status, "", "Location", "https://evil.example/")
		client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		rejected, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, status, rejected.StatusCode)
		assert.Contains(t, err.Error(), "redirects are not followed")
		assert.Len(t, transport.Requests, 1)
	}
}
