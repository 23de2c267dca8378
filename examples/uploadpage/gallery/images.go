package gallery

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

// pageSize is how many images the gallery shows at first, and more at a time.
const pageSize = 24

// metadata is what the application keeps with each of its images.
type metadata struct {
	App   string `json:"app"`
	Title string `json:"title"`
}

// picture is an image as the page shows it.
type picture struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Private  bool      `json:"private"`
	Uploaded time.Time `json:"uploaded"`
	Src      string    `json:"src,omitempty"` // "": it cannot be seen
}

// list answers with a page of the gallery, and where the next one begins.
func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	pages := h.Client.ImagesV2.Pages(ctx, cfimages.ListParams{
		PerPage:           pageSize,
		Creator:           new(creator),
		Meta:              cfimages.Where(cfimages.Eq("app", appName)),
		ContinuationToken: r.URL.Query().Get("after"),
	})
	for page, err := range pages {
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		if len(page.Images) == 0 && page.ContinuationToken != "" {
			continue // a filtered page may be empty and yet not the last
		}
		h.writePage(w, r, page)
		return
	}
}

func (h *handler) writePage(w http.ResponseWriter, r *http.Request, page *cfimages.ImagePage) {
	shown := make([]picture, 0, len(page.Images))
	for _, img := range page.Images {
		meta, ok := ours(&img)
		if !ok {
			continue
		}
		p, err := h.show(&img, meta)
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		shown = append(shown, p)
	}
	writeJSON(w, http.StatusOK, map[string]any{"images": shown, "next": page.ContinuationToken})
}

// delete deletes an image of the application, and no other.
func (h *handler) delete(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callPatience)
	defer cancel()
	img, _, err := h.find(ctx, r.PathValue("id"))
	if err == nil {
		err = h.Client.ImagesV1.Delete(ctx, img.ID)
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.Log.InfoContext(ctx, "image deleted", "id", img.ID)
	w.WriteHeader(http.StatusNoContent)
}

// find returns an image of the application. Any other is none of its user's
// business: it is not found.
func (h *handler) find(ctx context.Context, id string) (*cfimages.Image, metadata, error) {
	img, err := h.Client.ImagesV1.Get(ctx, id)
	if errors.Is(err, cfimages.ErrNotFound) {
		return nil, metadata{}, errNoImage
	}
	if err != nil {
		return nil, metadata{}, err
	}
	meta, ok := ours(img)
	if !ok {
		return nil, metadata{}, errNoImage
	}
	return img, meta, nil
}

// ours returns the image's metadata, and whether it is the application's.
func ours(img *cfimages.Image) (meta metadata, ok bool) {
	err := img.DecodeMeta(&meta)
	return meta, err == nil && img.Creator == creator && meta.App == appName
}

// show returns what the page needs of an image: for a private one, a URL that
// is good for a while.
func (h *handler) show(img *cfimages.Image, meta metadata) (picture, error) {
	p := picture{
		ID:       img.ID,
		Title:    meta.Title,
		Private:  img.RequireSignedURLs,
		Uploaded: img.Uploaded,
		Src:      displayURL(img),
	}
	if !p.Private || p.Src == "" {
		return p, nil
	}
	if h.Signer == nil { // taken when there was a key
		p.Src = ""
		return p, nil
	}
	var err error
	p.Src, err = h.Signer.Sign(p.Src, time.Now().Add(viewLifetime))
	return p, err
}

// displayURL returns the URL of the variant public, or else of the first one.
func displayURL(img *cfimages.Image) string {
	if len(img.Variants) == 0 {
		return ""
	}
	i := slices.IndexFunc(img.Variants, func(url string) bool { return strings.HasSuffix(url, "/public") })
	return img.Variants[max(i, 0)]
}
