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

// ListParams select and order the images of a list. The zero value lists all images,
// newest first.
type ListParams struct {
	// PerPage is the number of images in a page: 10 to 10000 (Cloudflare's OpenAPI
	// document). 0 means the API's default, 1000. Cloudflare's API reference has a
	// maximum of 1000, so larger values may be rejected.
	PerPage int `url:"per_page,omitempty"`

	// SortOrder is the order by upload time. "" means the API's default, newest first.
	SortOrder SortOrder `url:"sort_order,omitempty"`

	// Creator selects the images of one creator, for example new("alice"). A pointer
	// to "" selects the images without a creator. nil selects all. The text must be
	// valid UTF-8.
	Creator *string `url:"creator,omitempty"`

	// Meta selects images by their metadata; see [Where].
	Meta MetaFilter `url:"meta,omitempty"`

	// ContinuationToken is the token of the page to start with, from an [ImagePage] or
	// a [PageError]. "" means the first page. Use a token only with the same PerPage,
	// order and filters. Cloudflare does not document how long a token is valid.
	ContinuationToken string `url:"continuation_token,omitempty"`

	// Skip is the number of images to skip at the start of the page of
	// ContinuationToken. Set it to the Yielded of a [PageError] to resume in the middle
	// of a page. It never skips images of the next page. It is for Pages and All; List
	// rejects it.
	Skip int `url:"-"`
}

// SortOrder is the order of a list by upload time.
type SortOrder string

// The sort orders of the API.
const (
	SortAscending  SortOrder = "asc"  // oldest first
	SortDescending SortOrder = "desc" // newest first
)

// List returns one page of images.
//
// Invalid parameters are rejected with [ErrInvalidParams] before a request is sent. For
// a response without a list of images, the error matches [ErrMalformedResponse]. For a
// continuation token that Cloudflare does not accept, it probably matches
// [ErrBadRequest]; the status is not documented.
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

// Pages returns an iterator over all pages of the list. A page is yielded when all of
// it has been received; the first one without the images of [ListParams].Skip. Errors,
// retries and the end of the list are as for [ImagesV2.All].
func (s *ImagesV2) Pages(ctx context.Context, params ListParams) iter.Seq2[*ImagePage, error] {
	return func(yield func(*ImagePage, error) bool) {
		if err := s.walkPages(ctx, params, func(p *ImagePage) bool { return yield(p, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// All returns an iterator over all images of the list. It requests page after page, and
// yields images while their page is still being received. The next page may be
// prefetched; see [WithPrefetch].
//
// If the iteration fails, it yields one [*PageError] and ends. Pass its
// ContinuationToken and Yielded to [ListParams] to resume. A canceled context and
// invalid parameters are reported as a *PageError, too. If a page fails in the middle,
// it is requested again as the [RetryPolicy] allows, and images that were already
// yielded are skipped.
//
// The iteration ends at the page without a continuation token. A page without images
// does not end it. If a token occurs twice, the error is [ErrTokenLoop]. Leaving the
// loop stops all requests. A second loop over the same iterator starts again at the
// ContinuationToken and Skip of the parameters.
//
// If images are added, deleted, or changed so that the filter selects others, an image
// may be missing or be yielded twice; Cloudflare documents no guarantee. If you delete
// the listed images, or change what the filter tests, collect their IDs first, and do
// it after the loop.
func (s *ImagesV2) All(ctx context.Context, params ListParams) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		if err := s.walkImages(ctx, params, func(img *Image) bool { return yield(*img, nil) }); err != nil {
			yield(Image{}, err)
		}
	}
}

// listCall returns the call for a page with the encoded parameters.
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
