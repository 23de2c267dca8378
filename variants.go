package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/send"
)

// Variants looks after the variants of an account: the named forms in which
// Cloudflare delivers images. There may be up to 100 (Cloudflare's developer
// documentation). For forms without a name, see [Variants.SetFlexible].
type Variants struct{ sender *send.Sender }

// Variant is a form in which images are delivered, and its name.
type Variant struct {
	// ID is the name, which is the last part of a delivery URL: at most 99 characters
	// (Cloudflare's OpenAPI document). Letters and digits are safe. Which other
	// characters are allowed is not published; those that cannot be in the last part
	// of a URL, and an equals sign, are rejected before sending.
	ID string

	// Fit says how an image is fitted into Width and Height: FitScaleDown,
	// FitContain, FitCover, FitCrop or FitPad.
	Fit Fit

	// Width and Height are in pixels, at least 1.
	Width, Height int

	// Metadata says which metadata of the file is kept: MetadataKeep,
	// MetadataCopyright or MetadataNone.
	Metadata MetadataPolicy

	// BrowserTTL is how long browsers keep an image: 1 hour to 1 year, in whole
	// seconds (Cloudflare's developer documentation). 0 means the TTL of the account.
	BrowserTTL time.Duration

	// NeverRequireSignedURLs makes the variant show all images to everybody,
	// including those that require signed URLs.
	NeverRequireSignedURLs bool
}

const (
	variantsPath  = "images/v1/variants"
	publicVariant = "public" // which every account has

	minBrowserTTL = time.Hour
	maxBrowserTTL = 365 * 24 * time.Hour
)

// List returns the variants of the account, sorted by ID.
func (s *Variants) List(ctx context.Context) ([]Variant, error) {
	var list variantList
	c := &send.Call{Op: "Variants.List", Method: http.MethodGet, Path: variantsPath, Template: variantsPath}
	if failed := s.sender.Do(ctx, c, list.read); failed != nil {
		return nil, newError(failed)
	}
	slices.SortFunc(list.variants, func(a, b Variant) int { return strings.Compare(a.ID, b.ID) })
	return list.variants, nil
}

// Get returns one variant. One that is unknown is [ErrNotFound].
func (s *Variants) Get(ctx context.Context, id string) (*Variant, error) {
	c, err := variantCall("Variants.Get", http.MethodGet, id)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, c)
}

// Create makes a variant and returns it. Its ID must not be taken.
//
// What is invalid is rejected with [ErrInvalidParams] before anything is sent. The call
// is retried only if the attempt before did nothing. If it is not known whether an
// attempt created the variant, the error is [ErrOutcomeUnknown], and [Variants.Get]
// reports whether it exists.
func (s *Variants) Create(ctx context.Context, v Variant) (*Variant, error) {
	body, err := v.body(true)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, &send.Call{
		Op: "Variants.Create", Method: http.MethodPost, Path: variantsPath, Template: variantsPath,
		Retry:   send.RetryUnserved,
		Unsure:  "the variant may have been created; Variants.Get tells",
		Content: send.NewContent("application/json", body),
	})
}

// Update replaces the variant with the ID of v by v, and returns it. To change a part
// of it, change what [Variants.Get] returns. Whether Cloudflare keeps what v does not
// have, such as a BrowserTTL of 0, is not published. Images in the variant are purged
// from the cache.
//
// What is invalid is rejected as by Create. A variant that is unknown is [ErrNotFound].
func (s *Variants) Update(ctx context.Context, v Variant) (*Variant, error) {
	body, err := v.body(false)
	if err != nil {
		return nil, err
	}
	c, err := variantCall("Variants.Update", http.MethodPatch, v.ID)
	if err != nil {
		return nil, err
	}
	c.Content = send.NewContent("application/json", body)
	return s.do(ctx, c)
}

// Delete removes a variant and purges its images from the cache. The variant public
// cannot be deleted (Cloudflare's developer documentation): it is rejected before
// anything is sent. One that is unknown is [ErrNotFound], except when an attempt before
// may have deleted it.
func (s *Variants) Delete(ctx context.Context, id string) error {
	if id == publicVariant {
		return paramErrorf("id", "is public, which cannot be deleted: change it with Update")
	}
	c, err := variantCall("Variants.Delete", http.MethodDelete, id)
	if err != nil {
		return err
	}
	return doDelete(ctx, s.sender, c)
}

// SetFlexible switches the flexible variants of the account on or off. While they are
// on, everybody can get images in any form, by options in the URL instead of a
// variant: see [Delivery.Transformed] and [Delivery.SrcSet]. Images that require signed
// URLs are not delivered this way (Cloudflare's developer documentation).
func (s *Variants) SetFlexible(ctx context.Context, on bool) error {
	const path = "images/v1/config"
	failed := s.sender.Do(ctx, &send.Call{
		Op: "Variants.SetFlexible", Method: http.MethodPatch, Path: path, Template: path,
		Content: send.NewContent("application/json", fmt.Appendf(nil, `{"flexible_variants":%t}`, on)),
	}, func(r *send.Response) error { return envelope.ReadNoResult(r.Decoder()) })
	if failed != nil {
		return newError(failed)
	}
	return nil
}

// variantCall returns a call on the path of one variant.
func variantCall(op, method, id string) (*send.Call, error) {
	if problem := variantIDProblem(id); problem != "" {
		return nil, &ParamError{Param: "id", Reason: problem}
	}
	return &send.Call{Op: op, Method: method, Path: variantsPath + "/" + url.PathEscape(id), Template: variantsPath + "/{id}"}, nil
}

// do sends a call whose result holds one variant.
func (s *Variants) do(ctx context.Context, c *send.Call) (*Variant, error) {
	var result variantResult
	if failed := s.sender.Do(ctx, c, result.read); failed != nil {
		return nil, newError(failed)
	}
	return &result.variant, nil
}

// variantIDProblem says what keeps id from being the name of a variant, "" if nothing
// does.
func variantIDProblem(id string) string {
	if strings.Contains(id, "=") {
		return "contains an equals sign, with which a delivery URL has options instead of a variant: leave it out"
	}
	_, problem := variantSegment(id)
	return problem
}

// body returns the JSON to send, or every violation, joined.
func (v *Variant) body(withID bool) ([]byte, error) {
	if err := v.validate(); err != nil {
		return nil, err
	}
	sent := variantJSON{Options: variantOptions{
		Fit:        v.Fit,
		Width:      v.Width,
		Height:     v.Height,
		Metadata:   v.Metadata,
		BrowserTTL: int64(v.BrowserTTL / time.Second),
	}, NeverRequireSignedURLs: v.NeverRequireSignedURLs}
	if withID {
		sent.ID = v.ID
	}
	body, err := jsonv2.Marshal(sent)
	if err != nil {
		return nil, fmt.Errorf("cfimages: encode the variant: %w", err)
	}
	return body, nil
}

type variantJSON struct {
	ID                     string         `json:"id,omitzero"`
	Options                variantOptions `json:"options"`
	NeverRequireSignedURLs bool           `json:"neverRequireSignedURLs"`
}

type variantOptions struct {
	Fit        Fit            `json:"fit"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Metadata   MetadataPolicy `json:"metadata"`
	BrowserTTL int64          `json:"browser_ttl,omitzero"` // in seconds
}

// validate returns every violation, joined.
func (v *Variant) validate() error {
	var errs []error
	check := func(ok bool, param, format string, args ...any) {
		if !ok {
			errs = append(errs, paramErrorf(param, format, args...))
		}
	}
	if problem := variantIDProblem(v.ID); problem != "" {
		check(false, "ID", "%s", problem)
	}
	check(slices.Contains([]Fit{FitScaleDown, FitContain, FitCover, FitCrop, FitPad}, v.Fit), "Fit",
		"must be FitScaleDown, FitContain, FitCover, FitCrop or FitPad, got %.40q", string(v.Fit))
	check(v.Width >= 1, "Width", "must be at least 1 pixel, got %d", v.Width)
	check(v.Height >= 1, "Height", "must be at least 1 pixel, got %d", v.Height)
	check(slices.Contains([]MetadataPolicy{MetadataKeep, MetadataCopyright, MetadataNone}, v.Metadata), "Metadata",
		"must be MetadataKeep, MetadataCopyright or MetadataNone, got %.40q", string(v.Metadata))
	ttl := v.BrowserTTL
	check(ttl == 0 || ttl >= minBrowserTTL && ttl <= maxBrowserTTL, "BrowserTTL",
		"must be between 1 hour and 1 year, or 0 for that of the account, got %v", ttl)
	check(ttl%time.Second == 0, "BrowserTTL", "must be whole seconds, got %v", ttl)
	return errors.Join(errs...)
}
