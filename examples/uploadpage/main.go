// Command uploadpage is a small web application: a page where a person drops
// images, which the browser uploads straight to Cloudflare, and a gallery of
// them.
//
//	go run ./examples/uploadpage
//
// needs no account: it runs against an in-process server. With
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set it runs against Cloudflare;
// CLOUDFLARE_IMAGES_SIGNING_KEY, one of the account's signing keys, then lets it
// accept and show private images. The application is in package gallery.
package main

import (
	"context"
	"flag"
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

func main() { program.Main("uploadpage", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("uploadpage", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on")
	if err := program.Parse(flags, args, stdout, "[flags]", ""); err != nil {
		return err
	}
	config, disconnect, err := connect()
	if err != nil {
		return err
	}
	defer disconnect()
	config.Log = slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := gallery.New(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "open http://%s\n", listener.Addr())
	return serve.Run(ctx, serve.Site{Listener: listener, Server: &http.Server{
		Handler:           guardHost(listener.Addr(), handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}})
}

// connect configures the application for Cloudflare if the environment names
// an account and a token, and for an in-process server otherwise.
func connect() (config gallery.Config, disconnect func(), err error) {
	if !program.HasAccount() {
		server := imagestest.NewServer()
		config, err = gallery.Demo(server.URL())
		return config, server.Close, err
	}
	config = gallery.Config{ // the origins are of Cloudflare's developer documentation
		UploadOrigin:   "https://upload.imagedelivery.net",
		DeliveryOrigin: "https://imagedelivery.net",
	}
	if config.Signer, err = program.Signer(); err == nil {
		config.Client, err = cfimages.NewClient()
	}
	return config, func() {}, err
}

// guardHost rejects requests for other hosts if only this machine is served:
// a foreign name that resolves to it would make its page same-site with ours.
func guardHost(addr net.Addr, next http.Handler) http.Handler {
	if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this page is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
