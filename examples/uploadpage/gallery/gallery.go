// Package gallery is the web application of the example uploadpage: one page,
// and the few endpoints that it calls.
//
//	POST   /uploads            a one-time upload URL for one image
//	POST   /uploads/{id}/done  verifies that the image has come
//	GET    /images             the application's images, newest first
//	DELETE /images/{id}        deletes one
//
// The images themselves never pass through it: the browser sends them straight
// to the one-time URL, and loads them from where Cloudflare delivers them.
package gallery

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
)

const (
	maxBody      = 4 << 10
	linkLifetime = 15 * time.Minute
	viewLifetime = time.Hour // of the signed URL of a private image
	// callPatience is how long a browser waits for us while we call Cloudflare.
	callPatience = 10 * time.Second
)

const (
	// appName marks the images of this application among those of the account.
	appName = "uploadpage"
	// creator is whose images the application deals with. In yours it is the user
	// that the session says, and never what a request says.
	creator = "demo"
)

// Config says what the application works with.
type Config struct {
	// Client is for the account that keeps the images. It has to be given.
	Client *cfimages.Client

	// Signer lets private images be seen. nil means that none are taken.
	Signer *cfimages.URLSigner

	// UploadOrigin and DeliveryOrigin are where one-time uploads go and images
	// come from, such as https://imagedelivery.net. The page can reach no others.
	UploadOrigin, DeliveryOrigin string

	// Notice is shown on top of the page. "" means none.
	Notice string

	// Log takes what happened. It gets no credentials, upload URLs or signatures.
	// It has to be given.
	Log *slog.Logger
}

// handler serves the endpoints.
type handler struct{ Config }

// New returns the application's handler. It refuses requests that browsers send
// for other sites.
func New(config Config) (http.Handler, error) {
	h := &handler{config}
	mux := http.NewServeMux()
	if err := handlePage(mux, config); err != nil {
		return nil, err
	}
	mux.HandleFunc("POST /uploads", h.create)
	mux.HandleFunc("POST /uploads/{id}/done", h.done)
	mux.HandleFunc("GET /images", h.list)
	mux.HandleFunc("DELETE /images/{id}", h.delete)
	return secure(config, http.NewCrossOriginProtection().Handler(mux)), nil
}
