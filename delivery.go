package cfimages

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

const (
	deliveryHost     = "imagedelivery.net"
	ownDeliveryPath  = "/cdn-cgi/imagedelivery/" // on an account's own domains
	remotePath       = "/cdn-cgi/image/"
	maxVariantLength = 99 // characters; from Cloudflare's OpenAPI document
)

// Delivery builds the URLs that show the images of an account. It sends no request and
// does not check whether an image exists. A Delivery is immutable and safe for concurrent
// use.
//
// Images are given by their ID, as the API returns it. In the URLs, characters of a
// custom ID are percent-escaped where necessary: the percent sign as %25 (Cloudflare's
// developer documentation), spaces, ?, # and all characters that are not ASCII. Slashes
// are kept. So every URL is visible ASCII, which all clients send unchanged.
type Delivery struct {
	hash string
	base string // the URL up to the image's ID
}

// NewDelivery returns a Delivery for an account. Its URLs start with
// https://imagedelivery.net/<account hash>/.
//
// The account hash is not the account ID. It is in Cloudflare's dashboard, under Images,
// Developer Resources. It is also in the delivery URLs of the account's images:
// [ParseDeliveryURL] returns it for an element of [Image].Variants.
func NewDelivery(accountHash string) (*Delivery, error) {
	if problem := accountHashProblem(accountHash); problem != "" {
		return nil, paramErrorf("accountHash", "%s", problem)
	}
	return &Delivery{hash: accountHash, base: "https://" + deliveryHost + "/" + accountHash + "/"}, nil
}

// OnDomain returns a Delivery for the same account on your own domain. Its URLs start
// with https://<host>/cdn-cgi/imagedelivery/<account hash>/. The domain must be proxied
// by Cloudflare for the same account (Cloudflare's developer documentation).
//
// The host is a name such as images.example.com, with a port if necessary. For tests, it
// may also be the URL of a server on the same machine, such as http://127.0.0.1:8787.
func (d *Delivery) OnDomain(host string) (*Delivery, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	origin, err := originOf("host", host)
	if err != nil {
		return nil, err
	}
	if origin.Hostname() == deliveryHost {
		return nil, paramErrorf("host", "is %s, which is Cloudflare's: use the result of NewDelivery, or give your own domain", deliveryHost)
	}
	return &Delivery{hash: d.hash, base: origin.String() + ownDeliveryPath + d.hash + "/"}, nil
}

// URL returns the URL of an image in a variant of the account, such as "public". If the
// image requires signed URLs, sign the result with [URLSigner.Sign].
//
// If variant contains an equals sign, it is a list of options for a flexible variant,
// such as "w=400,sharpen=3". Only its form is checked. Use this for options that
// [Transform] does not have.
func (d *Delivery) URL(imageID, variant string) (string, error) {
	segment, problem := variantSegment(variant)
	if problem != "" {
		return d.link(imageID, "", paramErrorf("variant", "%s", problem))
	}
	return d.link(imageID, segment, nil)
}

// Transformed returns the URL of an image with a transformation. Flexible variants must
// be enabled for the account; see [Variants.SetFlexible]. Images that require signed URLs
// cannot be transformed (Cloudflare's developer documentation): for them, use
// [Delivery.URL] with a variant, and [URLSigner.Sign].
func (d *Delivery) Transformed(imageID string, t Transform) (string, error) {
	options, err := t.hostedOptions()
	return d.link(imageID, options, err)
}

// SrcSet returns the value of the srcset attribute of an HTML img element. It contains
// the URL of the image in each of the widths, in pixels, in ascending order. The browser
// chooses the URL that fits its screen. With html/template, convert the result to
// template.Srcset, because the URLs contain commas.
//
// The URLs are those of [Delivery.Transformed], with the Width of t replaced. If t has
// a Width and a Height, they set the aspect ratio, and the height of each URL is
// computed. Rejected are a Height without a Width, WidthAuto, and DPR: the browser
// itself considers the density of its screen.
//
// The widths should not exceed the width of the image. With FitScaleDown, the default,
// Cloudflare does not enlarge images, and the browser would get a smaller image than the
// attribute promises.
func (d *Delivery) SrcSet(imageID string, t Transform, widths ...int) (string, error) {
	sorted := slices.Sorted(slices.Values(widths))
	probe, faults := checkSrcSet(t, sorted)
	if _, err := d.Transformed(imageID, probe); err != nil {
		faults = append([]error{err}, faults...)
	}
	if err := errors.Join(faults...); err != nil {
		return "", err
	}
	candidates := make([]string, len(sorted))
	for i, width := range sorted {
		link, err := d.Transformed(imageID, withWidth(t, width))
		if err != nil {
			return "", err
		}
		candidates[i] = fmt.Sprintf("%s %dw", link, width)
	}
	return strings.Join(candidates, ", "), nil
}

// checkSrcSet returns the violations of t and the widths in a srcset, and t without
// them, so that the rest of it can be checked.
func checkSrcSet(t Transform, sorted []int) (probe Transform, faults []error) {
	reject := func(param, format string, args ...any) {
		faults = append(faults, paramErrorf(param, format, args...))
	}
	if t.WidthAuto {
		reject("WidthAuto", "is set, but each URL of a srcset has its own width: leave it out")
		t.WidthAuto = false
	}
	if t.DPR != 0 {
		reject("DPR", "is %v, but browsers include the density of their screen when they choose from a srcset: leave it out", t.DPR)
		t.DPR = 0
	}
	if t.Width == 0 {
		t.Width = 1
		if t.Height != 0 {
			reject("Height", "is %d without a Width: give a Width too, so that both set the aspect ratio, or leave it out", t.Height)
		}
	}
	if len(sorted) == 0 {
		reject("widths", "is empty: give the widths to choose from, such as 320, 640 and 1280")
	}
	for i, width := range sorted {
		switch {
		case width < 1 || width >= math.MaxInt32:
			reject("widths", "has a width of %d pixels: give widths from 1 to %d, such as 320", width, math.MaxInt32-1)
		case i > 0 && width == sorted[i-1]:
			reject("widths", "has %d twice: give each width once", width)
		}
	}
	return t, faults
}

// withWidth returns t with another width, and a height with the same aspect ratio.
func withWidth(t Transform, width int) Transform {
	if t.Height != 0 {
		height := math.Round(float64(t.Height) * float64(width) / float64(t.Width))
		t.Height = int(min(max(height, 1), math.MaxInt32))
	}
	t.Width = width
	return t
}

// link returns a URL. err is the error of its last segment.
func (d *Delivery) link(imageID, last string, err error) (string, error) {
	if e := d.check(); e != nil {
		return "", e
	}
	if e := imagepath.CheckDelivery(imageID); e != nil {
		err = errors.Join(paramErrorf("imageID", "%s", e), err)
	}
	if err != nil {
		return "", err
	}
	return d.base + imagepath.Escape(imageID) + "/" + last, nil
}

// check rejects the zero Delivery.
func (d *Delivery) check() error {
	if d == nil || d.base == "" {
		return paramErrorf("Delivery", "has no account: create it with NewDelivery")
	}
	return nil
}

// accountHashProblem returns why hash is invalid, "" if it may be an account hash.
func accountHashProblem(hash string) string {
	switch {
	case hash == "":
		return "is empty: give the account hash, which is in every delivery URL of the account's images"
	case strings.IndexFunc(hash, isNotHashRune) >= 0:
		return fmt.Sprintf("is %.40q, only letters, digits, hyphens and underscores are allowed: give the account hash alone", hash)
	case hash == "cdn-cgi":
		return fmt.Sprintf("is %q, which starts another path: give the part of a delivery URL before the image's ID", hash)
	}
	return ""
}

func isNotHashRune(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	return !isLetter && !isDigit && r != '-' && r != '_'
}

// variantSegment returns the path segment for a variant or for options, or why it is
// invalid.
func variantSegment(variant string) (segment, problem string) {
	switch {
	case strings.Contains(variant, "="):
		return variant, optionsProblem(variant)
	case variant == "":
		return "", "is empty: give the name of a variant, such as public"
	case !utf8.ValidString(variant):
		return "", "is not valid UTF-8: give the name of a variant, such as public"
	case utf8.RuneCountInString(variant) > maxVariantLength:
		return "", fmt.Sprintf("has %d characters, at most %d are allowed: give the name of a variant",
			utf8.RuneCountInString(variant), maxVariantLength)
	case variant == "." || variant == ".." || strings.ContainsFunc(variant, isNotVariantRune):
		return "", fmt.Sprintf("is %.40q, which cannot be the last segment of a URL: give the name of a variant, such as public", variant)
	}
	return url.PathEscape(variant), ""
}

func isNotVariantRune(r rune) bool { return r == '/' || unicode.IsControl(r) }
