// Command localserver is a Cloudflare Images for your machine: the API, the
// Batch API (under /batch), one-time uploads and delivery, for any program in
// any language.
//
//	go run ./examples/localserver -images 100
//
// prints the environment variables that point an SDK to it, and serves until it
// is interrupted. It keeps everything in memory.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/examples/internal/serve"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() { program.Main("localserver", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseArgs(args, stdout)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", opts.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := baseURL(listener.Addr())
	if opts.certFile != "" {
		if listener, err = secure(listener, opts.certFile); err != nil {
			return err
		}
		base = strings.Replace(base, "http:", "https:", 1)
	}
	server := newServer(opts)
	defer server.Close()
	handler := logRequests(server.Handler(), stderr)
	sites := []serve.Site{{Listener: listener, Server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}}}
	if opts.page != "" {
		page, err := newPage(opts.page, base)
		if err != nil {
			return err
		}
		defer page.Listener.Close()
		fmt.Fprintf(stderr, "open http://%s\n", page.Listener.Addr())
		sites = append(sites, page)
	}
	if err := announce(stdout, base, opts.json); err != nil {
		return err
	}
	return serve.Run(ctx, sites...)
}

// newPage returns the page of examples/uploadpage, for the API at base. It logs
// nothing: the server logs its requests.
func newPage(addr, base string) (site serve.Site, err error) {
	config, err := gallery.Demo(base)
	if err != nil {
		return site, err
	}
	config.Log = slog.New(slog.DiscardHandler)
	handler, err := gallery.New(config)
	if err != nil {
		return site, err
	}
	site.Server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	site.Listener, err = net.Listen("tcp", addr)
	return site, err
}

// newServer returns a server without a port: run serves its handler.
func newServer(opts *options) *imagestest.Server {
	server := imagestest.NewServer(append(opts.server, imagestest.InMemory())...)
	server.Inject(opts.faults...)
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

func announce(w io.Writer, base string, asJSON bool) error {
	env := environment{base, imagestest.AccountID, imagestest.APIToken}
	if asJSON {
		return json.NewEncoder(w).Encode(env)
	}
	_, err := fmt.Fprintf(w, "CLOUDFLARE_BASE_URL=%s\nCLOUDFLARE_ACCOUNT_ID=%s\nCLOUDFLARE_API_TOKEN=%s\n",
		env.BaseURL, env.AccountID, env.APIToken)
	return err
}
