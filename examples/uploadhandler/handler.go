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
	maxBody      = 4 << 10
	linkLifetime = 15 * time.Minute
	// callPatience is how long a browser waits for us while we call Cloudflare.
	callPatience = 10 * time.Second
)

// creator is whose images the handler deals with. In your application it is the
// user that the session says, and never what the request's body says.
const creator = "alice"

// handler serves the two endpoints.
type handler struct {
	client *cfimages.Client
	log    *slog.Logger
}

// newHandler returns the application's handler. It refuses requests that
// browsers send for other sites.
func newHandler(client *cfimages.Client, log *slog.Logger) http.Handler {
	h := &handler{client, log}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /uploads", h.create)
	mux.HandleFunc("POST /uploads/{id}/done", h.done)
	return http.NewCrossOriginProtection().Handler(mux)
}

// create answers with a one-time upload URL, and the ID to report as done.
func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Title string `json:"title"`
	}
	if err := readJSON(w, r, &wanted); err != nil {
		h.refuse(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	upload, err := h.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		Creator:   creator,
		ExpiresIn: linkLifetime,
		Metadata:  map[string]string{"title": wanted.Title},
	})
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.log.InfoContext(ctx, "upload URL handed out", "upload", upload) // logs no secret
	writeJSON(w, http.StatusCreated, upload)
}

// done verifies that the image has come, whatever the browser says.
func (h *handler) done(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	img, err := h.client.ImagesV1.Get(ctx, r.PathValue("id"))
	switch {
	case err == nil && img.Creator != creator, errors.Is(err, cfimages.ErrNotFound):
		err = errNoImage // somebody else's image is none of this user's business
	case err == nil && img.Draft:
		err = errNotYet
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.log.InfoContext(ctx, "upload verified", "id", img.ID)
	writeJSON(w, http.StatusOK, map[string]any{"id": img.ID, "variants": img.Variants})
}

// readJSON reads a body that is a JSON object or empty.
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

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // an upload URL is for one browser only
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // fails only when the browser has left
}
