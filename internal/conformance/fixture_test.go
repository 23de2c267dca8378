package conformance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// fixture is a client in front of a server in memory. It is also the client's
// transport, and knows which bodies of responses are open.
type fixture struct {
	server     *imagestest.Server
	client     *cfimages.Client
	uploadURL  string // of the draft
	transport  *http.Transport
	refuse     int // the first connections, which are refused
	dials      atomic.Int64
	attempts   atomic.Int64 // requests of the client, whether they reached the server or not; 0: not counted
	openBodies atomic.Int64
	looks      int // requests of the test itself
	log        bytes.Buffer
	options    []cfimages.Option // of client
	live       bool              // the server is not in memory, and perhaps Cloudflare
}

func newFixture(t *testing.T, p protocol, server []imagestest.Option, client []cfimages.Option) *fixture {
	t.Helper()
	f := &fixture{server: imagestest.NewServer(slices.Concat(server, p.server())...)}
	f.server.AddImages(cfimages.Image{ID: imageID}, cfimages.Image{ID: "draft", Draft: true})
	f.server.ServeSource(sourceURL, []byte(canned.PNG))
	f.uploadURL = strings.TrimSuffix(f.server.URL(), "/client/v4") + "/upload/" + imagestest.AccountHash + "/draft"
	f.transport = f.server.HTTPClient().Transport.(*http.Transport).Clone()
	f.transport.MaxResponseHeaderBytes = 1 << 20              // as the library's own has
	if config := f.transport.TLSClientConfig; config != nil { // halves the time of a handshake
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		config.CurvePreferences = []tls.CurveID{tls.CurveP256}
	}
	dial := f.transport.DialContext
	f.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if int(f.dials.Add(1)) <= f.refuse {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	account := f.server.Account(imagestest.AccountID)
	account.AddToken(canaryToken, imagestest.Write)
	account.AddKey(canaryEmail, canaryKey)
	account.AddSigningKey(canarySigningKey)
	f.look("POST", "variants", thumbJSON, nil)
	f.server.ResetRequests()
	f.looks = 0
	f.client, f.options = f.newClient(client...), client
	return f
}

// newClient returns another client of the same server.
func (f *fixture) newClient(opts ...cfimages.Option) *cfimages.Client {
	own := []cfimages.Option{
		cfimages.WithHTTPClient(&http.Client{Transport: f}),
		cfimages.WithAPIToken(canaryToken),
		cfimages.WithLogger(slog.New(canaryHandler(&f.log))),
	}
	return f.server.Client(append(own, opts...)...)
}

// withOwnTransport makes a call with an *http.Transport that nothing wraps, as the
// client's own or the caller's is.
func withOwnTransport(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		f.client = f.newClient(append(f.options, cfimages.WithHTTPClient(&http.Client{Transport: f.transport}))...)
		return call(ctx, f)
	}
}

// plainHTTP returns what an uploader without credentials sends with.
func (f *fixture) plainHTTP() *http.Client {
	if f.live {
		return http.DefaultClient
	}
	return &http.Client{Transport: f.transport}
}

// RoundTrip sends a request and counts its response's body.
func (f *fixture) RoundTrip(req *http.Request) (*http.Response, error) {
	f.attempts.Add(1)
	resp, err := f.transport.RoundTrip(req)
	if err == nil {
		f.openBodies.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, open: &f.openBodies}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	open *atomic.Int64
	once sync.Once
}

func (b *countedBody) Close() error {
	b.once.Do(func() { b.open.Add(-1) })
	return b.ReadCloser.Close()
}
