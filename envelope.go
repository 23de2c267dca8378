package cfimages

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxInfos is how many errors and how many messages of a reply are kept, so that
// a hostile one does not fill the memory.
const maxInfos = 100

// errTooMany is for what has more parts than any reply of the API.
var errTooMany = errors.New("too many parts")

// envelope is the JSON object around every reply of the API.
type envelope struct {
	success  bool
	errors   []ErrorInfo
	messages []ErrorInfo
	id       string // beside the result only in the short reply to an upload

	hasSuccess, hasResult bool
}

// Error makes an envelope that says success:false an error on its way to the
// [*Error] that is made of it.
func (e *envelope) Error() string { return "the reply says success:false" }

// read reads the one envelope in a decoder's source. It calls result for a result
// that is not null, while it arrives. A reply that is read without an error says
// whether it is a success; what result was given counts only then.
func (e *envelope) read(dec *jsontext.Decoder, result func() error) error {
	err := readObject(dec, func(name []byte) error {
		switch string(name) {
		case "success":
			e.hasSuccess = dec.PeekKind() != 'n'
			return readBool(dec, &e.success)
		case "errors":
			return readInfos(dec, &e.errors)
		case "messages":
			return readInfos(dec, &e.messages)
		case "result":
			if dec.PeekKind() == 'n' || result == nil {
				return dec.SkipValue()
			}
			if e.hasResult {
				return errors.New("the reply has two results")
			}
			e.hasResult = true
			return result()
		case "id":
			return readString(dec, &e.id)
		}
		return dec.SkipValue()
	})
	if err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err == nil {
		return errors.New("the reply goes on after its end")
	} else if err != io.EOF {
		return fmt.Errorf("after the end of the reply: %w", err)
	}
	if !e.hasSuccess {
		return errors.New("the reply does not say whether it is a success")
	}
	return nil
}

// readSuccess is like read, but a reply that is no success is an error too.
func (e *envelope) readSuccess(dec *jsontext.Decoder, result func() error) error {
	if err := e.read(dec, result); err != nil {
		return err
	}
	if !e.success {
		return e
	}
	return nil
}

// readResult reads an envelope of success that must have a result.
func readResult(dec *jsontext.Decoder, result func() error) error {
	var env envelope
	if err := env.readSuccess(dec, result); err != nil {
		return err
	}
	if !env.hasResult {
		return errors.New("the reply is a success without a result")
	}
	return nil
}

// newDecoder returns a decoder that lets one odd name pass rather than fail a
// whole page for it: of duplicate names the last one counts, and invalid UTF-8
// becomes U+FFFD.
func newDecoder(src io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(src, lenient)
}

var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// decoderPool keeps decoders for the sake of their buffers.
type decoderPool struct{ pool sync.Pool }

func (p *decoderPool) get(src io.Reader) *jsontext.Decoder {
	if dec, ok := p.pool.Get().(*jsontext.Decoder); ok {
		dec.Reset(src, lenient)
		return dec
	}
	return newDecoder(src)
}

func (p *decoderPool) put(dec *jsontext.Decoder) { p.pool.Put(dec) }

// readObject calls member with the name of each member of the next value, which
// must be an object. member must read the member's value; name is good until then.
func readObject(dec *jsontext.Decoder, member func(name []byte) error) error {
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

// unquoteInPlace returns the text of a JSON string that a decoder has accepted. It
// is good until the next read, and copied only to take escapes out.
func unquoteInPlace(raw jsontext.Value) []byte {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unquote(nil, raw)
	}
	return raw[1 : len(raw)-1]
}

// unquote appends the text of a JSON string that a decoder has accepted.
func unquote(dst []byte, raw jsontext.Value) []byte {
	dst, _ = jsontext.AppendUnquote(dst, raw) // invalid UTF-8, now U+FFFD, is the only error left
	return dst
}

// readArray calls element before each element of the next value, which must be
// an array. element must read it.
func readArray(dec *jsontext.Decoder, element func() error) error {
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

func readDelimiter(dec *jsontext.Decoder, want jsontext.Kind) error {
	if dec.PeekKind() != want {
		return readOther(dec, want)
	}
	_, err := dec.ReadToken()
	return err
}

// readOther reads the next value where one of another kind is wanted, and
// returns the error for that.
func readOther(dec *jsontext.Decoder, want jsontext.Kind) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return wrongKind(dec, raw, want)
}

// wrongKind is the error for a value just read that is not of the wanted kind.
// The pointer consists of names that were looked for, so it is safe to show.
func wrongKind(dec *jsontext.Decoder, got jsontext.Value, want jsontext.Kind) error {
	return fmt.Errorf("%v where %v was expected, at %q", got.Kind(), want, string(dec.StackPointer()))
}

// readString reads a string; null becomes "".
func readString(dec *jsontext.Decoder, dst *string) error {
	text, err := appendString(dec, nil)
	*dst = string(text)
	return err
}

// appendString appends the text of the next value, which must be a string or
// null, to dst.
func appendString(dec *jsontext.Decoder, dst []byte) ([]byte, error) {
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

// readBool reads a boolean; null becomes false.
func readBool(dec *jsontext.Decoder, dst *bool) error {
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

// readInt reads a whole number; null becomes 0.
func readInt(dec *jsontext.Decoder, dst *int) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case '0':
		if *dst, err = strconv.Atoi(string(raw)); err != nil {
			return fmt.Errorf("not a whole number, at %q", string(dec.StackPointer()))
		}
		return nil
	case 'n':
		*dst = 0
		return nil
	}
	return wrongKind(dec, raw, '0')
}

// readInfos reads an envelope's errors or messages; null is none.
// Those beyond maxInfos are passed over.
func readInfos(dec *jsontext.Decoder, dst *[]ErrorInfo) error {
	*dst = nil
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return readArray(dec, func() error {
		if len(*dst) == maxInfos {
			return dec.SkipValue()
		}
		var info ErrorInfo
		err := readObject(dec, func(name []byte) error {
			switch string(name) {
			case "code":
				return readInt(dec, &info.Code)
			case "message":
				return readString(dec, &info.Message)
			case "documentation_url":
				return readString(dec, &info.DocumentationURL)
			case "source":
				return readSource(dec, &info.Pointer)
			}
			return dec.SkipValue()
		})
		*dst = append(*dst, info)
		return err
	})
}

func readSource(dec *jsontext.Decoder, pointer *string) error {
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return readObject(dec, func(name []byte) error {
		if string(name) == "pointer" {
			return readString(dec, pointer)
		}
		return dec.SkipValue()
	})
}
