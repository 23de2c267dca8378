package imagestest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/memnet"
)

// The ID and credentials of the default account, which every server has. They are not
// secret.
const (
	// AccountID is the ID of the account.
	AccountID = "7e57acc07e57acc07e57acc07e57acc0"
	// AccountHash identifies the account in delivery and upload URLs.
	AccountHash = "TestHash-TestHash-Test"
	// APIToken is an API token with Write scope.
	APIToken = "imagestest-token_not-a-secret_0123456789"
	// Email and APIKey are the older kind of credentials. They have Write scope too.
	Email  = "tester@example.com"
	APIKey = "7e577e577e577e577e577e577e577e577e577"
	// SigningKey is the key that signs delivery URLs of the account.
	SigningKey = "imagestest-signing-key_not-a-secret"
)

// inMemoryAddress is the address in the URLs of a server without a port. It is a
// loopback address, so that clients accept plain http. Nothing can listen on port 0.
const inMemoryAddress = "127.0.0.1:0"

// maxIdleConns lets concurrent tests reuse connections: http's default is two.
const maxIdleConns = 100

// Server is a test server for Cloudflare Images. It is safe for concurrent use.
type Server struct {
	config
	origin    string // scheme and host
	transport *http.Transport
	web       *http.Server
	cancel    context.CancelFunc // ends every request
	served    chan struct{}      // closed when no more connections are accepted
	conns     sync.WaitGroup     // open connections
	accepted  atomic.Int64       // connections
	calls     gate
	limiter   limiter
	batch     batchTokens
	sources   sources
	faults    faultPlans
	log       requestLog
	lastID    atomic.Uint64
	lastRay   atomic.Uint64

	mu       sync.Mutex
	accounts map[string]*Account // by ID
	hashes   map[string]*Account
	grants   map[credential]map[string]Scope // by account ID
}

// NewServer starts a server with a default account, whose ID is [AccountID]. By default,
// the server listens on a free port of the loopback interface; see [InMemory]. The caller
// must call [Server.Close] to stop it. NewServer panics if it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{
		config:   newConfig(opts),
		served:   make(chan struct{}),
		batch:    batchTokens{tokens: make(map[credential]*batchToken)},
		sources:  sources{byURL: make(map[string]source)},
		faults:   faultPlans{seen: make(map[Operation]int)},
		log:      requestLog{counts: make(map[Operation]int)},
		accounts: make(map[string]*Account),
		hashes:   make(map[string]*Account),
		grants:   make(map[credential]map[string]Scope),
	}
	s.limiter = limiter{
		quota: s.quota, window: s.window, enforce: s.enforceQuota,
		windows: make(map[credential]*window),
	}
	account := s.Account(AccountID)
	account.AddToken(APIToken, Write)
	account.AddKey(Email, APIKey)
	account.AddSigningKey(SigningKey)
	s.serve(s.listen())
	return s
}

// URL returns the base URL of the API, for cfimages.WithBaseURL or the CLOUDFLARE_BASE_URL
// of other SDKs. Like Cloudflare's base URL, it ends in /client/v4.
func (s *Server) URL() string { return s.origin + apiPath }

// Client returns a client of the default account. It is configured with [AccountID],
// [APIToken], the base URLs of [Server.URL] and [Server.BatchURL], and the HTTP client of
// [Server.HTTPClient]. The options are applied afterwards and can override all of these.
// Client panics if [cfimages.NewClient] rejects the options.
func (s *Server) Client(opts ...cfimages.Option) *cfimages.Client {
	own := []cfimages.Option{
		cfimages.WithBaseURL(s.URL()),
		cfimages.WithBatchBaseURL(s.BatchURL()),
		cfimages.WithAccountID(AccountID),
		cfimages.WithAPIToken(APIToken),
		cfimages.WithHTTPClient(s.HTTPClient()),
	}
	client, err := cfimages.NewClient(append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("imagestest: %v", err))
	}
	return client
}

// HTTPClient returns an HTTP client that connects to the server and trusts its certificate.
// It sends no credentials. With [InMemory], it cannot connect to any other host.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: s.transport}
}

// Handler returns an http.Handler that serves the API, the batch host, one-time uploads and
// delivery. Mount it at the root of another server. There, the base URL ends in /client/v4
// and the batch base URL in /batch. URLs in its responses use the host of the request.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.dispatch) }

// Clock returns the clock of the server.
func (s *Server) Clock() *Clock { return s.clock }

// AddImages stores images in the default account. See [Account.AddImages].
func (s *Server) AddImages(images ...cfimages.Image) { s.Account(AccountID).AddImages(images...) }

// Seed stores n images in the default account. See [Account.Seed].
func (s *Server) Seed(n int, build func(i int) cfimages.Image) { s.Account(AccountID).Seed(n, build) }

// Images returns the stored images of the default account. See [Account.Images].
func (s *Server) Images() []cfimages.Image { return s.Account(AccountID).Images() }

// Delivery calls [Account.Delivery] for the account with AccountID.
func (s *Server) Delivery() *cfimages.Delivery { return s.Account(AccountID).Delivery() }

// Close stops the server, closes its connections and waits until all requests have ended.
// It may be called more than once.
func (s *Server) Close() {
	s.cancel()
	s.transport.CloseIdleConnections()
	s.web.Close()
	<-s.served
	s.web.Close() // of a connection that was accepted during the first Close
	s.conns.Wait()
	s.calls.close()
}

// Connections returns the number of connections that the server has accepted so far.
func (s *Server) Connections() int { return int(s.accepted.Load()) }

// listen opens the listener of the server and creates the transport that connects to it.
func (s *Server) listen() net.Listener {
	s.transport = &http.Transport{MaxIdleConnsPerHost: maxIdleConns}
	scheme, tlsConfig := "http://", (*tls.Config)(nil)
	if s.http2 {
		scheme = "https://"
		tlsConfig, s.transport.TLSClientConfig = newTLSConfigs()
		s.transport.ForceAttemptHTTP2 = true
	}
	if s.inMemory {
		listener := memnet.Listen()
		s.origin = scheme + inMemoryAddress
		s.transport.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
			if addr != inMemoryAddress {
				return nil, fmt.Errorf("imagestest: %s cannot be reached: this client connects only to %s, in memory", addr, s.origin)
			}
			return listener.Dial(ctx)
		}
		return wireListener{listener, tlsConfig}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("imagestest: cannot listen: %v", err))
	}
	s.origin = scheme + listener.Addr().String()
	return wireListener{listener, tlsConfig}
}

func (s *Server) serve(listener net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.web = &http.Server{
		Handler:     http.HandlerFunc(s.handle),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withWire,
		ConnState:   s.countConn,
		ErrorLog:    log.New(io.Discard, "", 0), // broken connections are part of tests
	}
	if s.http2 {
		s.web.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: s.maxStreams}
		s.web.Protocols = new(http.Protocols)
		s.web.Protocols.SetHTTP1(true)
		s.web.Protocols.SetUnencryptedHTTP2(true) // a wire is decrypted already
	}
	go func() {
		defer close(s.served)
		s.web.Serve(listener)
	}()
}

// handle serves the requests of the server's own connections. Over HTTP/2, a request can
// outlive its connection, but not the server.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	if !s.calls.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.calls.leave()
	r.TLS = wireOf(r).state
	s.dispatch(w, r)
}

func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.accepted.Add(1)
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	}
}

func (s *Server) enforces(rule Rule) bool { return s.rules[rule] }
