package multipartbody_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

func TestFields(t *testing.T) {
	tests := map[string][]multipartbody.Field{
		"none": nil,
		"direct upload": {
			{Name: "id", Value: "a/b ☃"},
			{Name: "metadata", Value: `{"key":"value"}`},
			{Name: "requireSignedURLs", Value: "true"},
		},
		"any bytes": {
			{Name: "empty", Value: ""},
			{Name: "bytes", Value: "\x00\xff\r\n--\r\n\"%"},
			{Name: "same", Value: "1"},
			{Name: "same", Value: "2"},
			{Name: "long", Value: strings.Repeat("x", 100_000)},
		},
	}
	for name, fields := range tests {
		t.Run(name, func(t *testing.T) {
			contentType, body, err := multipartbody.Fields(fields)
			require.NoError(t, err)
			assert.Equal(t, fields, parseFields(t, contentType, body))
		})
	}
}

func TestFieldsEscapesNames(t *testing.T) {
	_, body, err := multipartbody.Fields([]multipartbody.Field{{Name: "a\"\r\nb", Value: "v"}})
	require.NoError(t, err)
	assert.Contains(t, string(body), "form-data; name=\"a%22%0D%0Ab\"\r\n\r\nv\r\n")

	_, _, err = multipartbody.Fields([]multipartbody.Field{{Name: ""}})
	assert.ErrorContains(t, err, "field name is empty")
	_, _, err = multipartbody.Fields([]multipartbody.Field{{Name: "\x7f"}})
	assert.ErrorContains(t, err, "U+007F")
}

func BenchmarkFields(b *testing.B) {
	fields := []multipartbody.Field{
		{Name: "id", Value: "team/holiday/beach"},
		{Name: "creator", Value: "alice"},
		{Name: "expiry", Value: "2026-01-02T15:04:05Z"},
		{Name: "metadata", Value: `{"album":"holiday","rating":5}`},
	}
	b.Run("Fields", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := multipartbody.Fields(fields)
			require.NoError(b, err)
		}
	})
	b.Run("mime multipart", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var buf bytes.Buffer
			w := multipart.NewWriter(&buf)
			for _, f := range fields {
				require.NoError(b, w.WriteField(f.Name, f.Value))
			}
			require.NoError(b, w.Close())
		}
	})
}

func parseFields(t *testing.T, contentType string, body []byte) []multipartbody.Field {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var fields []multipartbody.Field
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return fields
		}
		require.NoError(t, err)
		value, err := io.ReadAll(part)
		require.NoError(t, err)
		fields = append(fields, multipartbody.Field{Name: part.FormName(), Value: string(value)})
	}
}
