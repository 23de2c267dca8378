package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// servePage serves the page of examples/uploadpage at an address of its own,
// with the API at base behind it, and says on stderr where. It returns at once;
// the page ends with ctx.
func servePage(ctx context.Context, addr, base string, stderr io.Writer) (ended <-chan error, err error) {
	client, err := cfimages.NewClient(
		cfimages.WithBaseURL(base),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
		cfimages.WithInsecureHTTP(), // for an -addr that is no loopback address
	)
	if err != nil {
		return nil, err
	}
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	if err != nil {
		return nil, err
	}
	origin := strings.TrimSuffix(base, "/client/v4")
	page, err := gallery.New(gallery.Config{
		Client:         client,
		Signer:         signer,
		UploadOrigin:   origin,
		DeliveryOrigin: origin,
		Notice:         "Demo: images are kept in memory and are gone when the server stops.",
		Log:            slog.New(slog.DiscardHandler), // the server's own log tells it all
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "open http://%s\n", listener.Addr())
	return serveInBackground(ctx, listener, page), nil
}

func serveInBackground(ctx context.Context, listener net.Listener, handler http.Handler) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, handler) }()
	return ended
}
