package cfimages

import (
	"errors"
	"strconv"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

// UploadParams say what a new image will be. The zero value is valid.
type UploadParams struct {
	// ID is a custom ID; "" lets Cloudflare choose one. The rules are those of
	// [DirectUploadParams].ID.
	ID string

	// Creator is an ID of your own for who uploads, in UTF-8; "" leaves it unset.
	Creator string

	// Metadata is marshalled to one JSON object of at most 1024 bytes (Cloudflare's
	// API reference), by the rules of encoding/json/v2; nil leaves it out. Lists can
	// be filtered by it; see [Where].
	Metadata any

	// RequireSignedURLs makes the image private: it is delivered only at signed
	// URLs; see [URLSigner]. Cloudflare does not allow it together with a custom ID
	// (its developer documentation).
	RequireSignedURLs bool
}

const maxMetadataBytes = 1024

// fields returns the fields of the form to send, or every violation, joined.
func (p *UploadParams) fields() ([]multipartbody.Field, error) {
	var fields []multipartbody.Field
	var errs []error
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, multipartbody.Field{Name: name, Value: value})
		}
	}
	if p.ID != "" {
		if err := imagepath.CheckCustomID(p.ID); err != nil {
			errs = append(errs, &ParamError{Param: "ID", Reason: err.Error()})
		}
	}
	errs = append(errs, checkCreator(p.Creator))
	add("id", p.ID)
	add("creator", p.Creator)
	metadata, err := marshalMetadata(p.Metadata)
	errs = append(errs, err)
	add("metadata", string(metadata))
	if p.RequireSignedURLs {
		if p.ID != "" {
			errs = append(errs, paramErrorf("RequireSignedURLs", "cannot be combined with a custom ID: leave one of the two out"))
		}
		add("requireSignedURLs", strconv.FormatBool(true))
	}
	return fields, errors.Join(errs...)
}

func checkCreator(creator string) error {
	if !utf8.ValidString(creator) {
		return paramErrorf("Creator", "must be valid UTF-8, got %.40q", creator)
	}
	return nil
}

// marshalMetadata returns the metadata as it is sent, nil for none.
func marshalMetadata(metadata any) (jsontext.Value, error) {
	if metadata == nil {
		return nil, nil
	}
	text, err := jsonv2.Marshal(metadata, jsonv2.Deterministic(true))
	switch {
	case err != nil:
		return nil, paramErrorf("Metadata", "cannot be marshalled to JSON: %v", err)
	case jsontext.Value(text).Kind() != '{':
		return nil, paramErrorf("Metadata", "must be a JSON object, got %v (JSON that is encoded already must be a json.RawMessage)", jsontext.Value(text).Kind())
	case len(text) > maxMetadataBytes:
		return nil, paramErrorf("Metadata", "is %d bytes of JSON, at most %d are allowed", len(text), maxMetadataBytes)
	}
	return text, nil
}
