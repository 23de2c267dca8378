// Package gallery is the web application of the example uploadpage: one page, and
// the endpoints that it calls.
//
//	POST   /uploads            creates a one-time upload URL for one image
//	POST   /uploads/{id}/done  checks whether the upload has completed
//	GET    /images             lists the application's images, newest first
//	DELETE /images/{id}        deletes an image
//
// The images never pass through the application. The browser uploads them to
// Cloudflare by one-time URLs, and loads them from Cloudflare's delivery URLs.
package gallery

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const (
	maxBody      = 4 << 10
	linkLifetime = 15 * time.Minute
	viewLifetime = time.Hour        // of the signed URL of a private image
	callTimeout  = 10 * time.Second // of all calls to Cloudflare for one request of a browser

	// appName marks the images of this application among those of the account.
	appName = "uploadpage"
	// creator owns the images. In your application it is the authenticated user of
	// the session. Never take it from the request's body.
	creator = "demo"
)

// Config configures the application.
type Config struct {
	// Client is a client for the account that stores the images. It is required.
	Client *cfimages.Client

	// Signer signs the URLs of private images. If it is nil, the application
	// rejects uploads of private images.
	Signer *cfimages.URLSigner

	// UploadOrigin is the scheme and host of one-time upload URLs. DeliveryOrigin is
	// the scheme and host of delivery URLs, such as https://imagedelivery.net. Apart
	// from the application itself, the page can connect only to these two.
	UploadOrigin, DeliveryOrigin string

	// FlexibleVariants makes the gallery offer public images in several widths. The
	// browser loads the width that fits its screen. Flexible variants must be enabled
	// for the account, for example with cfimages.Variants.SetFlexible. If they are not,
	// the page falls back to the variant public after one failed request per image.
	//
	// If FlexibleVariants is false, images are shown in the variant public, or in the
	// account's first variant if it has no variant public. Private images are always
	// shown this way, because Cloudflare delivers them in named variants only.
	FlexibleVariants bool

	// Notice is shown at the top of the page. "" means none.
	Notice string

	// Log is the application's log. No credentials, upload URLs or signatures are
	// written to it. It is required.
	Log *slog.Logger
}

// Demo returns the configuration for a server of package imagestest whose API is at
// baseURL. The caller sets Log, and FlexibleVariants if the server has them.
func Demo(baseURL string) (config Config, err error) {
	config.Notice = "Demo: images are stored in memory until the server stops."
	config.UploadOrigin = strings.TrimSuffix(baseURL, "/client/v4")
	config.DeliveryOrigin = config.UploadOrigin
	if config.Signer, err = cfimages.NewURLSigner(imagestest.SigningKey); err != nil {
		return Config{}, err
	}
	config.Client, err = cfimages.NewClient(
		cfimages.WithBaseURL(baseURL),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
		cfimages.WithInsecureHTTP(), // allows an address that is not loopback
	)
	return config, err
}

type handler struct{ Config }

// New returns the application's handler. It rejects requests that browsers send
// for other sites.
func New(config Config) (http.Handler, error) {
	h := &handler{config}
	mux := http.NewServeMux()
	if err := handlePage(mux, config); err != nil {
		return nil, err
	}
	mux.HandleFunc("POST /uploads", h.respond(http.StatusCreated, h.create))
	mux.HandleFunc("POST /uploads/{id}/done", h.respond(http.StatusOK, h.done))
	mux.HandleFunc("GET /images", h.respond(http.StatusOK, h.list))
	mux.HandleFunc("DELETE /images/{id}", h.respond(http.StatusNoContent, h.delete))
	return secure(config, http.NewCrossOriginProtection().Handler(mux)), nil
}

// respond returns a handler that responds with the result or the error of an
// endpoint.
func (h *handler) respond(status int, endpoint func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		result, err := endpoint(ctx, r)
		switch {
		case err != nil:
			h.reject(w, r, err)
		case result == nil:
			w.WriteHeader(status)
		default:
			writeJSON(w, status, result)
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // only this browser may have the upload URLs and signed URLs
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // fails only if the connection is closed
}
