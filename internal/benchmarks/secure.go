package main

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// newSecureServer starts a server that uses HTTP/2 and TLS and compresses its responses.
func newSecureServer() (*httptest.Server, error) {
	handler, err := newSecureHandler()
	if err != nil {
		return nil, err
	}
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	return server, nil
}

// newSecureHandler compresses its responses once, so that no contestant waits for it.
func newSecureHandler() (http.Handler, error) {
	list, err := pack(newPage().whole())
	if err != nil {
		return nil, err
	}
	details, err := pack(imageResponse())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts/{account}/images/v2", sendPacked(list))
	mux.HandleFunc("GET /accounts/{account}/images/v1/{id}", sendPacked(details))
	return mux, nil
}

// sendPacked sends one response. It rejects a client that uses HTTP/1 or does not accept gzip,
// because its numbers would not be comparable.
func sendPacked(packed []byte) http.HandlerFunc {
	size := strconv.Itoa(len(packed))
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.ProtoMajor != 2:
			http.Error(w, "HTTP/2 only", http.StatusHTTPVersionNotSupported)
		case !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
			http.Error(w, "gzip only", http.StatusNotAcceptable)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", size)
			w.Write(packed)
		}
	}
}

func pack(plain []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(plain); err != nil {
		return nil, err
	}
	err := writer.Close()
	return packed.Bytes(), err
}

// secureClient returns a client with connections of its own that trusts the secure server.
func (s *server) secureClient() *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(s.certificate)
	transport := newTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &http.Client{Transport: transport}
}
