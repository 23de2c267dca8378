package gallery

import (
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

const cloudflareDelivery = "https://imagedelivery.net"

// show returns an image as the page needs it. The URL of a private image is signed,
// and expires after viewLifetime.
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
		return p, err
	}
	if h.FlexibleVariants {
		p.SrcSet, err = h.srcset(p.Src)
	}
	return p, err
}

// srcset returns the srcset attribute of the image with a delivery URL. The candidates
// have the proportions of a card in page.css. FitCrop does not enlarge small images. The
// widths are for cards that are 180 to 450 CSS pixels wide, on screens with 1 to 3
// device pixels per CSS pixel; see the sizes attribute in page.html.
func (h *handler) srcset(deliveryURL string) (string, error) {
	parsed, err := cfimages.ParseDeliveryURL(deliveryURL)
	if err != nil {
		return "", err
	}
	delivery, err := cfimages.NewDelivery(parsed.AccountHash)
	if err == nil && h.DeliveryOrigin != cloudflareDelivery {
		delivery, err = delivery.OnDomain(strings.TrimPrefix(h.DeliveryOrigin, "https://"))
	}
	if err != nil {
		return "", err
	}
	card := cfimages.Transform{Width: 4, Height: 3, Fit: cfimages.FitCrop}
	return delivery.SrcSet(parsed.ImageID, card, 240, 360, 480, 720, 960)
}
