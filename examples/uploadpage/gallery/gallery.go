// Package gallery is the web application of the example uploadpage: one page,
// and the few endpoints that it calls.
//
//	POST   /uploads            a one-time upload URL for one image
//	POST   /uploads/{id}/done  checks whether the upload has completed
//	GET    /images             the application's images, newest first
//	DELETE /images/{id}        deletes one
//
// The images themselves never pass through it: the browser sends them straight
// to the one-time URL, and loads them from where Cloudflare delivers them.
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
	callTimeout  = 10 * time.Second // of our calls to Cloudflare for one request of a browser

	// appName marks the images of this application among those of the account.
	appName = "uploadpage"
	// creator owns the images of the application. In yours it is the user of the
	// session, and never what a request says.
	creator = "demo"
)

// Config is what the application works with.
type Config struct {
	// Client is for the account that keeps the images. It is required.
	Client *cfimages.Client

	// Signer lets private images be seen. nil means that none are accepted.
	Signer *cfimages.URLSigner

	// UploadOrigin and DeliveryOrigin are where one-time uploads go and images
	// come from, such as https://imagedelivery.net. The page can reach no others.
	UploadOrigin, DeliveryOrigin string

	// Notice is shown on top of the page. "" means none.
	Notice string

	// Log gets no credentials, upload URLs or signatures. It is required.
	Log *slog.Logger
}

// Demo returns the configuration, without a log, for a server of package
// imagestest whose API is at baseURL.
func Demo(baseURL string) (config Config, err error) {
	config.Notice = "Demo: images are kept in memory and are gone when the server stops."
	config.UploadOrigin = strings.TrimSuffix(baseURL, "/client/v4")
	config.DeliveryOrigin = config.UploadOrigin
	if config.Signer, err = cfimages.NewURLSigner(imagestest.SigningKey); err != nil {
		return Config{}, err
	}
	config.Client, err = cfimages.NewClient(
		cfimages.WithBaseURL(baseURL),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
		cfimages.WithInsecureHTTP(), // for an address that is not loopback
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

// respond returns a handler that responds with the result of an endpoint, or with
// its error.
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
	w.Header().Set("Cache-Control", "no-store") // upload URLs and signed URLs are for one browser only
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // fails only when the browser has left
}
