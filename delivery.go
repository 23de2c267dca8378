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

// Delivery makes the URLs at which the images of an account are shown. It sends
// no request and does not know which images exist. It never changes, so one can
// be used from many goroutines at once.
//
// An image is named by its ID as Cloudflare's API returns it. Every character of a
// custom ID that has a meaning in URLs is percent-escaped: a percent sign as %25,
// which Cloudflare's developer documentation asks for, and also spaces, question
// marks, number signs and what is not ASCII. A slash separates path segments, as
// in the ID.
//
// Every URL is visible ASCII without spaces, so that all clients send it as it is.
type Delivery struct {
	hash string
	base string // what stands before the image's ID
}

// NewDelivery returns the Delivery of an account, at
// https://imagedelivery.net/<account hash>/.
//
// The account hash is not the account ID. It is in Cloudflare's dashboard, under
// Images, Developer Resources, and in the delivery URL of every image of the
// account: [ParseDeliveryURL] of one of [Image].Variants returns it.
func NewDelivery(accountHash string) (*Delivery, error) {
	if err := checkAccountHash("accountHash", accountHash); err != nil {
		return nil, err
	}
	return &Delivery{hash: accountHash, base: "https://" + deliveryHost + "/" + accountHash + "/"}, nil
}

// OnDomain returns a Delivery of the same account on a domain of its own, at
// https://<host>/cdn-cgi/imagedelivery/<account hash>/. Any domain works that
// Cloudflare proxies for the same account (Cloudflare's developer documentation).
//
// The host is a name such as images.example.com, with a port if it needs one. For
// tests, it may also be the address of a server on the same machine, with its
// scheme: http://127.0.0.1:8787.
func (d *Delivery) OnDomain(host string) (*Delivery, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	origin, err := originOf("host", host)
	if err != nil {
		return nil, err
	}
	if origin.Hostname() == deliveryHost {
		return nil, paramErrorf("host", "is %s, which is Cloudflare's: use the Delivery as NewDelivery returns it, or give a domain of your own", deliveryHost)
	}
	return &Delivery{hash: d.hash, base: origin.String() + ownDeliveryPath + d.hash + "/"}, nil
}

// URL returns the URL of an image in one of the account's variants, such as
// "public". If the image requires signed URLs, sign the result with
// [URLSigner.Sign].
//
// variant may also be options such as "w=400,sharpen=3", as
// [DeliveryURL].Variant has them. They are checked for their form only: this is the
// way to options that [Transform] does not know. A variant with an equals sign is
// taken for options.
func (d *Delivery) URL(imageID, variant string) (string, error) {
	segment, problem := variantSegment(variant)
	if problem != "" {
		return d.link(imageID, "", paramErrorf("variant", "%s", problem))
	}
	return d.link(imageID, segment, nil)
}

// Transformed returns the URL of an image that Cloudflare changes as t says. The
// account must have flexible variants switched on. Images that require signed URLs
// cannot be delivered this way (Cloudflare's developer documentation).
func (d *Delivery) Transformed(imageID string, t Transform) (string, error) {
	options, err := t.hostedOptions()
	return d.link(imageID, options, err)
}

// SrcSet returns the value of the srcset attribute of an HTML img element: the URL
// of the image in each of the widths, in pixels, from which a browser chooses the
// one that fits its screen. Narrow ones come first, in whatever order they are
// given. In a template of html/template, convert the result to template.Srcset:
// the URLs have commas, which the package would escape in a template.URL.
//
// Each URL is that of [Delivery.Transformed] with its width. If t has a Width
// and a Height, they say the proportions: the height of each URL follows from its
// width. A Height alone is invalid, and so are WidthAuto and DPR: the browser takes
// the density of its screen into account when it chooses.
//
// Do not give widths above that of the image. Enlarging it makes files larger and
// no picture better, and with FitScaleDown, the default, the browser would be
// told a width that the image does not have.
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

// checkSrcSet returns what is wrong with t and the widths in a srcset, and t without
// that, so that the rest of it can be checked.
func checkSrcSet(t Transform, sorted []int) (probe Transform, faults []error) {
	refuse := func(param, format string, args ...any) {
		faults = append(faults, paramErrorf(param, format, args...))
	}
	if t.WidthAuto {
		refuse("WidthAuto", "is set, but each URL of a srcset has a width of its own: leave it out")
		t.WidthAuto = false
	}
	if t.DPR != 0 {
		refuse("DPR", "is %v, but browsers choose from a srcset by the density of their screen already: leave it out", t.DPR)
		t.DPR = 0
	}
	if t.Width == 0 {
		t.Width = 1
		if t.Height != 0 {
			refuse("Height", "is %d, which cannot fit every width: give a Width too, so that both say the proportions, or leave it out", t.Height)
		}
	}
	if len(sorted) == 0 {
		refuse("widths", "has none: give the widths to choose from, such as 320, 640 and 1280")
	}
	for i, width := range sorted {
		switch {
		case width < 1 || width >= math.MaxInt32:
			refuse("widths", "has a width of %d pixels: give widths of at least 1, such as 320", width)
		case i > 0 && width == sorted[i-1]:
			refuse("widths", "has %d twice: give each width once", width)
		}
	}
	return t, faults
}

// withWidth returns t with another width, and the height that goes with it.
func withWidth(t Transform, width int) Transform {
	if t.Height != 0 {
		height := math.Round(float64(t.Height) * float64(width) / float64(t.Width))
		t.Height = int(min(max(height, 1), math.MaxInt32))
	}
	t.Width = width
	return t
}

// link joins a URL. err is what is wrong with its last segment.
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

// check keeps a Delivery that NewDelivery did not make from giving URLs that lead
// nowhere.
func (d *Delivery) check() error {
	if d == nil || d.base == "" {
		return paramErrorf("Delivery", "has no account: make it with NewDelivery")
	}
	return nil
}

func checkAccountHash(param, hash string) error {
	switch {
	case hash == "":
		return paramErrorf(param, "is empty: give the account hash, which is in every delivery URL of the account's images")
	case strings.IndexFunc(hash, isNotHashRune) >= 0:
		return paramErrorf(param, "is %.40q, only letters, digits, hyphens and underscores are allowed: give the account hash alone", hash)
	case hash == "cdn-cgi":
		return paramErrorf(param, "is %q, which is a path and no account hash: give the part of a delivery URL before the image's ID", hash)
	}
	return nil
}

func isNotHashRune(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	return !isLetter && !isDigit && r != '-' && r != '_'
}

// variantSegment returns the path segment of a variant or of options, and what is
// wrong with it.
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
		return "", fmt.Sprintf("is %.40q, which cannot be the last part of a URL: give the name of a variant, such as public", variant)
	}
	return url.PathEscape(variant), ""
}

func isNotVariantRune(r rune) bool { return r == '/' || unicode.IsControl(r) }
