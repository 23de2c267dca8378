package envelope

import (
	"io"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// NewDecoder returns a decoder that tolerates one odd name rather than fail a
// whole page for it: of duplicate names the last one counts, and invalid UTF-8
// becomes U+FFFD.
func NewDecoder(src io.Reader) *jsontext.Decoder { return jsontext.NewDecoder(src, lenient) }

var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Decoders is a pool of decoders, for the sake of their buffers. The zero value
// is ready to use.
type Decoders struct{ pool sync.Pool }

// Get returns a decoder of src.
func (d *Decoders) Get(src io.Reader) *jsontext.Decoder {
	if dec, ok := d.pool.Get().(*jsontext.Decoder); ok {
		dec.Reset(src, lenient)
		return dec
	}
	return NewDecoder(src)
}

// Put takes back a decoder that nobody uses any more.
func (d *Decoders) Put(dec *jsontext.Decoder) { d.pool.Put(dec) }
