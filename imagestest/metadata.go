package imagestest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxMetadata is the size of an image's metadata in bytes, of Cloudflare's
// API reference.
const maxMetadata = 1024

// compactMetadata returns metadata without white space and needless escapes, {}
// for none. It must be one JSON object of at most 1024 bytes, without a name
// twice in an object.
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

// checkMetadata returns the metadata of a request as compactMetadata does. As it
// was sent, it must not be larger either: a guess.
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

// scalar is one value in an image's metadata that a filter can reach: where
// its JSON stands in the metadata's text. Two bytes suffice for an offset in
// 1024, and small scalars are what lets a server hold a million images.
type scalar struct {
	field      uint32 // as numbered by the fieldIndex
	start, end uint16
}

// fieldIndex numbers the dotted paths that occur in metadata. It keeps what it
// reads metadata with, for the sake of seeding many images.
type fieldIndex struct {
	numbers map[string]uint32
	source  strings.Reader
	dec     jsontext.Decoder
	path    []byte
	found   []scalar
}

// scalars lists the values of compact metadata that a filter can name.
// Anything inside an array, deeper than five levels or under a name with other
// characters than a filter's field may have is out of reach: a guess.
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

// readObject reads one object. The path to it ends in a dot, or is empty for
// the outermost one. It ignores errors: compactMetadata found none.
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
