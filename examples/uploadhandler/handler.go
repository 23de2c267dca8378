package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
)

const (
	maxBody      = 4 << 10 // bytes of a JSON body, or of a form's title
	linkLifetime = 15 * time.Minute
	callTimeout  = 10 * time.Second // of a call to Cloudflare
)

// creator is the user who owns the images. In your application it is the
// authenticated user of the session. Never take it from the request's body.
const creator = "alice"

// handler serves the application.
type handler struct {
	client *cfimages.Client
	log    *slog.Logger
}

// newHandler returns the application's handler. It rejects requests that browsers
// send for other sites.
func newHandler(client *cfimages.Client, log *slog.Logger) http.Handler {
	h := &handler{client, log}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /uploads", h.create)
	mux.HandleFunc("POST /uploads/{id}/done", h.done)
	mux.HandleFunc("POST /images", h.upload)
	return http.NewCrossOriginProtection().Handler(mux)
}

// create responds with a one-time upload URL, and the ID to report as done.
func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Title string `json:"title"`
	}
	if err := readJSON(w, r, &wanted); err != nil {
		h.reject(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	upload, err := h.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		Creator:   creator,
		ExpiresIn: linkLifetime,
		Metadata:  map[string]string{"title": wanted.Title},
	})
	if err != nil {
		h.reject(w, r, err)
		return
	}
	h.log.InfoContext(ctx, "upload URL created", "upload", upload) // the log does not contain the URL's secret
	writeJSON(w, http.StatusCreated, upload)
}

// done checks whether the upload has completed. It does not trust the browser.
func (h *handler) done(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	img, err := h.client.ImagesV1.Get(ctx, r.PathValue("id"))
	switch {
	case err == nil && img.Creator != creator, errors.Is(err, cfimages.ErrNotFound):
		err = errNoImage // do not reveal images of other users
	case err == nil && img.Draft:
		err = errDraft
	}
	if err != nil {
		h.reject(w, r, err)
		return
	}
	h.log.InfoContext(ctx, "upload verified", "id", img.ID)
	writeImage(w, http.StatusOK, img)
}

// readJSON reads a body, which must be a JSON object or empty.
func readJSON(w http.ResponseWriter, r *http.Request, dst any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || len(body) == 0 {
		return err
	}
	if err := json.Unmarshal(body, dst); err != nil {
		return errBadJSON
	}
	return nil
}

func writeImage(w http.ResponseWriter, status int, img *cfimages.Image) {
	writeJSON(w, status, map[string]any{"id": img.ID, "variants": img.Variants})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // only this browser may have the upload URL
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // fails only if the connection is closed
}
