package cfimages_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// canned answers requests from a list of replies, without a network, and keeps
// what was asked. The last reply is given again and again.
type canned struct {
	mu       sync.Mutex
	replies  []func(*http.Request) (*http.Response, error)
	requests []*http.Request
	bodies   []string
}

// answers returns a transport that answers with JSON bodies at status 200.
func answers(bodies ...string) *canned {
	c := new(canned)
	for _, body := range bodies {
		c.then(http.StatusOK, body)
	}
	return c
}

// then adds a reply.
func (c *canned) then(status int, body string, header ...string) *canned {
	return c.thenDo(func(*http.Request) (*http.Response, error) {
		return respond(status, body, header...), nil
	})
}

func (c *canned) thenDo(reply func(*http.Request) (*http.Response, error)) *canned {
	c.replies = append(c.replies, reply)
	return c
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	c.mu.Lock()
	reply := c.replies[min(len(c.requests), len(c.replies)-1)]
	c.requests = append(c.requests, req)
	c.bodies = append(c.bodies, string(body))
	c.mu.Unlock()
	return reply(req)
}

// client returns a client that is answered by c, and does not retry unless opts say so.
func (c *canned) client(t testing.TB, opts ...cfimages.Option) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(append([]cfimages.Option{
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithBaseURL("https://api.example/client/v4"),
		cfimages.WithHTTPClient(&http.Client{Transport: c}),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// respond returns a reply; header holds names, each before its value.
func respond(status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// logTo makes a client log to w, as text.
func logTo(w io.Writer, level slog.Level) cfimages.Option {
	return cfimages.WithLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

const (
	imageReply  = `{"success":true,"errors":[],"messages":[],"result":{"id":"img"}}`
	emptyPage   = `{"success":true,"errors":[],"messages":[],"result":{"continuation_token":null,"images":[]}}`
	uploadReply = `{"success":true,"errors":[],"messages":[],"result":{"id":"img","uploadURL":"https://upload.example/hash/img"}}`
)
