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
	mux.HandleFunc("POST /accounts/{account}/images/v1", drainAndRespond(uploadBytes, uploadedResponse))
	return onlyHTTP2(mux), nil
}

// onlyHTTP2 rejects a client that uses HTTP/1, because its numbers would not be comparable.
func onlyHTTP2(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			http.Error(w, "HTTP/2 only", http.StatusHTTPVersionNotSupported)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sendPacked sends one response. It rejects a client that does not accept gzip.
func sendPacked(packed []byte) http.HandlerFunc {
	size := strconv.Itoa(len(packed))
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			http.Error(w, "gzip only", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", size)
		w.Write(packed)
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
