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

// members are those of a JSON object in a request, each as it was sent.
type members map[string]jsontext.Value

// parseBody reads the call's body, which is one JSON object. That anything but
// application/json is a 415 is a guess.
func (s *Server) parseBody(c *call, known ...string) (members, error) {
	contentType, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || contentType != "application/json" {
		return nil, reject(http.StatusUnsupportedMediaType, codeUnsupported, "The body must be application/json")
	}
	return s.parseMembers("body", c.body, known...)
}

// parseMembers reads an object that has no other members than those known. That a
// name given twice and invalid UTF-8 are refused is a guess.
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

// setBool sets dst to a member that must be true or false, if it is there.
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

// setString sets dst to a member that must be a string, if it is there.
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

// setWhole sets dst to a member that must be a whole number from low to high, if
// it is there. Cloudflare's OpenAPI document calls these members numbers: that a
// fraction is refused is a guess.
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
