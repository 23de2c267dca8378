package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/send"
)

// UpdateParams say what to change of an image. What is nil stays as it is.
type UpdateParams struct {
	// Creator is the new creator, in UTF-8. A pointer to "" clears it: that is how
	// an image without a creator is listed, but Cloudflare does not publish how one
	// is cleared, so check the result. Go 1.26 writes new("alice").
	Creator *string

	// Metadata replaces all of the metadata: nothing of it is kept. It is marshalled
	// to one JSON object of at most 1024 bytes (Cloudflare's API reference), by the
	// rules of encoding/json/v2. An empty object removes all metadata.
	Metadata any

	// RequireSignedURLs makes the image private or public. A change gives the image
	// a new ID; see [ImagesV1.Update]. Cloudflare does not allow an image with a
	// custom ID to become private (its developer documentation).
	RequireSignedURLs *bool
}

// Update changes one image and returns it as it is then. If nothing is to be
// changed, or a parameter is invalid, the error is [ErrInvalidParams] and nothing
// is sent. id is as for Get, and may end in /blob; "config" is the path of the
// account's settings. An unknown image is [ErrNotFound].
//
// Metadata is replaced, not merged (Cloudflare's developer documentation). To
// change a part of it, read it, change it, and write all of it:
//
//	img, err := client.ImagesV1.Get(ctx, id)
//	if err != nil {
//		return err
//	}
//	meta := make(map[string]any)
//	if err := img.DecodeMeta(&meta); err != nil {
//		return err
//	}
//	meta["status"] = "reviewed"
//	_, err = client.ImagesV1.Update(ctx, id, cfimages.UpdateParams{Metadata: meta})
//
// What somebody else writes between the two calls is lost. Numbers that need more
// than the 53 bits of a float64 need a struct, or a map of json.RawMessage.
//
// If RequireSignedURLs changes, the image gets a new ID (Cloudflare's OpenAPI
// document). The result has it; use it from then on. The old ID and the delivery
// URLs with it are gone, as far as is known: Cloudflare does not publish that. It
// also purges the image from its cache.
//
// An Update without RequireSignedURLs is retried like a read. With it, the call is
// retried only if the attempt before did nothing. If that is not known, the error is
// [ErrOutcomeUnknown]: [ImagesV1.Get] of the old ID then reports whether the image
// still has it, and a list finds it under its new ID, by its creator or metadata.
func (s *ImagesV1) Update(ctx context.Context, id string, params UpdateParams) (*Image, error) {
	c, err := imageCall("ImagesV1.Update", http.MethodPatch, id, imagepath.CheckChangeable)
	body, invalid := params.body()
	if err := errors.Join(err, invalid); err != nil {
		return nil, err
	}
	c.Batched = true
	c.Content = send.NewContent("application/json", body)
	if params.RequireSignedURLs != nil {
		c.Retry = send.RetryUnserved
		c.Unsure = "the image may have a new ID; ImagesV1.Get of the old one tells, and a list finds the new one"
	}
	return doImage(ctx, s.sender, c)
}

// body returns the JSON to send, or every violation, joined.
func (p *UpdateParams) body() ([]byte, error) {
	if p.Creator == nil && p.Metadata == nil && p.RequireSignedURLs == nil {
		return nil, paramErrorf("UpdateParams", "have nothing to change: give a Creator, Metadata or RequireSignedURLs")
	}
	var errs []error
	if p.Creator != nil {
		errs = append(errs, checkCreator(*p.Creator))
	}
	metadata, err := marshalMetadata(p.Metadata)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	body, err := jsonv2.Marshal(struct {
		Creator           *string        `json:"creator,omitzero"`
		Metadata          jsontext.Value `json:"metadata,omitzero"`
		RequireSignedURLs *bool          `json:"requireSignedURLs,omitzero"`
	}{p.Creator, metadata, p.RequireSignedURLs})
	if err != nil {
		return nil, fmt.Errorf("cfimages: ImagesV1.Update: encode the parameters: %w", err)
	}
	return body, nil
}
