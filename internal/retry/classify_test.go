package retry_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatusesThatAreRetried(t *testing.T) {
	retryable := map[int]bool{
		408: true, 429: true, 500: true, 502: true, 503: true, 504: true,
		520: true, 521: true, 522: true, 523: true, 524: true,
	}
	for code := range 1000 {
		assert.Equal(t, retryable[code], retry.StatusRetryable(code), "status %d", code)
	}
}

func TestIsPermanent(t *testing.T) {
	op := func(name string, err error) error { return &net.OpError{Op: name, Net: "tcp", Err: err} }
	tests := map[string]struct {
		err  error
		want bool
	}{
		"reset":                     {op("read", os.NewSyscallError("read", syscall.ECONNRESET)), false},
		"reset, bare":               {syscall.ECONNRESET, false},
		"refused, bare":             {syscall.ECONNREFUSED, false},
		"aborted, bare":             {syscall.ECONNABORTED, false},
		"broken pipe, bare":         {syscall.EPIPE, false},
		"EOF":                       {io.EOF, false},
		"unexpected EOF":            {fmt.Errorf("page 3: %w", io.ErrUnexpectedEOF), false},
		"other network error":       {op("write", syscall.ENETUNREACH), false},
		"lookup timed out":          {op("dial", &net.DNSError{IsTimeout: true}), false},
		"lookup failed for now":     {&net.DNSError{IsTemporary: true}, false},
		"unknown host":              {op("dial", &net.DNSError{IsNotFound: true}), true},
		"unknown host, temporarily": {&net.DNSError{IsNotFound: true, IsTemporary: true}, true},
		"other lookup failure":      {op("dial", &net.DNSError{Err: "no servers"}), false},
		"cancelled":                 {context.Canceled, true},
		"cancelled while dialing":   {op("dial", context.Canceled), true},
		"deadline":                  {context.DeadlineExceeded, false},
		"unknown authority":         {op("proxyconnect", x509.UnknownAuthorityError{}), true},
		"wrong host":                {op("proxyconnect", x509.HostnameError{Certificate: &x509.Certificate{}}), true},
		"expired certificate":       {op("proxyconnect", x509.CertificateInvalidError{Reason: x509.Expired}), true},
		"TLS alert over a proxy":    {op("proxyconnect", op("remote error", errors.New("tls: access denied"))), true},
		"HTTP instead of HTTPS":     {fmt.Errorf("get: %w", http.ErrSchemeMismatch), true},
		"no such network":           {op("dial", net.UnknownNetworkError("tcp9")), true},
		"not supported":             {http.ErrNotSupported, true},
		"GOAWAY":                    {errors.New("http2: server sent GOAWAY and closed the connection"), false},
		"network error by name":     {errors.New("read tcp: connection reset by peer"), false},
		"none":                      {nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, retry.IsPermanent(tt.err))
			if tt.err != nil {
				wrapped := &url.Error{Op: "Get", URL: "https://example.com", Err: tt.err}
				assert.Equal(t, tt.want, retry.IsPermanent(wrapped), "inside a *url.Error")
			}
		})
	}
}

func TestNeverConnected(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	tests := map[string]struct {
		err  error
		want bool
	}{
		"dial":             {fmt.Errorf("call: %w", dial), true},
		"dial to a proxy":  {&net.OpError{Op: "proxyconnect", Err: dial}, true},
		"lookup":           {&net.DNSError{IsTemporary: true}, true},
		"proxy refused":    {&net.OpError{Op: "proxyconnect", Err: errors.New("Forbidden")}, false},
		"proxy reset":      {&net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, false},
		"read":             {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, false},
		"refused, no dial": {syscall.ECONNREFUSED, false},
		"EOF":              {io.EOF, false},
		"none":             {nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, retry.NeverConnected(tt.err))
		})
	}
}

// The errors above are constructed; those below are produced by net/http.

func TestResetStreamsAreTemporary(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"reset before the headers": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
		"reset inside the body": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half of a pa")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(handler)
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()

			err := fetch(t, server.Client(), server.URL)
			require.ErrorContains(t, err, "stream error: stream ID 1; INTERNAL_ERROR")
			assert.False(t, retry.IsPermanent(err))
			assert.False(t, retry.NeverConnected(err))
		})
	}
}

func TestLostConnectionsAreTemporary(t *testing.T) {
	tests := map[string]func(net.Conn){
		"closed": func(conn net.Conn) { _ = conn.Close() },
		"reset": func(conn net.Conn) {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
		"cut body": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			_ = conn.Close()
		},
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					end(conn)
				}
			}))
			defer server.Close()

			err := fetch(t, server.Client(), server.URL)
			assert.False(t, retry.IsPermanent(err), "%v", err)
			assert.False(t, retry.NeverConnected(err), "%v", err)
		})
	}
}

func TestRefusedConnectionsAreTemporary(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()

	err := fetch(t, server.Client(), server.URL)
	assert.False(t, retry.IsPermanent(err), "%v", err)
	assert.True(t, retry.NeverConnected(err), "%v", err)
}

func TestTLSRefusalsArePermanent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	serverURL, err := url.Parse(server.URL)
	require.NoError(t, err)

	tests := map[string]struct {
		transport *http.Transport
		url       string
		want      string
	}{
		"certificate not trusted": {
			&http.Transport{}, server.URL, "failed to verify certificate",
		},
		"proxy's certificate not trusted": {
			&http.Transport{Proxy: http.ProxyURL(serverURL)}, "https://images.invalid", "proxyconnect tcp: tls",
		},
		"handshake refused by the server": {
			&http.Transport{TLSClientConfig: &tls.Config{MaxVersion: tls.VersionTLS12}}, server.URL, "remote error: tls",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := fetch(t, &http.Client{Transport: tt.transport}, tt.url)
			require.ErrorContains(t, err, tt.want)
			assert.True(t, retry.IsPermanent(err))
			assert.False(t, retry.IsConnectionLoss(err))
			assert.False(t, retry.NeverConnected(err))
		})
	}
}

// fetch sends a GET, reads the body and returns the error, which it requires.
func fetch(t *testing.T, client *http.Client, url string) error {
	t.Helper()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	require.Error(t, err)
	return err
}
