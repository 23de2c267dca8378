package imagestest

import (
	"net/url"
	"strings"

	"github.com/cfimages/cfimages-go"
)

// timeFormat is RFC 3339 with milliseconds, as in the reference's sample response.
const timeFormat = "2006-01-02T15:04:05.000Z"

// renderer encodes images as in responses of the API.
type renderer struct {
	base     string // of delivery URLs: everything before the image ID
	variants []variant
}

// renderer returns the renderer of an account's images, with URLs on an origin.
func (a *Account) renderer(origin string) renderer {
	return renderer{base: origin + deliveryPath + a.hash + "/", variants: a.variants.all()}
}

// appendImage appends the image as JSON.
func (r renderer) appendImage(dst []byte, rec *record) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, rec.id)
	dst = append(dst, `,"creator":`...)
	if rec.creator == "" {
		dst = append(dst, "null"...)
	} else {
		dst = appendString(dst, rec.creator)
	}
	dst = append(dst, `,"filename":`...)
	dst = appendString(dst, rec.filename)
	dst = append(dst, `,"meta":`...)
	dst = append(dst, rec.metadata...)
	dst = append(dst, `,"requireSignedURLs":`...)
	if rec.signed {
		dst = append(dst, "true"...)
	} else {
		dst = append(dst, "false"...)
	}
	dst = append(dst, `,"uploaded":"`...)
	dst = rec.at.time().AppendFormat(dst, timeFormat)
	dst = append(dst, `","variants":[`...)
	for i, url := range r.urls(rec.id) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, url)
	}
	dst = append(dst, ']')
	if rec.draft {
		dst = append(dst, `,"draft":true`...)
	}
	return append(dst, '}')
}

// image returns the image as the client library would decode it.
func (r renderer) image(rec *record) cfimages.Image {
	return cfimages.Image{
		ID:                rec.id,
		Creator:           rec.creator,
		Filename:          rec.filename,
		Meta:              []byte(rec.metadata),
		RequireSignedURLs: rec.signed,
		Uploaded:          rec.at.time(),
		Variants:          r.urls(rec.id),
		Draft:             rec.draft,
	}
}

// urls returns the delivery URL of each variant.
func (r renderer) urls(id string) []string {
	base := r.base + escapeID(id) + "/"
	urls := make([]string, len(r.variants))
	for i, v := range r.variants {
		urls[i] = base + url.PathEscape(v.id)
	}
	return urls
}

// escapeID escapes each segment of an ID for a URL's path.
func escapeID(id string) string {
	segments := strings.Split(id, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}
