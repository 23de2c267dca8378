// Command uploadpage is a small web application: a page on which users drop images,
// which the browser uploads to Cloudflare directly, and a gallery of these images. The
// application is in package gallery.
//
//	go run ./examples/uploadpage
//
// It needs no account: by default it runs against an in-process server. If
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set, it runs against Cloudflare.
// To accept and show private images, set CLOUDFLARE_IMAGES_SIGNING_KEY to one of the
// account's signing keys.
//
// The gallery offers each image in several widths if flexible variants are available.
// The in-process server has them. For Cloudflare, enable them in the dashboard or with
// cfimages.Variants.SetFlexible, and pass the flag -flexible. Without the flag, every
// image is loaded in the variant public.
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
	flexible := flags.Bool("flexible", false, "offer each image in several widths; flexible variants must be enabled for the Cloudflare account")
	if err := program.Parse(flags, args, stdout, "[flags]", ""); err != nil {
		return err
	}
	config, disconnect, err := connect(*flexible)
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

// connect configures the application for Cloudflare if the environment has an account
// and a token. Otherwise it configures the application for an in-process server, which
// always has flexible variants.
func connect(flexible bool) (config gallery.Config, disconnect func(), err error) {
	if !program.HasAccount() {
		server := imagestest.NewServer(imagestest.WithFlexibleVariants())
		config, err = gallery.Demo(server.URL())
		config.FlexibleVariants = true
		return config, server.Close, err
	}
	config = gallery.Config{ // the origins are those of Cloudflare's developer documentation
		UploadOrigin:     "https://upload.imagedelivery.net",
		DeliveryOrigin:   "https://imagedelivery.net",
		FlexibleVariants: flexible,
	}
	if config.Signer, err = program.Signer(); err == nil {
		config.Client, err = cfimages.NewClient()
	}
	return config, func() {}, err
}

// guardHost rejects requests for other hosts if the server listens on a loopback
// address. Otherwise a page on another host name that resolves to this address could
// send requests as if it were this page.
func guardHost(addr net.Addr, next http.Handler) http.Handler {
	if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this page is available on this machine only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
