package cfimages

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/send"
)

// Image is one image, or a draft: an image whose direct upload has not completed.
type Image struct {
	ID                string          `json:"id"`
	Creator           string          `json:"creator,omitempty"`  // "" if not set
	Filename          string          `json:"filename,omitempty"` // of the uploaded file
	Meta              json.RawMessage `json:"meta,omitempty"`     // the JSON object, nil or {} without metadata; see DecodeMeta
	RequireSignedURLs bool            `json:"requireSignedURLs"`  // delivered only at signed URLs; see URLSigner
	Uploaded          time.Time       `json:"uploaded,omitzero"`  // the zero time if the response has none: check IsZero
	Variants          []string        `json:"variants,omitempty"` // a delivery URL for each variant; the order is not documented
	Draft             bool            `json:"draft,omitempty"`    // true until the direct upload completes; lists contain no drafts
}

// DecodeMeta decodes the metadata into the value that dst points to, by the rules of
// encoding/json/v2, whatever GOEXPERIMENT is set: names must match exactly, and members
// that dst lacks are ignored. If the image has no metadata, dst is not changed.
func (img *Image) DecodeMeta(dst any) error {
	if len(img.Meta) == 0 {
		return nil
	}
	if err := jsonv2.Unmarshal(img.Meta, dst); err != nil {
		return fmt.Errorf("cfimages: metadata of image %q: %w", img.ID, err)
	}
	return nil
}

// read decodes the response to a call whose result is an image.
func (img *Image) read(r *send.Response) error {
	return envelope.ReadResult(r.Decoder(), func() error { return img.decode(r.Decoder()) })
}

// decode decodes one image.
func (img *Image) decode(dec *jsontext.Decoder) error {
	return new(imageDecoder).decode(dec, img)
}

// maxVariants is the largest number of variants of an image or an account: a limit of
// this library, against hostile responses.
const maxVariants = 1000

// imageDecoder decodes images one after the other. Profiles showed that reflection and
// an allocation for each string cost most of a page, so it places the texts of an
// image's creator, filename and variants in one string. The ID is a string of its own:
// callers keep IDs, and should not keep the rest in memory with them.
type imageDecoder struct {
	id, text          []byte // of the current image
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
	err := envelope.ReadObject(dec, func(name []byte) error { return d.member(dec, string(name), img) })
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
		d.id, err = envelope.AppendString(dec, d.id[:0])
		return err
	case "creator":
		return d.readText(dec, &d.creator)
	case "filename":
		return d.readText(dec, &d.filename)
	case "meta":
		return envelope.ReadRawObject(dec, (*jsontext.Value)(&img.Meta))
	case "metadata":
		return envelope.ReadRawObject(dec, &d.metadata)
	case "requireSignedURLs":
		return envelope.ReadBool(dec, &img.RequireSignedURLs)
	case "uploaded":
		return envelope.ReadTime(dec, &img.Uploaded)
	case "variants":
		return d.readVariants(dec)
	case "draft":
		return envelope.ReadBool(dec, &img.Draft)
	}
	return dec.SkipValue()
}

// readText reads a string or null into the decoder's text.
func (d *imageDecoder) readText(dec *jsontext.Decoder, s *span) (err error) {
	if d.text == nil {
		d.text = make([]byte, 0, 256) // enough for most images
	}
	s.from = len(d.text)
	d.text, err = envelope.AppendString(dec, d.text)
	s.to = len(d.text)
	return err
}

func (d *imageDecoder) readVariants(dec *jsontext.Decoder) error {
	if d.variants = d.variants[:0]; d.variants == nil {
		d.variants = make([]span, 0, 4)
	}
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return envelope.ReadArray(dec, func() error {
		if len(d.variants) == maxVariants {
			return fmt.Errorf("%w: over %d variants of an image", envelope.ErrTooMany, maxVariants)
		}
		var s span
		err := d.readText(dec, &s)
		d.variants = append(d.variants, s)
		return err
	})
}
