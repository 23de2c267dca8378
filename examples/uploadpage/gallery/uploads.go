package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/cfimages/cfimages-go"
)

// create returns a one-time upload URL, and the ID to report as done.
func (h *handler) create(ctx context.Context, r *http.Request) (any, error) {
	var wanted struct {
		Title   string `json:"title"`
		Private bool   `json:"private"`
	}
	if err := readJSON(r.Body, &wanted); err != nil {
		return nil, err
	}
	if wanted.Private && h.Signer == nil {
		return nil, errNoSigner
	}
	upload, err := h.Client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		Creator:           creator,
		ExpiresIn:         linkLifetime,
		Metadata:          metadata{appName, wanted.Title},
		RequireSignedURLs: wanted.Private,
	})
	if err != nil {
		return nil, err
	}
	h.Log.InfoContext(ctx, "upload URL handed out", "upload", upload) // logs no secret
	return upload, nil
}

// readJSON reads a body that is a JSON object or empty.
func readJSON(body io.Reader, dst any) error {
	text, err := io.ReadAll(body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge
	}
	if err != nil || len(text) == 0 {
		return err
	}
	if json.Unmarshal(text, dst) != nil {
		return errBadJSON
	}
	return nil
}

// done returns the image if its upload has completed, whatever the browser says.
func (h *handler) done(ctx context.Context, r *http.Request) (any, error) {
	img, err := h.find(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if img.Draft {
		return nil, errDraft
	}
	h.Log.InfoContext(ctx, "upload verified", "id", img.ID)
	return h.show(img)
}
