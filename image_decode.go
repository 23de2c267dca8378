package cfimages

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxVariants is how many variants an image may have: a bound of this library's
// own, to keep a hostile page small.
const maxVariants = 1000

// imageDecoder decodes images one after the other. Profiles showed that
// reflection and an allocation for each string cost most of a page, so it places
// the texts of an image's creator, filename and variants in one string. The ID
// stands alone: callers keep IDs, and should not keep the rest along.
type imageDecoder struct {
	id, text          []byte // of the image in hand
	creator, filename span
	variants          []span
	metadata          jsontext.Value
}

// span is a part of the decoder's text.
type span struct{ from, to int }

// decode reads the next value, which must be an image with an ID, into img.
func (d *imageDecoder) decode(dec *jsontext.Decoder, img *Image) error {
	*img = Image{}
	d.id, d.text, d.variants = d.id[:0], d.text[:0], d.variants[:0]
	d.creator, d.filename, d.metadata = span{}, span{}, nil
	err := readObject(dec, func(name []byte) error { return d.member(dec, string(name), img) })
	if err != nil {
		return err
	}
	if len(d.id) == 0 {
		return errors.New("an image without an ID")
	}
	img.ID = string(d.id)
	if img.Meta == nil {
		img.Meta = []byte(d.metadata)
	}
	text := string(d.text)
	img.Creator = text[d.creator.from:d.creator.to]
	img.Filename = text[d.filename.from:d.filename.to]
	if len(d.variants) > 0 {
		img.Variants = make([]string, len(d.variants))
		for i, v := range d.variants {
			img.Variants[i] = text[v.from:v.to]
		}
	}
	return nil
}

// member reads the value of one member.
func (d *imageDecoder) member(dec *jsontext.Decoder, name string, img *Image) (err error) {
	switch name {
	case "id":
		d.id, err = appendString(dec, d.id[:0])
		return err
	case "creator":
		return d.readText(dec, &d.creator)
	case "filename":
		return d.readText(dec, &d.filename)
	case "meta":
		return readMeta(dec, (*jsontext.Value)(&img.Meta))
	case "metadata":
		return readMeta(dec, &d.metadata)
	case "requireSignedURLs":
		return readBool(dec, &img.RequireSignedURLs)
	case "uploaded":
		return readTime(dec, &img.Uploaded)
	case "variants":
		return d.readVariants(dec)
	case "draft":
		return readBool(dec, &img.Draft)
	}
	return dec.SkipValue()
}

// readText reads a string or null into the decoder's text.
func (d *imageDecoder) readText(dec *jsontext.Decoder, s *span) (err error) {
	s.from = len(d.text)
	d.text, err = appendString(dec, d.text)
	s.to = len(d.text)
	return err
}

func (d *imageDecoder) readVariants(dec *jsontext.Decoder) error {
	d.variants = d.variants[:0]
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return readArray(dec, func() error {
		if len(d.variants) == maxVariants {
			return fmt.Errorf("%w: over %d variants of an image", errTooMany, maxVariants)
		}
		var s span
		err := d.readText(dec, &s)
		d.variants = append(d.variants, s)
		return err
	})
}

// readMeta copies an object as it was sent; null is none.
func readMeta(dec *jsontext.Decoder, dst *jsontext.Value) error {
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

// readTime reads an RFC 3339 time; null is the zero time.
func readTime(dec *jsontext.Decoder, dst *time.Time) error {
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
