package imagestest

import (
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// members are the members of a JSON object in a request, as they were sent.
type members map[string]jsontext.Value

// parseBody parses the body of the call, which must be one JSON object. That other content
// types are rejected with 415 is a guess.
func (s *Server) parseBody(c *call, known ...string) (members, error) {
	contentType, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || contentType != "application/json" {
		return nil, reject(http.StatusUnsupportedMediaType, codeUnsupported, "The body must be application/json")
	}
	return s.parseMembers("body", c.body, known...)
}

// parseMembers parses an object that may have only the known members. That duplicate names
// and invalid UTF-8 are rejected is a guess.
func (s *Server) parseMembers(where string, text []byte, known ...string) (members, error) {
	if kind := jsontext.Value(text).Kind(); kind != '{' && kind != jsontext.KindInvalid {
		return nil, badRequest("Invalid %s: not a JSON object", where)
	}
	var m members
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, badRequest("Invalid %s: not valid JSON: %v", where, err)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, name) && s.enforces(RefuseUnknownFields) {
			return nil, badRequest("Unknown field '%s' in the %s", name, where)
		}
	}
	return m, nil
}

// setBool sets dst to a member if it exists. It must be true or false.
func (m members) setBool(name string, dst *bool) error {
	value, ok := m[name]
	if !ok {
		return nil
	}
	switch value.Kind() {
	case 't', 'f':
		*dst = value.Kind() == 't'
		return nil
	}
	return badRequest("Invalid %s: expected true or false", name)
}

// setString sets dst to a member if it exists. It must be a string.
func (m members) setString(name string, dst *string) error {
	value, ok := m[name]
	if !ok {
		return nil
	}
	if value.Kind() != '"' {
		return badRequest("Invalid %s: expected a string", name)
	}
	*dst = unquote(string(value))
	return nil
}

// setWhole sets dst to a member if it exists. It must be an integer from low to high.
// Cloudflare's OpenAPI document has the type number: that fractions are rejected is a guess.
func (m members) setWhole(name string, dst *int, low, high int) error {
	value, ok := m[name]
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < low || n > high {
		return badRequest("Invalid %s: expected a whole number from %d to %d", name, low, high)
	}
	*dst = n
	return nil
}
