package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"io"
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

// picturePage is a part of the gallery.
type picturePage struct {
	Images []picture `json:"images"`
	Next   string    `json:"next"` // where the next part begins; "": this is the last
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
	h.Log.InfoContext(ctx, "upload URL created", "upload", upload) // logs no secret
	return upload, nil
}

// done returns the image if its upload has completed, whatever the browser says.
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

// delete deletes an image of the application, and no other.
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

// find returns the image of a request. Those of others do not exist for the
// application's users.
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

// ours returns the image's metadata, and whether it is the application's.
func ours(img *cfimages.Image) (meta metadata, ok bool) {
	err := img.DecodeMeta(&meta)
	return meta, err == nil && img.Creator == creator && meta.App == appName
}

// show returns what the page needs of an image: a URL of the variant public, or
// else of the first one. The URL of a private image is signed, and expires.
func (h *handler) show(img *cfimages.Image) (p picture, err error) {
	meta, _ := ours(img)
	p = picture{ID: img.ID, Title: meta.Title, Private: img.RequireSignedURLs, Uploaded: img.Uploaded}
	if len(img.Variants) == 0 || p.Private && h.Signer == nil {
		return p, nil
	}
	public := slices.IndexFunc(img.Variants, func(url string) bool { return strings.HasSuffix(url, "/public") })
	p.Src = img.Variants[max(public, 0)]
	if p.Private {
		p.Src, err = h.Signer.Sign(p.Src, time.Now().Add(viewLifetime))
	}
	return p, err
}
