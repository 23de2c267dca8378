package cfimages

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

// DeliveryURL has the parts of the delivery URL of an image.
type DeliveryURL struct {
	AccountHash string // for NewDelivery
	ImageID     string // as in the API, without escapes
	// Variant is the name of a variant, or a list of options such as "w=400,fit=cover",
	// which contains an equals sign. Options are kept as in the URL, with their escapes.
	Variant string
}

// ParseDeliveryURL splits the delivery URL of an image into its parts. It accepts both
// forms:
//
//	https://imagedelivery.net/<account hash>/<image ID>/<variant or options>
//	https://example.com/cdn-cgi/imagedelivery/<account hash>/<image ID>/<variant or options>
//
// The second form may be plain http on loopback hosts. The last segment is the variant;
// the segments between the account hash and the variant are the image ID. A query, such
// as a signature, is ignored and not verified; see [URLSigner.Verify].
//
// [Delivery.URL] with the ID and the variant returns the same URL, without the query, and
// possibly with other escapes.
//
// Every error is a [*ParamError]. It does not quote the whole URL.
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
	if hash == "" {
		return nil, paramErrorf(param, "has an empty account hash: give one such as %s", deliveryURLForm)
	}
	if problem := accountHashProblem(hash); problem != "" {
		return nil, paramErrorf(param, "has an invalid account hash, which %s", problem)
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

// cutDeliveryPath returns the path of u that starts with the account hash.
func cutDeliveryPath(u *url.URL) (path string, ok bool) {
	if strings.EqualFold(u.Hostname(), deliveryHost) {
		return strings.CutPrefix(u.EscapedPath(), "/")
	}
	return strings.CutPrefix(u.EscapedPath(), ownDeliveryPath)
}

// parseVariant returns the variant or the options in a segment, or why it is invalid.
// Options keep their escapes, because an escaped comma does not separate options.
func parseVariant(segment string) (variant, problem string) {
	variant = segment
	if !strings.Contains(segment, "=") {
		if hasEscapedEquals(segment) {
			return "", "has a percent-escaped equals sign: write it unescaped"
		}
		var err error
		if variant, err = url.PathUnescape(segment); err != nil {
			return "", "has an invalid escape: write a percent sign as %25"
		}
	}
	_, problem = variantSegment(variant)
	return variant, problem
}

func hasEscapedEquals(segment string) bool {
	return strings.Contains(strings.ToUpper(segment), "%3D")
}

// optionsProblem returns why a list of options is malformed, "" if it is not.
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

// escapedByBrowsers are the visible characters that browsers change in a path or a query,
// or that URLs must not contain (RFC 3986).
const escapedByBrowsers = "\"<>\\^`{|}"

func isNotOptionNameRune(r rune) bool { return isNotHashRune(r) && r != '.' }
