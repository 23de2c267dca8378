package imagestest

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Limits in characters: of IDs from Cloudflare's API reference, of creators from its
// OpenAPI document.
const (
	maxIDLength = 1024
	maxCreator  = 1024
)

// createFields are the form fields of a new image, by name.
type createFields map[string]string

// parseFields parses the fields of a form that creates an image. It accepts id, creator,
// metadata, requireSignedURLs and another. Guesses: duplicate fields, files and invalid
// UTF-8 are rejected.
func (s *Server) parseFields(parts []formPart, another string) (createFields, error) {
	fields := make(createFields)
	flat := make(map[string]any)
	for _, part := range parts {
		value := string(part.value)
		path := flatMetadataPath(part.name)
		switch {
		case part.isFile || !utf8.ValidString(value):
			return nil, badRequest("Field '%s' must be text", part.name)
		case path != nil && s.enforces(RefuseFlatMetadata):
			return nil, badRequest("Unsupported field '%s': metadata must be one field with a JSON object", part.name)
		case path != nil && !setPath(flat, path, value):
			return nil, badRequest("Field '%s' given more than once", part.name)
		case path != nil:
			continue
		case part.name != another && !isCreateField(part.name) && s.enforces(RefuseUnknownFields):
			return nil, badRequest("Unknown field '%s'", part.name)
		}
		if _, again := fields[part.name]; again {
			return nil, badRequest("Field '%s' given more than once", part.name)
		}
		fields[part.name] = value
	}
	return fields, fields.addFlatMetadata(flat)
}

func isCreateField(name string) bool {
	switch name {
	case "id", "creator", "metadata", "requireSignedURLs":
		return true
	}
	return false
}

// addFlatMetadata builds the metadata field from members that were sent as separate fields.
func (f createFields) addFlatMetadata(members map[string]any) error {
	if len(members) == 0 {
		return nil
	}
	if _, both := f["metadata"]; both {
		return badRequest("Field 'metadata' given more than once")
	}
	text, err := json.Marshal(members)
	if err != nil {
		return badRequest("Invalid metadata: %v", err)
	}
	f["metadata"] = string(text)
	return nil
}

// flatMetadataPath returns the path of a member in a field such as metadata.a.b or
// metadata[a][b], or nil for other fields. The official SDKs for Go, TypeScript and Python
// encode nested parameters in this form.
func flatMetadataPath(name string) []string {
	dotted := strings.NewReplacer("][", ".", "[", ".", "]", "").Replace(name)
	path, ok := strings.CutPrefix(dotted, "metadata.")
	if !ok {
		return nil
	}
	return strings.Split(path, ".")
}

// setPath sets a member of nested objects. It returns false if the member exists.
func setPath(object map[string]any, path []string, value string) bool {
	for _, name := range path[:len(path)-1] {
		if object[name] == nil {
			object[name] = make(map[string]any)
		}
		inner, ok := object[name].(map[string]any)
		if !ok {
			return false
		}
		object = inner
	}
	last := path[len(path)-1]
	if _, again := object[last]; again {
		return false
	}
	object[last] = value
	return true
}

// imageParams are the parameters of a new image.
type imageParams struct {
	id, creator string
	metadata    string // compact
	signed      bool
}

// imageParams checks the fields of a new image. That an empty field counts as absent is a
// guess.
func (f createFields) imageParams() (imageParams, error) {
	p := imageParams{id: f["id"], creator: f["creator"]}
	var err error
	if p.metadata, err = checkMetadata([]byte(f["metadata"])); err != nil {
		return p, err
	}
	switch f["requireSignedURLs"] {
	case "", "false":
	case "true":
		p.signed = true
	default:
		return p, badRequest("Invalid requireSignedURLs: '%s', expected 'true' or 'false'", f["requireSignedURLs"])
	}
	if p.signed && p.id != "" {
		return p, privateCustomID()
	}
	if err := checkCreator(p.creator); err != nil {
		return p, err
	}
	return p, checkCustomID(p.id)
}

func checkCreator(creator string) error {
	if n := utf8.RuneCountInString(creator); n > maxCreator {
		return badRequest("Creator too long: %d characters provided, maximum %d allowed", n, maxCreator)
	}
	return nil
}

func checkCustomID(id string) error {
	switch n := utf8.RuneCountInString(id); {
	case !utf8.ValidString(id):
		return badRequest("CustomID must be UTF-8")
	case n > maxIDLength:
		return badRequest("CustomID too long: %d characters provided, maximum %d allowed", n, maxIDLength)
	case strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/"):
		return badRequest("CustomID must not start or end with a slash")
	case isUUID(id):
		return badRequest("CustomID must not be UUID")
	}
	return nil
}

func privateCustomID() *rejection { return badRequest("Private custom ID is not supported") }

// idTaken returns the error for an ID that is already used. The status and the code are
// guesses: nothing is documented about this case.
func idTaken() *rejection {
	return reject(http.StatusConflict, codeConflict, "Image with that ID already exists")
}
