package cfimages

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/google/go-querystring/query"

	"github.com/cfimages/cfimages-go/internal/send"
)

// ImagesV2 lists the images of an account.
type ImagesV2 struct {
	sender   *send.Sender
	prefetch bool
}

// ListParams say which images to list, and how. The zero value lists all.
type ListParams struct {
	// PerPage is how many images a page holds: 10 to 10000 (Cloudflare's OpenAPI
	// document; the API reference speaks of up to 1000). 0 means the API's default, 1000.
	PerPage int `url:"per_page,omitempty"`

	// SortOrder orders by upload time. "" means the API's default, newest first.
	SortOrder SortOrder `url:"sort_order,omitempty"`

	// Creator selects by the creator field: nil means any, a pointer to "" the
	// images without a creator, and any other that creator's. Go 1.26 writes
	// new("alice"). It must be UTF-8.
	Creator *string `url:"creator,omitempty"`

	// Meta selects by metadata; see [Where].
	Meta MetaFilter `url:"meta,omitempty"`

	// ContinuationToken is where to start: the token of an [ImagePage] or of a
	// [PageError]. "" means the first page.
	ContinuationToken string `url:"continuation_token,omitempty"`

	// Skip passes over this many images of the first page that Pages or All
	// walks. With a PageError's Yielded it continues a walk that failed in the
	// middle of a page. List refuses it.
	Skip int `url:"-"`
}

// SortOrder is the order of a list, by upload time.
type SortOrder string

// The sort orders of the API.
const (
	SortAscending  SortOrder = "asc"  // oldest first
	SortDescending SortOrder = "desc" // newest first
)

// List returns one page of images.
//
// Bad parameters are refused with [ErrInvalidParams] before any request. A reply
// without a list of images is [ErrMalformedResponse], never an empty page.
func (s *ImagesV2) List(ctx context.Context, params ListParams) (*ImagePage, error) {
	err := params.validate()
	if params.Skip != 0 {
		err = errors.Join(err, paramErrorf("Skip", "is for Pages and All, got %d", params.Skip))
	}
	if err != nil {
		return nil, err
	}
	values, err := query.Values(params)
	if err != nil {
		return nil, fmt.Errorf("cfimages: ImagesV2.List: encode the parameters: %w", err)
	}
	page := new(ImagePage)
	if failed := s.sender.Do(ctx, listCall("ImagesV2.List", values), page.read); failed != nil {
		return nil, newError(failed)
	}
	return page, nil
}

// Pages walks the list page by page. See [ImagesV2.All] for how a walk goes and ends.
func (s *ImagesV2) Pages(ctx context.Context, params ListParams) iter.Seq2[*ImagePage, error] {
	return func(yield func(*ImagePage, error) bool) {
		if err := s.walkPages(ctx, params, func(p *ImagePage) bool { return yield(p, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// All walks the list image by image, over all its pages. Images are yielded
// while their page arrives.
//
// An error comes once, as the last element, as a [*PageError] that says where to
// go on. That includes a canceled context, and bad parameters, for which nothing
// is sent. A page that fails in its middle is asked for again as far as the
// retry policy allows, and what was yielded of it is passed over. A list that
// changes meanwhile may show an image twice or not at all, where Cloudflare's
// tokens do not prevent it; nothing is published on that.
//
// The walk ends only at a page without a continuation token: a page without
// images may be followed by others. A token that comes again is [ErrTokenLoop].
// Leaving the loop ends all work. Ranging again walks again.
//
// The next page may be asked for while the current one is being taken; see
// [WithPrefetch].
func (s *ImagesV2) All(ctx context.Context, params ListParams) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		if err := s.walkImages(ctx, params, func(img *Image) bool { return yield(*img, nil) }); err != nil {
			yield(Image{}, err)
		}
	}
}

// listCall returns the call for the page that the encoded parameters say.
func listCall(op string, params url.Values) *send.Call {
	const path = "images/v2"
	c := &send.Call{Op: op, Method: http.MethodGet, Path: path, Template: path, Batched: true}
	if encoded := params.Encode(); encoded != "" {
		c.Path += "?" + encoded
	}
	return c
}

// validate returns every violation, joined.
func (p *ListParams) validate() error {
	var errs []error
	if p.PerPage != 0 && (p.PerPage < 10 || p.PerPage > maxPerPage) {
		errs = append(errs, paramErrorf("PerPage", "must be 10 to 10000, or 0 for the API's default, got %d", p.PerPage))
	}
	switch p.SortOrder {
	case "", SortAscending, SortDescending:
	default:
		errs = append(errs, paramErrorf("SortOrder", "must be SortAscending, SortDescending or empty, got %.40q", string(p.SortOrder)))
	}
	if p.Creator != nil {
		errs = append(errs, checkCreator(*p.Creator))
	}
	if p.Skip < 0 {
		errs = append(errs, paramErrorf("Skip", "must not be negative, got %d", p.Skip))
	}
	return errors.Join(append(errs, p.Meta.Validate())...)
}
