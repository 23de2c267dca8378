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

// Variants manages the variants of an account: the named sizes in which Cloudflare
// delivers images. An account may have up to 100 (Cloudflare's developer
// documentation). For sizes without a name, see [Variants.SetFlexible].
type Variants struct{ sender *send.Sender }

// Variant is a named size in which images are delivered.
type Variant struct {
	// ID is the name, which is the last segment of a delivery URL. It has at most 99
	// characters (Cloudflare's OpenAPI document). Use letters and digits: it is not
	// documented which other characters Cloudflare allows. A slash, an equals sign and
	// control characters are rejected.
	ID string

	// Fit is how an image is resized to Width and Height: FitScaleDown, FitContain,
	// FitCover, FitCrop or FitPad.
	Fit Fit

	// Width and Height are in pixels, at least 1.
	Width, Height int

	// Metadata selects which metadata of the file, such as EXIF, is kept: MetadataKeep,
	// MetadataCopyright or MetadataNone.
	Metadata MetadataPolicy

	// BrowserTTL is how long browsers cache an image: 1 hour to 1 year (Cloudflare's
	// developer documentation), in whole seconds. 0 means the TTL of the account.
	BrowserTTL time.Duration

	// NeverRequireSignedURLs makes the variant public for all images, including those
	// that require signed URLs.
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

// Get returns a variant. For an unknown variant, the error matches [ErrNotFound].
func (s *Variants) Get(ctx context.Context, id string) (*Variant, error) {
	c, err := variantCall("Variants.Get", http.MethodGet, id)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, c)
}

// Create creates a variant and returns it. If a variant with its ID exists, the call
// fails; Cloudflare does not document the status.
//
// Invalid fields are rejected with [ErrInvalidParams] before a request is sent. The
// call is retried by the rules for creates; see [RetryPolicy]. If it is not known
// whether an attempt created the variant, the error is [ErrOutcomeUnknown]: check with
// [Variants.Get].
func (s *Variants) Create(ctx context.Context, v Variant) (*Variant, error) {
	body, err := v.body(true)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, &send.Call{
		Op: "Variants.Create", Method: http.MethodPost, Path: variantsPath, Template: variantsPath,
		Retry:   send.RetryUnserved,
		Unsure:  "the variant may have been created; check with Variants.Get",
		Content: send.NewContent("application/json", body),
	})
}

// Update replaces the variant that has the ID of v, and returns the new variant. To
// change one field, change the result of [Variants.Get]. Cloudflare purges the images
// in the variant from its cache. It is not documented whether a BrowserTTL of 0 removes
// an existing TTL, or whether a setting that Variant lacks, such as a blur, is kept.
//
// Invalid fields are rejected with [ErrInvalidParams] before a request is sent. For an
// unknown variant, the error matches [ErrNotFound]. The call is retried by the rules
// for reads; see [RetryPolicy].
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

// Delete deletes a variant. Cloudflare purges its images from its cache. The variant
// "public" cannot be deleted (Cloudflare's developer documentation) and is rejected
// with [ErrInvalidParams] before a request is sent. For an unknown variant, the error
// matches [ErrNotFound]. If a retry gets status 404 after an attempt that may have
// deleted it, Delete returns nil.
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

// SetFlexible enables or disables the flexible variants of the account. While they are
// enabled, anyone can request images in any size, with options in the URL instead of a
// variant: see [Delivery.Transformed] and [Delivery.SrcSet]. Images that require signed
// URLs are not delivered with flexible variants (Cloudflare's developer documentation).
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

// variantCall returns a call on the path of a variant.
func variantCall(op, method, id string) (*send.Call, error) {
	if problem := variantIDProblem(id); problem != "" {
		return nil, &ParamError{Param: "id", Reason: problem}
	}
	return &send.Call{Op: op, Method: method, Path: variantsPath + "/" + url.PathEscape(id), Template: variantsPath + "/{id}"}, nil
}

// do sends a call whose result is a variant.
func (s *Variants) do(ctx context.Context, c *send.Call) (*Variant, error) {
	var result variantResult
	if failed := s.sender.Do(ctx, c, result.read); failed != nil {
		return nil, newError(failed)
	}
	return &result.variant, nil
}

// variantIDProblem returns why id cannot be the name of a variant, "" if it can.
func variantIDProblem(id string) string {
	if strings.Contains(id, "=") {
		return "contains an equals sign, which marks options in a delivery URL: leave it out"
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
