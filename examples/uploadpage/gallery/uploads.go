package gallery

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/cfimages/cfimages-go"
)

// create answers with a one-time upload URL, and the ID to report as done.
func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Title   string `json:"title"`
		Private bool   `json:"private"`
	}
	err := readJSON(w, r, &wanted)
	if err == nil && wanted.Private && h.Signer == nil {
		err = errNoSigner
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	upload, err := h.Client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		Creator:           creator,
		ExpiresIn:         linkLifetime,
		Metadata:          metadata{appName, wanted.Title},
		RequireSignedURLs: wanted.Private,
	})
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.Log.InfoContext(ctx, "upload URL handed out", "upload", upload) // logs no secret
	writeJSON(w, http.StatusCreated, upload)
}

// done verifies that the image has come, whatever the browser says.
func (h *handler) done(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	img, meta, err := h.find(ctx, r.PathValue("id"))
	if err == nil && img.Draft {
		err = errNotYet
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	shown, err := h.show(img, meta)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.Log.InfoContext(ctx, "upload verified", "id", img.ID)
	writeJSON(w, http.StatusOK, shown)
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
	w.Header().Set("Cache-Control", "no-store") // upload URLs and signed URLs are for one browser only
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // fails only when the browser has left
}
