package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/imagepath"
	"github.com/cfimages/cfimages-go/internal/multipartbody"
	"github.com/cfimages/cfimages-go/internal/send"
)

// UploadParams are the properties of a new image. The zero value is valid.
type UploadParams struct {
	// ID is a custom ID. "" means that Cloudflare chooses one. The rules of
	// [DirectUploadParams].ID apply.
	ID string

	// Creator is your own ID of the user who uploads, in UTF-8, of at most 1024
	// characters (Cloudflare's OpenAPI document). "" means none.
	Creator string

	// Metadata is encoded as a JSON object of at most 1024 bytes (Cloudflare's API
	// reference), by the rules of encoding/json/v2. nil means none. Lists can be
	// filtered by it; see [Where].
	Metadata any

	// RequireSignedURLs makes the image private: it is delivered only at signed URLs;
	// see [URLSigner]. It cannot be combined with a custom ID (Cloudflare's developer
	// documentation).
	RequireSignedURLs bool
}

const (
	maxMetadataBytes = 1024
	maxCreatorChars  = 1024
)

// Upload uploads a file in one request. It is for backends that have the file and the
// credentials. For browsers, apps and devices, use one-time upload URLs; see
// [DirectUploads].
//
// The file is streamed and not held in memory. Invalid parameters are rejected with
// [ErrInvalidParams] before a request is sent. Cloudflare accepts files of up to 10 MB
// (its developer documentation) and checks size and format itself. It does not document
// the statuses for a file that is too large or not an image. If an image with the
// custom ID exists, the error is probably [ErrConflict]; this is not documented either.
//
// If Read of the Body fails, the error wraps that error, for example a
// *http.MaxBytesError. It also matches [ErrOutcomeUnknown] if a part of the request was
// sent: this is the one error to test for before ErrOutcomeUnknown. If the context has
// ended as well, the error wraps that of the context instead: net/http ends the context
// of a request when its client disconnects, and over HTTP/1.1 when a read deadline
// passes. To tell these cases apart, note the error of Read in a Reader around the
// Body.
//
// The call is retried by the rules for creates; see [RetryPolicy]. If an attempt has
// read from the Body, and the Body is not an io.Seeker, the call is not retried. If it
// is not known whether an attempt uploaded the image, the error is [ErrOutcomeUnknown].
// With a custom ID, [ImagesV1.Get] then reports whether the image exists. Without one,
// look for it in a list, by a unique value in its metadata; [ImagesV1.UploadFromURL]
// has an example. It is not documented how soon a list contains a new image.
func (s *ImagesV1) Upload(ctx context.Context, file File, params UploadParams) (*Image, error) {
	fields, err := params.fields()
	if err := errors.Join(file.check(), err); err != nil {
		return nil, err
	}
	form, err := file.form(fields)
	if err != nil {
		return nil, err
	}
	defer form.Release(bodyPatience)
	return doImage(ctx, s.sender, uploadCall("ImagesV1.Upload", contentOf(form)))
}

// UploadFromURL uploads an image that Cloudflare fetches from sourceURL. The URL must
// be http or https, and may contain a user name and password for its server
// (Cloudflare's developer documentation).
//
// Secrets of the URL do not appear in errors or logs, not even escaped: the password,
// or without one the user name; a user name of 16 bytes or more; and each value of 16
// bytes or more in the query or the fragment, such as a signature. Other parts, such as
// the path, may appear. [Error].Body is always empty.
//
// If Cloudflare cannot fetch the image, or rejects it, the error is an [*Error] with a
// status of 400 to 499 (Cloudflare's developer documentation). The request timeout must
// be long enough for Cloudflare to fetch the image; see [WithRequestTimeout]. Retries
// and [ErrOutcomeUnknown] are as for [ImagesV1.Upload].
func (s *ImagesV1) UploadFromURL(ctx context.Context, sourceURL string, params UploadParams) (*Image, error) {
	secrets, invalid := checkSourceURL(sourceURL)
	fields, err := params.fields()
	if err := errors.Join(invalid, err); err != nil {
		return nil, err
	}
	contentType, form, err := multipartbody.Fields(append(fields, multipartbody.Field{Name: "url", Value: sourceURL}))
	if err != nil {
		return nil, fmt.Errorf("cfimages: ImagesV1.UploadFromURL: %w", err)
	}
	c := uploadCall("ImagesV1.UploadFromURL", send.NewContent(contentType, form))
	c.Secrets, c.Quoted = secrets, true
	return doImage(ctx, s.sender, c)
}

func uploadCall(op string, content *send.Content) *send.Call {
	const path = "images/v1"
	return &send.Call{
		Op: op, Method: http.MethodPost, Path: path, Template: path,
		Batched: true,
		Retry:   send.RetryUnserved,
		Unsure:  "the image may have been uploaded; with a custom ID, check with ImagesV1.Get; without one, look for it in a list, by its metadata",
		Content: content,
	}
}

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
	if n := utf8.RuneCountInString(creator); n > maxCreatorChars {
		return paramErrorf("Creator", "must have at most %d characters, got %d", maxCreatorChars, n)
	}
	return nil
}

// marshalMetadata returns the JSON of the metadata, nil for none.
func marshalMetadata(metadata any) (jsontext.Value, error) {
	if metadata == nil {
		return nil, nil
	}
	text, err := jsonv2.Marshal(metadata, jsonv2.Deterministic(true))
	switch {
	case err != nil:
		return nil, paramErrorf("Metadata", "cannot be encoded as JSON: %v", err)
	case jsontext.Value(text).Kind() != '{':
		return nil, paramErrorf("Metadata", "must be a JSON object, got %v (use json.RawMessage for metadata that is already JSON)", jsontext.Value(text).Kind())
	case len(text) > maxMetadataBytes:
		return nil, paramErrorf("Metadata", "is %d bytes of JSON, at most %d are allowed", len(text), maxMetadataBytes)
	}
	return text, nil
}
