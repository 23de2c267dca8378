package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// newServer returns a server without a port: its handler is mounted on ours.
func newServer(opts *options) *imagestest.Server {
	server := imagestest.NewServer(append(opts.server, imagestest.InMemory())...)
	server.Inject(opts.faults.list...)
	newest := time.Now()
	server.Seed(opts.images, func(i int) cfimages.Image {
		return cfimages.Image{
			Creator:  []string{"alice", "bob", ""}[i%3],
			Filename: fmt.Sprintf("photo-%d.png", i+1),
			Uploaded: newest.Add(time.Duration(i-opts.images) * time.Second),
			Meta: fmt.Appendf(nil, `{"status":%q,"priority":%d,"enabled":%t,"region":{"name":%q}}`,
				[]string{"active", "pending"}[i%2], i%5+1, i%4 > 0, []string{"eu-west", "us-east", "ap-south"}[i/2%3]),
		}
	})
	return server
}

// baseURL returns the URL at which a client on this machine reaches the API.
func baseURL(addr net.Addr) string {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return (&url.URL{Scheme: "http", Host: host, Path: "/client/v4"}).String()
}

// environment is what SDKs read from the environment.
type environment struct {
	BaseURL   string `json:"CLOUDFLARE_BASE_URL"`
	AccountID string `json:"CLOUDFLARE_ACCOUNT_ID"`
	APIToken  string `json:"CLOUDFLARE_API_TOKEN"`
}

// announce tells how to reach the server.
func announce(w io.Writer, base string, asJSON bool) error {
	env := environment{base, imagestest.AccountID, imagestest.APIToken}
	if asJSON {
		return json.NewEncoder(w).Encode(env)
	}
	_, err := fmt.Fprintf(w, "CLOUDFLARE_BASE_URL=%s\nCLOUDFLARE_ACCOUNT_ID=%s\nCLOUDFLARE_API_TOKEN=%s\n",
		env.BaseURL, env.AccountID, env.APIToken)
	return err
}

// serve answers requests until ctx ends, and then lets those that came before
// finish, but not for long.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	const patience = 5 * time.Second
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if server.Shutdown(ending) != nil {
		return server.Close()
	}
	return nil
}
