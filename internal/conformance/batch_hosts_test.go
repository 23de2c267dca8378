package conformance_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// twoHosts is the API and its batch host, without a network.
type twoHosts struct {
	life    time.Duration                               // of a token
	fetch   func(n int, r *http.Request) *http.Response // of the n-th token; nil gives one
	way     func(*http.Request) error                   // to a host
	onBatch func(n int, token string) *http.Response    // of the n-th request there; nil serves good tokens

	mu       sync.Mutex
	expires  map[string]time.Time
	fetched  int
	standard []string // paths requested from the standard host, without token requests
	batch    []string // and on the batch host
}

func (h *twoHosts) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	if h.way != nil {
		if err := h.way(req); err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	switch path := req.Method + " " + req.URL.Path; {
	case req.URL.Host == "batch.example":
		h.batch = append(h.batch, path)
		if h.onBatch != nil {
			return h.onBatch(len(h.batch), token), nil
		}
		if !time.Now().Before(h.expires[token]) {
			return canned.Response(http.StatusUnauthorized, refusal), nil
		}
	case token != "token":
		return canned.Response(http.StatusUnauthorized, refusal), nil
	case strings.HasSuffix(path, "/batch_token"):
		h.fetched++
		if h.fetch != nil {
			return h.fetch(h.fetched, req), nil
		}
		return h.newToken(), nil
	default:
		h.standard = append(h.standard, path)
	}
	switch {
	case strings.HasSuffix(req.URL.Path, "/blob"):
		return canned.Response(http.StatusOK, "pixels", "Content-Type", "image/png"), nil
	case strings.HasSuffix(req.URL.Path, "/direct_upload"):
		return canned.Response(http.StatusOK, canned.Created), nil
	case strings.HasSuffix(req.URL.Path, "/v2"):
		return canned.Response(http.StatusOK, canned.EmptyPage), nil
	}
	return canned.Response(http.StatusOK, canned.Image), nil
}

func (h *twoHosts) newToken() *http.Response {
	if h.expires == nil {
		h.expires = make(map[string]time.Time)
	}
	token := fmt.Sprintf("canary-batch-token-%d", h.fetched)
	h.expires[token] = time.Now().Add(h.life)
	return canned.Response(http.StatusOK, fmt.Sprintf(`{"success":true,"result":{"token":%q,"expiresAt":%q}}`,
		token, h.expires[token].Format(time.RFC3339Nano)))
}

const refusal = `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}`

func (h *twoHosts) client(t *testing.T, opts ...cfimages.Option) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(append([]cfimages.Option{
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithBaseURL("https://api.example/client/v4"),
		cfimages.WithBatchAPI(),
		cfimages.WithBatchBaseURL("https://batch.example"),
		cfimages.WithHTTPClient(&http.Client{Transport: h}),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

func get(t *testing.T, client *cfimages.Client) {
	t.Helper()
	_, err := client.ImagesV1.Get(t.Context(), "img")
	require.NoError(t, err)
}
