package multipartbody_test

import (
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

// What New accepts, mime/multipart reads back; what it rejects is not text.
func FuzzNew(f *testing.F) {
	f.Add("a.png", "image/png", "content")
	f.Add("a\"b\r\nc: d\r\n\r\n--x--", "image/svg+xml; charset=utf-8", "\r\n--x--\r\n")
	f.Add("🏖️\\/%22", "", "")
	f.Add("\x00", "image/png\r\nX: y", "\x00\xff")
	f.Add(" ", " text/plain ", "x")
	escape := strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")
	f.Fuzz(func(t *testing.T, name, contentType, content string) {
		form, err := multipartbody.New(nil, "file", name, contentType, strings.NewReader(content), 0)
		if !isText(name) {
			require.Error(t, err)
			return
		}
		if err != nil {
			assert.ErrorContains(t, err, "content type")
			return
		}
		raw, err := io.ReadAll(open(t, form))
		require.NoError(t, err)
		require.Len(t, raw, int(form.Len()))
		part, got := onlyPart(t, form.ContentType(), raw)
		assert.Equal(t, content, got)
		if name == "" {
			name = "blob"
		}
		if contentType == "" {
			contentType = "application/octet-stream"
		}
		assert.Equal(t, `form-data; name="file"; filename="`+escape.Replace(name)+`"`, part.Header.Get("Content-Disposition"))
		assert.Equal(t, strings.TrimSpace(contentType), part.Header.Get("Content-Type"))
		assert.Len(t, part.Header, 2)
	})
}

func isText(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) && r != '\r' && r != '\n'
	})
}
