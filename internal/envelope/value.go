package envelope

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// ReadObject calls member with the name of each member of the next value, which
// must be an object. member must read the value; name is valid until then.
func ReadObject(dec *jsontext.Decoder, member func(name []byte) error) error {
	if err := readDelimiter(dec, '{'); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := member(unquoteInPlace(name)); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// ReadArray calls element before each element of the next value, which must be
// an array. element must read it.
func ReadArray(dec *jsontext.Decoder, element func() error) error {
	if err := readDelimiter(dec, '['); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// ReadString reads a string; null becomes "".
func ReadString(dec *jsontext.Decoder, dst *string) error {
	text, err := AppendString(dec, nil)
	*dst = string(text)
	return err
}

// AppendString appends the text of the next value, which must be a string or
// null, to dst.
func AppendString(dec *jsontext.Decoder, dst []byte) ([]byte, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return dst, err
	}
	switch raw.Kind() {
	case '"':
		return unquote(dst, raw), nil
	case 'n':
		return dst, nil
	}
	return dst, wrongKind(dec, raw, '"')
}

// ReadBool reads a boolean; null becomes false.
func ReadBool(dec *jsontext.Decoder, dst *bool) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case 't', 'f', 'n':
		*dst = raw.Kind() == 't'
		return nil
	}
	return wrongKind(dec, raw, 't')
}

// ReadTime reads an RFC 3339 time; null becomes the zero time.
func ReadTime(dec *jsontext.Decoder, dst *time.Time) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case '"':
		if dst.UnmarshalText(unquoteInPlace(raw)) != nil {
			return fmt.Errorf("not an RFC 3339 time, at %q", string(dec.StackPointer()))
		}
		return nil
	case 'n':
		*dst = time.Time{}
		return nil
	}
	return wrongKind(dec, raw, '"')
}

// ReadRawObject copies an object unchanged; null becomes nil.
func ReadRawObject(dec *jsontext.Decoder, dst *jsontext.Value) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case '{':
		*dst = bytes.Clone(raw)
		return nil
	case 'n':
		*dst = nil
		return nil
	}
	return wrongKind(dec, raw, '{')
}

// ReadInt reads a number with an integral value, such as 1366, 1366.0 or 1e5; null becomes
// 0.
func ReadInt[T int | int64](dec *jsontext.Decoder, dst *T) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case '0':
		n, ok := parseInt(string(raw))
		if *dst = T(n); !ok || int64(*dst) != n {
			return fmt.Errorf("not an integer, or too large, at %q", string(dec.StackPointer()))
		}
		return nil
	case 'n':
		*dst = 0
		return nil
	}
	return wrongKind(dec, raw, '0')
}

func readDelimiter(dec *jsontext.Decoder, want jsontext.Kind) error {
	if dec.PeekKind() != want {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return wrongKind(dec, raw, want)
	}
	_, err := dec.ReadToken()
	return err
}

// wrongKind returns the error for a value of an unexpected kind. The pointer contains
// only names known to this library, so it is safe to show.
func wrongKind(dec *jsontext.Decoder, got jsontext.Value, want jsontext.Kind) error {
	return fmt.Errorf("%v where %v was expected, at %q", got.Kind(), want, string(dec.StackPointer()))
}

// unquoteInPlace returns the text of a JSON string that a decoder has accepted. The
// text is valid until the next read. It is copied only if it has escapes.
func unquoteInPlace(raw jsontext.Value) []byte {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unquote(nil, raw)
	}
	return raw[1 : len(raw)-1]
}

// unquote appends the text of a JSON string that a decoder has accepted.
func unquote(dst []byte, raw jsontext.Value) []byte {
	dst, _ = jsontext.AppendUnquote(dst, raw) // the only possible error is invalid UTF-8, which becomes U+FFFD
	return dst
}
