// Command localserver serves Cloudflare Images on your machine: the API, the
// Batch API (under /batch), one-time uploads and delivery, for any program in
// any language.
//
//	go run ./examples/localserver -images 100
//
// prints the environment variables that an SDK reads, and serves until it
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
	server := newServer(opts)
	defer server.Close()
	site, err := listen(opts.addr, logRequests(server.Handler(), stderr))
	if err != nil {
		return err
	}
	defer site.Listener.Close()
	sites, base := []serve.Site{site}, baseURL(site.Listener.Addr(), opts.certFile != "")
	if opts.certFile != "" {
		if sites[0].Listener, err = secure(site.Listener, opts.certFile); err != nil {
			return err
		}
	}
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

func listen(addr string, handler http.Handler) (site serve.Site, err error) {
	site.Server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	site.Listener, err = net.Listen("tcp", addr)
	return site, err
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
	return listen(addr, handler)
}

// newServer returns a server without a port: run serves its handler.
func newServer(opts *options) *imagestest.Server {
	server := imagestest.NewServer(append(opts.server, imagestest.InMemory(), imagestest.WithLatency(opts.latency))...)
	server.Inject(opts.faults...)
	for url, content := range opts.sources {
		server.ServeSource(url, content)
	}
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
func baseURL(addr net.Addr, secure bool) string {
	base := url.URL{Scheme: "http", Host: addr.String(), Path: "/client/v4"}
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		base.Host = fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	if secure {
		base.Scheme = "https"
	}
	return base.String()
}

// announce prints what SDKs read from the environment.
func announce(w io.Writer, base string, asJSON bool) (err error) {
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]string{
			"CLOUDFLARE_BASE_URL": base, "CLOUDFLARE_ACCOUNT_ID": imagestest.AccountID, "CLOUDFLARE_API_TOKEN": imagestest.APIToken,
		})
	}
	_, err = fmt.Fprintf(w, "CLOUDFLARE_BASE_URL=%s\nCLOUDFLARE_ACCOUNT_ID=%s\nCLOUDFLARE_API_TOKEN=%s\n", base, imagestest.AccountID, imagestest.APIToken)
	return err
}
