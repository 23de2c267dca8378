package imagestest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxMetadata is the maximum size of the metadata of an image in bytes, from Cloudflare's
// API reference.
const maxMetadata = 1024

// compactMetadata returns metadata without white space and unnecessary escapes, or {} for
// empty metadata. It must be one JSON object of at most 1024 bytes without duplicate names.
func compactMetadata(text []byte) (string, error) {
	if len(text) == 0 {
		return "{}", nil
	}
	value := jsontext.Value(bytes.Clone(text))
	if err := value.Format(); err != nil {
		return "", fmt.Errorf("not valid JSON: %w", err)
	}
	if value.Kind() != '{' {
		return "", errors.New("not a JSON object")
	}
	if len(value) > maxMetadata {
		return "", fmt.Errorf("%d bytes, maximum %d allowed", len(value), maxMetadata)
	}
	return string(value), nil
}

// checkMetadata returns the metadata of a request in compact form. That the limit also
// applies to the text as sent is a guess.
func checkMetadata(text []byte) (string, error) {
	compact, err := compactMetadata(text)
	if err != nil {
		return "", badRequest("Invalid metadata: %v", err)
	}
	if len(text) > maxMetadata {
		return "", badRequest("Invalid metadata: %d bytes, maximum %d allowed", len(text), maxMetadata)
	}
	return compact, nil
}

// scalar is a value in metadata that filters can match, as offsets in the metadata text. Two
// bytes are enough for an offset in 1024 bytes. Small scalars allow a server to store a
// million images.
type scalar struct {
	field      uint32 // as numbered by the fieldIndex
	start, end uint16
}

// fieldIndex assigns numbers to the dotted paths in metadata. It reuses its decoder so that
// storing many images is fast.
type fieldIndex struct {
	numbers map[string]uint32
	source  strings.Reader
	dec     jsontext.Decoder
	path    []byte
	found   []scalar
}

// scalars returns the values in compact metadata that filters can match. That filters
// cannot match values in arrays, deeper than five levels, or under names with other
// characters than a filter allows, is a guess.
func (x *fieldIndex) scalars(metadata string) []scalar {
	if metadata == "{}" {
		return nil
	}
	x.source.Reset(metadata)
	x.dec.Reset(&x.source, jsontext.AllowDuplicateNames(true)) // there are none
	x.path, x.found = x.path[:0], x.found[:0]
	x.readObject(1)
	return slices.Clone(x.found)
}

// readObject reads one object. path ends in a dot, or is empty for the outermost object. It
// ignores errors, because compactMetadata has already checked the text.
func (x *fieldIndex) readObject(depth int) {
	outer := len(x.path)
	_, _ = x.dec.ReadToken()
	for x.dec.PeekKind() == '"' {
		quoted, _ := x.dec.ReadValue()
		name := quoted[1 : len(quoted)-1]
		reachable := isFieldName(string(name))
		x.path = append(x.path[:outer], name...)
		reachable = reachable && len(x.path) <= maxFilterField
		switch kind := x.dec.PeekKind(); {
		case reachable && kind == '{' && depth < maxFilterDepth:
			x.path = append(x.path, '.')
			x.readObject(depth + 1)
		case reachable && kind != '{' && kind != '[' && kind != 'n':
			value, _ := x.dec.ReadValue()
			end := x.dec.InputOffset()
			x.found = append(x.found, scalar{
				field: x.number(),
				start: uint16(end - int64(len(value))),
				end:   uint16(end),
			})
		default:
			_ = x.dec.SkipValue()
		}
	}
	_, _ = x.dec.ReadToken()
}

// number returns the number of the path just read.
func (x *fieldIndex) number() uint32 {
	n, ok := x.numbers[string(x.path)]
	if !ok {
		n = uint32(len(x.numbers))
		x.numbers[string(x.path)] = n
	}
	return n
}
