package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/send"
)

// UpdateParams are the properties of an image to change. A nil field is not changed.
type UpdateParams struct {
	// Creator is the new creator, in UTF-8, of at most 1024 characters (Cloudflare's
	// OpenAPI document), for example new("alice"). A pointer to "" probably removes it,
	// but Cloudflare does not document that: check the result.
	Creator *string

	// Metadata is the new metadata. It replaces all existing metadata. It is encoded as
	// a JSON object of at most 1024 bytes (Cloudflare's API reference), by the rules of
	// encoding/json/v2. An empty map or object removes all metadata; a typed nil map is
	// rejected.
	Metadata any

	// RequireSignedURLs makes the image private or public. A change gives the image a
	// new ID; see [ImagesV1.Update]. An image with a custom ID cannot become private
	// (Cloudflare's developer documentation).
	RequireSignedURLs *bool
}

// Update changes the creator, the metadata or RequireSignedURLs of an image, and
// returns the changed image. Invalid parameters, and UpdateParams with no field set,
// are rejected with [ErrInvalidParams] before a request is sent. For an unknown image,
// the error matches [ErrNotFound]. The rules for the ID are those of [ImagesV1.Get],
// except that it may end in /blob, and must not be "config", which is another path of
// the API.
//
// Metadata is replaced, not merged (Cloudflare's developer documentation). To change
// one field, read the metadata, change it, and write all of it:
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
// A change by another program between the two calls is lost. This example rounds
// integers above 2⁵³: to keep them, use a map[string]json.RawMessage.
//
// If RequireSignedURLs changes, the image gets a new ID (Cloudflare's OpenAPI
// document), which the result contains. Use that ID from then on, and treat the old ID
// and its delivery URLs as gone: Cloudflare purges the image from its cache (its
// OpenAPI document), but does not document how it responds to the old ID.
//
// Without RequireSignedURLs, the call is retried by the rules for reads, and can be
// called again if it fails. With it, the call is retried by the rules for creates; see
// [RetryPolicy]. If it is not known whether an attempt changed the image, the error is
// [ErrOutcomeUnknown]. [ImagesV1.Get] then reports whether the image still has its old
// ID. If not, find it in a list by its creator or metadata.
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
		c.Unsure = "the image may have a new ID; check the old one with ImagesV1.Get, and find the new one in a list"
	}
	return doImage(ctx, s.sender, c)
}

// body returns the JSON to send, or every violation, joined.
func (p *UpdateParams) body() ([]byte, error) {
	if p.Creator == nil && p.Metadata == nil && p.RequireSignedURLs == nil {
		return nil, paramErrorf("UpdateParams", "nothing to change: set Creator, Metadata or RequireSignedURLs")
	}
	var errs []error
	if p.Creator != nil {
		errs = append(errs, checkCreator(*p.Creator))
	}
	if v := reflect.ValueOf(p.Metadata); v.Kind() == reflect.Map && v.IsNil() {
		errs = append(errs, paramErrorf("Metadata", "is a nil map, which would remove all metadata: use an empty map to remove it, or leave Metadata out to keep it"))
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
