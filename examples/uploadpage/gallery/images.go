package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
)

// pageSize is the number of images that the gallery loads at a time.
const pageSize = 24

// metadata is the metadata of the application's images.
type metadata struct {
	App   string `json:"app"`
	Title string `json:"title"`
}

// picture is an image as the page gets it.
type picture struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Private  bool      `json:"private"`
	Uploaded time.Time `json:"uploaded"`
	Src      string    `json:"src,omitempty"`    // "" if it cannot be shown
	SrcSet   string    `json:"srcset,omitempty"` // "" if it has only one width
}

// picturePage is a page of the gallery.
type picturePage struct {
	Images []picture `json:"images"`
	Next   string    `json:"next"` // the continuation token, "" on the last page
}

// create returns a one-time upload URL, and the ID to report as done.
func (h *handler) create(ctx context.Context, r *http.Request) (any, error) {
	var wanted struct {
		Title   string `json:"title"`
		Private bool   `json:"private"`
	}
	body, err := io.ReadAll(r.Body)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		return nil, errTooLarge
	case err != nil:
		return nil, err
	case len(body) > 0 && json.Unmarshal(body, &wanted) != nil:
		return nil, errBadJSON
	case wanted.Private && h.Signer == nil:
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
	h.Log.InfoContext(ctx, "upload URL created", "upload", upload) // the log does not contain the URL's secret
	return upload, nil
}

// done returns the image if its upload has completed. It does not trust the browser.
func (h *handler) done(ctx context.Context, r *http.Request) (any, error) {
	img, err := h.find(ctx, r)
	if err != nil {
		return nil, err
	}
	if img.Draft {
		return nil, errDraft
	}
	h.Log.InfoContext(ctx, "upload verified", "id", img.ID)
	return h.show(img)
}

func (h *handler) list(ctx context.Context, r *http.Request) (any, error) {
	shown := picturePage{Images: []picture{}}
	for page, err := range h.Client.ImagesV2.Pages(ctx, cfimages.ListParams{
		PerPage:           pageSize,
		Creator:           new(creator),
		Meta:              cfimages.Where(cfimages.Eq("app", appName)),
		ContinuationToken: r.URL.Query().Get("after"),
	}) {
		if err != nil {
			return nil, err
		}
		for _, img := range page.Images {
			if _, ok := ours(&img); !ok {
				continue
			}
			p, err := h.show(&img)
			if err != nil {
				return nil, err
			}
			shown.Images = append(shown.Images, p)
		}
		if len(page.Images) > 0 { // a filtered page may be empty without being the last
			shown.Next = page.ContinuationToken
			break
		}
	}
	return shown, nil
}

// delete deletes an image if the application owns it.
func (h *handler) delete(ctx context.Context, r *http.Request) (any, error) {
	img, err := h.find(ctx, r)
	if err != nil {
		return nil, err
	}
	if err = h.Client.ImagesV1.Delete(ctx, img.ID); err == nil {
		h.Log.InfoContext(ctx, "image deleted", "id", img.ID)
	}
	return nil, err
}

// find returns the image of a request. Images that are not the application's are
// reported as not found.
func (h *handler) find(ctx context.Context, r *http.Request) (*cfimages.Image, error) {
	img, err := h.Client.ImagesV1.Get(ctx, r.PathValue("id"))
	if errors.Is(err, cfimages.ErrNotFound) {
		return nil, errNoImage
	}
	if err != nil {
		return nil, err
	}
	if _, ok := ours(img); !ok {
		return nil, errNoImage
	}
	return img, nil
}

// ours returns the metadata of an image, and whether the application owns it.
func ours(img *cfimages.Image) (meta metadata, ok bool) {
	err := img.DecodeMeta(&meta)
	return meta, err == nil && img.Creator == creator && meta.App == appName
}
