package envelope

import (
	"io"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// NewDecoder returns a decoder that accepts duplicate names and invalid UTF-8, so
// that one invalid name does not fail a whole page. The last of duplicate names is
// used, and invalid UTF-8 is replaced by U+FFFD.
func NewDecoder(src io.Reader) *jsontext.Decoder { return jsontext.NewDecoder(src, lenient) }

var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Decoders is a pool of decoders, which reuses their buffers. The zero value is ready
// to use.
type Decoders struct{ pool sync.Pool }

// Get returns a decoder of src.
func (d *Decoders) Get(src io.Reader) *jsontext.Decoder {
	if dec, ok := d.pool.Get().(*jsontext.Decoder); ok {
		dec.Reset(src, lenient)
		return dec
	}
	return NewDecoder(src)
}

// Put returns a decoder to the pool. It must not be used afterwards.
func (d *Decoders) Put(dec *jsontext.Decoder) { d.pool.Put(dec) }
