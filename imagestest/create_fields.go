package imagestest

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// createFields are the form fields of a direct upload, by name.
type createFields map[string]string

// parseFields reads the fields of a direct upload's form. That a field given
// twice, a file and invalid UTF-8 are refused is a guess.
func (s *Server) parseFields(parts []formPart) (createFields, error) {
	fields := make(createFields)
	flat := make(map[string]any)
	for _, part := range parts {
		value := string(part.value)
		path := flatMetadataPath(part.name)
		switch {
		case part.isFile || !utf8.ValidString(value):
			return nil, badRequest("Field '%s' must be text", part.name)
		case path != nil && s.enforces(RefuseFlatMetadata):
			return nil, badRequest("Unsupported field '%s': metadata must be one field that holds a JSON object", part.name)
		case path != nil && !setPath(flat, path, value):
			return nil, badRequest("Field '%s' given more than once", part.name)
		case path != nil:
			continue
		case !isCreateField(part.name) && s.enforces(RefuseUnknownFields):
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
	case "id", "creator", "expiry", "metadata", "requireSignedURLs":
		return true
	}
	return false
}

// addFlatMetadata makes the metadata field of the members that came as fields
// of their own.
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

// flatMetadataPath returns the member that a field like metadata.a.b or
// metadata[a][b] is for, or nil for any other field. It is how the official Go
// SDK and those for TypeScript and Python write nested parameters.
func flatMetadataPath(name string) []string {
	dotted := strings.NewReplacer("][", ".", "[", ".", "]", "").Replace(name)
	path, ok := strings.CutPrefix(dotted, "metadata.")
	if !ok {
		return nil
	}
	return strings.Split(path, ".")
}

// setPath sets a member of nested objects. It reports false when there is one already.
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
