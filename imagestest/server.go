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

// The account that every server has, and its credentials.
const (
	// AccountID is the ID of the account.
	AccountID = "7e57acc07e57acc07e57acc07e57acc0"
	// AccountHash is the account hash, which is in its delivery and upload URLs.
	AccountHash = "TestHash-TestHash-Test"
	// APIToken has the scope Write.
	APIToken = "imagestest-token_not-a-secret_0123456789"
	// Email and APIKey are credentials of the older form, with the same scope.
	Email  = "tester@example.com"
	APIKey = "7e577e577e577e577e577e577e577e577e577"
	// SigningKey is the value of the account's signing key.
	SigningKey = "imagestest-signing-key_not-a-secret"
)

// inMemoryAddress stands in the URLs of a server without a port. It is a
// loopback address, so that clients accept plain http, and nothing can listen there.
const inMemoryAddress = "127.0.0.1:0"

// maxIdleConns lets concurrent tests reuse connections: http's default is two.
const maxIdleConns = 100

// Server is an in-process Cloudflare Images server. [NewServer] starts one. It is safe for
// concurrent use.
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

// NewServer starts a server that has the account with the ID [AccountID]. It listens on a
// free port of the loopback interface, or on connections in memory with [InMemory]. Call
// [Server.Close] to stop it. NewServer panics if no port is free.
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

// URL returns the base URL of the API, for cfimages.WithBaseURL or CLOUDFLARE_BASE_URL. It
// ends in /client/v4, as Cloudflare's does.
func (s *Server) URL() string { return s.origin + apiPath }

// Client returns a client for this server, with the account [AccountID] and the token
// [APIToken]. With cfimages.WithBatchAPI, it uses [Server.BatchURL]. The options are
// applied last. Client panics if an option is invalid.
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

// HTTPClient returns an HTTP client without credentials for this server, for example to
// request delivery URLs. With [InMemory], it cannot connect to any other server.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: s.transport}
}

// Handler returns the handler of the server, for your own HTTP server: the API below
// /client/v4, the batch host below /batch, one-time uploads and delivery. It must be
// mounted at the root. URLs in its responses have the host of the request.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.dispatch) }

// Clock returns the clock of the server.
func (s *Server) Clock() *Clock { return s.clock }

// AddImages calls [Account.AddImages] for the account [AccountID].
func (s *Server) AddImages(images ...cfimages.Image) { s.Account(AccountID).AddImages(images...) }

// Seed calls [Account.Seed] for the account [AccountID].
func (s *Server) Seed(n int, build func(i int) cfimages.Image) { s.Account(AccountID).Seed(n, build) }

// Images calls [Account.Images] for the account [AccountID].
func (s *Server) Images() []cfimages.Image { return s.Account(AccountID).Images() }

// Close stops the server, closes all connections and waits until every request has ended.
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

// Connections returns the number of connections that the server has accepted.
func (s *Server) Connections() int { return int(s.accepted.Load()) }

// listen opens the server's listener, and makes the transport that reaches it.
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
				return nil, fmt.Errorf("imagestest: %s is out of reach: this client is connected in memory to %s only", addr, s.origin)
			}
			return listener.Dial(ctx)
		}
		return wireListener{listener, tlsConfig}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("imagestest: no port to listen on: %v", err))
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

// handle takes the requests of the server's own connections. Over HTTP/2 they
// can outlive their connection, but not the server.
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
