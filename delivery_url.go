package cfimages

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

// DeliveryURL is what the delivery URL of an image says.
type DeliveryURL struct {
	AccountHash string // for NewDelivery
	ImageID     string // as the API has it, without any escapes
	// Variant is the name of a variant, or options such as "w=400,fit=cover",
	// which contain an equals sign. Options are as they stand in the URL.
	Variant string
}

// ParseDeliveryURL returns what the delivery URL of an image in Cloudflare Images
// says. It takes both forms,
//
//	https://imagedelivery.net/<account hash>/<image ID>/<variant or options>
//	https://example.com/cdn-cgi/imagedelivery/<account hash>/<image ID>/<variant or options>
//
// the latter also with plain http on loopback hosts. A query, such as a signature,
// is ignored, and not verified: use [URLSigner.Verify] for that. The last segment
// is the variant; all segments before it are the image's ID.
//
// [Delivery.URL] with the ID and the variant makes the same URL again, without the
// query. Only escapes may be written in another way.
//
// Every error is a [*ParamError]. It does not quote the URL as a whole.
func ParseDeliveryURL(rawURL string) (*DeliveryURL, error) {
	const param = "rawURL"
	u, err := parseImageURL(param, rawURL)
	if err != nil {
		return nil, err
	}
	path, ok := cutDeliveryPath(u)
	if !ok {
		return nil, paramErrorf(param, "is neither on %s nor below %s: give one such as %s", deliveryHost, ownDeliveryPath, deliveryURLForm)
	}
	hash, rest, _ := strings.Cut(path, "/")
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 {
		return nil, paramErrorf(param, "has too few path segments: give one such as %s", deliveryURLForm)
	}
	if err := checkAccountHash(param, hash); err != nil {
		return nil, err
	}
	imageID, err := url.PathUnescape(rest[:slash])
	if err == nil {
		err = imagepath.CheckDelivery(imageID)
	}
	if err != nil {
		return nil, paramErrorf(param, "has an invalid image ID, which %s", err)
	}
	variant, problem := parseVariant(rest[slash+1:])
	if problem != "" {
		return nil, paramErrorf(param, "has an invalid last segment, which %s", problem)
	}
	return &DeliveryURL{AccountHash: hash, ImageID: imageID, Variant: variant}, nil
}

// cutDeliveryPath returns the path of u from the account hash on.
func cutDeliveryPath(u *url.URL) (path string, ok bool) {
	if strings.EqualFold(u.Hostname(), deliveryHost) {
		return strings.CutPrefix(u.EscapedPath(), "/")
	}
	return strings.CutPrefix(u.EscapedPath(), ownDeliveryPath)
}

// parseVariant returns the variant or the options that segment means, and what is
// wrong with it. Escapes in options stay: an escaped comma separates nothing.
func parseVariant(segment string) (variant, problem string) {
	variant = segment
	if !strings.Contains(segment, "=") {
		if hasEscapedEquals(segment) {
			return "", "has an equals sign that is percent-escaped: write it as it is"
		}
		var err error
		if variant, err = url.PathUnescape(segment); err != nil {
			return "", "has an escape that is not one: write a percent sign as %25"
		}
	}
	_, problem = variantSegment(variant)
	return variant, problem
}

func hasEscapedEquals(segment string) bool {
	return strings.Contains(strings.ToUpper(segment), "%3D")
}

// optionsProblem says why options are not of the form that URLs have, "" when they
// are.
func optionsProblem(options string) string {
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		if name == "" || value == "" || strings.ContainsFunc(name, isNotOptionNameRune) {
			return fmt.Sprintf("is %.40q, which has an equals sign but is not a list of options: give one such as width=400,fit=cover", options)
		}
	}
	if _, err := url.PathUnescape(options); err != nil || !visible(options) || strings.ContainsAny(options, `/?#`+escapedByBrowsers) {
		return fmt.Sprintf("is %.40q, which has a character that is not percent-escaped: escape it, as in background=%%23f02891", options)
	}
	return ""
}

// escapedByBrowsers are the visible characters that browsers do not leave as they
// are in a path or a query, or that URLs do not have (RFC 3986).
const escapedByBrowsers = "\"<>\\^`{|}"

func isNotOptionNameRune(r rune) bool { return isNotHashRune(r) && r != '.' }
