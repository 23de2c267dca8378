package cfimages

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/send"
)

// variantList is the result of a list of variants: an object that has them by name.
type variantList struct{ variants []Variant }

func (l *variantList) read(r *send.Response) error {
	dec := r.Decoder()
	l.variants = nil
	found := false
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		if string(name) != "variants" {
			return dec.SkipValue()
		}
		found = true
		return envelope.ReadObject(dec, func(name []byte) error {
			if len(l.variants) == maxVariants {
				return fmt.Errorf("%w: over %d variants", envelope.ErrTooMany, maxVariants)
			}
			v, id := Variant{}, string(name)
			err := v.decode(dec)
			v.ID = cmp.Or(v.ID, id)
			l.variants = append(l.variants, v)
			return err
		})
	})
	if err == nil && !found {
		return errors.New("the result lacks the variants")
	}
	return err
}

// variantResult is the result of a call on one variant.
type variantResult struct{ variant Variant }

func (v *variantResult) read(r *send.Response) error {
	dec := r.Decoder()
	v.variant = Variant{}
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		if string(name) != "variant" {
			return dec.SkipValue()
		}
		return v.variant.decode(dec)
	})
	if err == nil && v.variant.ID == "" {
		return errors.New("the result lacks a variant with an ID")
	}
	return err
}

// decode reads the next value, which must be a variant.
func (v *Variant) decode(dec *jsontext.Decoder) error {
	return envelope.ReadObject(dec, func(name []byte) error {
		switch string(name) {
		case "id":
			return envelope.ReadString(dec, &v.ID)
		case "neverRequireSignedURLs":
			return envelope.ReadBool(dec, &v.NeverRequireSignedURLs)
		case "options":
			return envelope.ReadObject(dec, func(name []byte) error { return v.decodeOption(dec, string(name)) })
		}
		return dec.SkipValue()
	})
}

func (v *Variant) decodeOption(dec *jsontext.Decoder, name string) error {
	switch name {
	case "fit":
		return envelope.ReadString(dec, (*string)(&v.Fit))
	case "width":
		return envelope.ReadInt(dec, &v.Width)
	case "height":
		return envelope.ReadInt(dec, &v.Height)
	case "metadata":
		return envelope.ReadString(dec, (*string)(&v.Metadata))
	case "browser_ttl":
		return readSeconds(dec, &v.BrowserTTL)
	}
	return dec.SkipValue()
}

// readSeconds reads a whole number of seconds; null becomes 0.
func readSeconds(dec *jsontext.Decoder, dst *time.Duration) error {
	var seconds int64
	if err := envelope.ReadInt(dec, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > math.MaxInt64/int64(time.Second) {
		return fmt.Errorf("not a duration in seconds, at %q", string(dec.StackPointer()))
	}
	*dst = time.Duration(seconds) * time.Second
	return nil
}
