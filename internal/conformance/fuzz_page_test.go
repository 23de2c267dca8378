package conformance_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// FuzzPage compares the page decoder, which reads a page by tokens, with the
// plain one of encoding/json/v2: both reject a response, or find the same in it.
//
// What the plain decoder allows and the page decoder rejects on purpose is in the
// types below: two results or two lists of images in one response, a list that is
// null, an image without an ID, metadata that is no object, and an error that is null.
func FuzzPage(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		transport := &fuzzResponse{status: http.StatusOK, header: http.Header{}, body: body}
		client := newClient(t, transport)
		page, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		want, wantErr := decodePlainly(body)
		require.Equal(t, wantErr == nil, err == nil, "%q: %v, but plainly: %v", body, err, wantErr)
		if err != nil {
			return
		}
		assert.Equal(t, want.ContinuationToken, page.ContinuationToken)
		require.Len(t, page.Images, len(want.Images), "%q", body)
		for i, img := range page.Images {
			assert.Equal(t, want.Images[i], img, "%q", body)
		}
	})
}

func decodePlainly(body []byte) (*cfimages.ImagePage, error) {
	var envelope plainEnvelope
	if err := jsonv2.Unmarshal(body, &envelope, lenient); err != nil {
		return nil, err
	}
	if envelope.Success == nil || !*envelope.Success || !envelope.Result.given || !envelope.Result.Images.given {
		return nil, errors.New("no success, or no list")
	}
	page := &cfimages.ImagePage{ContinuationToken: envelope.Result.ContinuationToken}
	for _, img := range envelope.Result.Images.list {
		if img.ID == "" {
			return nil, errors.New("no ID")
		}
		page.Images = append(page.Images, img.image())
	}
	return page, nil
}

type plainEnvelope struct {
	Success  *bool       `json:"success"`
	Errors   []plainInfo `json:"errors"`
	Messages []plainInfo `json:"messages"`
	Result   plainResult `json:"result"`
	ID       string      `json:"id"`
}

type plainInfo struct {
	Code             int    `json:"code"`
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url"`
	Source           struct {
		Pointer string `json:"pointer"`
	} `json:"source"`
}

// UnmarshalJSONFrom rejects null.
func (i *plainInfo) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == 'n' {
		return errors.New("an error that is null")
	}
	type plain plainInfo
	return jsonv2.UnmarshalDecode(dec, (*plain)(i))
}

type plainResult struct {
	ContinuationToken string    `json:"continuation_token"`
	Images            plainList `json:"images"`

	given bool
}

// UnmarshalJSONFrom rejects a second result that is not null.
func (r *plainResult) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	if r.given {
		return errors.New("two results")
	}
	type plain plainResult
	if err := jsonv2.UnmarshalDecode(dec, (*plain)(r)); err != nil {
		return err
	}
	r.given = true
	return nil
}

type plainList struct {
	list  []plainImage
	given bool
}

// UnmarshalJSONFrom rejects a second list, and null.
func (l *plainList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if l.given || dec.PeekKind() == 'n' {
		return errors.New("two lists, or null")
	}
	l.given = true
	return jsonv2.UnmarshalDecode(dec, &l.list)
}

type plainImage struct {
	ID                string      `json:"id"`
	Creator           string      `json:"creator"`
	Filename          string      `json:"filename"`
	Meta              plainObject `json:"meta"`
	Metadata          plainObject `json:"metadata"`
	RequireSignedURLs bool        `json:"requireSignedURLs"`
	Uploaded          time.Time   `json:"uploaded"`
	Variants          []string    `json:"variants"`
	Draft             bool        `json:"draft"`
}

func (p *plainImage) image() cfimages.Image {
	img := cfimages.Image{
		ID: p.ID, Creator: p.Creator, Filename: p.Filename, RequireSignedURLs: p.RequireSignedURLs,
		Uploaded: p.Uploaded, Draft: p.Draft, Meta: []byte(p.Meta),
	}
	if img.Meta == nil {
		img.Meta = []byte(p.Metadata)
	}
	if len(p.Variants) > 0 {
		img.Variants = p.Variants
	}
	return img
}

// plainObject is an object as it was sent, nil for null.
type plainObject jsontext.Value

// UnmarshalJSONFrom rejects all else.
func (o *plainObject) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case '{':
		*o = bytes.Clone(raw)
	case 'n':
		*o = nil
	default:
		return errors.New("metadata that is no object")
	}
	return nil
}
