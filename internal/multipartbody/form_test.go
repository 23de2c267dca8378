package multipartbody_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

func TestFormFromEverySource(t *testing.T) {
	const content = "0123456789"
	file := openFile(t, "before"+content, int64(len("before")))
	partlyRead := strings.NewReader("before" + content)
	_, err := partlyRead.Seek(int64(len("before")), io.SeekStart)
	require.NoError(t, err)
	beyondEnd := openFile(t, content, 100)

	tests := []struct {
		name  string
		src   io.Reader
		size  int64
		known bool
		want  string
	}{
		{"file at an offset", file, 0, true, content},
		{"file beyond its end", beyondEnd, 0, true, ""},
		{"reader partly read", partlyRead, -1, true, content},
		{"section", io.NewSectionReader(strings.NewReader(content), 2, 5), 0, true, "23456"},
		{"buffer", bytes.NewBufferString(content), 0, true, content},
		{"right size of a seekable", strings.NewReader(content), 10, true, content},
		{"size of a plain reader", onlyReader{strings.NewReader(content)}, 10, true, content},
		{"plain reader", onlyReader{strings.NewReader(content)}, 0, false, content},
		{"io.Pipe", ioPipe(content), -1, false, content},
		{"pipe in an *os.File", osPipe(t, content), 0, false, content},
		{"negative Len", brokenLen{strings.NewReader(content)}, 0, false, content},
		{"EOF with the last bytes", iotest.DataErrReader(onlyReader{strings.NewReader(content)}), 10, true, content},
		{"byte by byte", iotest.OneByteReader(strings.NewReader(content)), 10, true, content},
		{"nothing now and then", &hesitant{r: strings.NewReader(content)}, 10, true, content},
		{"empty", strings.NewReader(""), 0, true, ""},
		{"empty of unknown size", onlyReader{strings.NewReader("")}, 0, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := multipartbody.New(nil, "file", "a.png", "image/png", tt.src, tt.size)
			require.NoError(t, err)
			length := form.Len()

			raw, err := io.ReadAll(onlyReader{open(t, form)})
			require.NoError(t, err)
			part, content := onlyPart(t, form.ContentType(), raw)
			assert.Equal(t, tt.want, content)
			assert.Equal(t, "file", part.FormName())
			assert.Equal(t, "a.png", part.FileName())
			assert.Equal(t, "image/png", part.Header.Get("Content-Type"))
			if tt.known {
				assert.Equal(t, int64(len(raw)), length)
				assert.Equal(t, int64(len(tt.want)), form.FileLen())
			} else {
				assert.Equal(t, int64(-1), length)
				assert.Equal(t, int64(-1), form.FileLen())
			}
			if _, seeks := tt.src.(io.Seeker); !seeks || !tt.known {
				_, err = form.Open()
				assert.ErrorIs(t, err, multipartbody.ErrRead)
				return
			}
			again, err := io.ReadAll(open(t, form))
			require.NoError(t, err)
			assert.Equal(t, raw, again)
		})
	}
}

func TestBodyIsTheSameThroughAnyBuffer(t *testing.T) {
	for size := range 300 {
		form, err := multipartbody.New(nil, "file", "a", "", strings.NewReader("some content"), 0)
		require.NoError(t, err)
		var raw bytes.Buffer
		_, err = io.CopyBuffer(onlyWriter{&raw}, onlyReader{open(t, form)}, make([]byte, size+1))
		require.NoError(t, err)
		require.Equal(t, form.Len(), int64(raw.Len()))
		_, content := onlyPart(t, form.ContentType(), raw.Bytes())
		require.Equal(t, "some content", content)
	}
}

func TestReadIntoNothing(t *testing.T) {
	form, err := multipartbody.New(nil, "file", "a", "", strings.NewReader("x"), 0)
	require.NoError(t, err)
	body := open(t, form)
	n, err := body.Read(nil)
	assert.Zero(t, n)
	assert.NoError(t, err)
	raw, err := io.ReadAll(body)
	assert.NoError(t, err)
	assert.Len(t, raw, int(form.Len()))
}

func TestFieldsPrecedeTheFile(t *testing.T) {
	fields := []multipartbody.Field{{Name: "id", Value: "a/b ☃"}, {Name: "a\"\r\nb", Value: "\x00\r\n--"}, {Name: "empty", Value: ""}}
	form, err := multipartbody.New(fields, "file", "a.png", "image/png", strings.NewReader("content"), 0)
	require.NoError(t, err)
	raw, err := io.ReadAll(open(t, form))
	require.NoError(t, err)
	assert.Len(t, raw, int(form.Len()))
	assert.Equal(t, int64(len("content")), form.FileLen())

	fields[1].Name = "a%22%0D%0Ab"
	fields = append(fields, multipartbody.Field{Name: "file", Value: "content"})
	assert.Equal(t, fields, parseFields(t, form.ContentType(), raw))

	_, err = multipartbody.New([]multipartbody.Field{{Name: "\x7f"}}, "file", "a", "", strings.NewReader("x"), 0)
	assert.ErrorContains(t, err, "U+007F")
}

func TestNewRejects(t *testing.T) {
	tests := []struct {
		name, field, file, contentType string
		src                            io.Reader
		size                           int64
		want                           string
	}{
		{"no reader", "file", "a", "", nil, 0, "reader is nil"},
		{"no field name", "", "a", "", strings.NewReader(""), 0, "field name is empty"},
		{"control in field name", "fi\x00le", "a", "", strings.NewReader(""), 0, "field name \"fi\\x00le\" has the control character U+0000 at offset 2"},
		{"control in file name", "file", "é\x07", "", strings.NewReader(""), 0, "has the control character U+0007 at offset 2"},
		{"tab", "file", "a\tb", "", strings.NewReader(""), 0, "U+0009"},
		{"C1 control", "file", "a\u0085b", "", strings.NewReader(""), 0, "U+0085"},
		{"invalid UTF-8", "file", "ab\xff", "", strings.NewReader(""), 0, "file name \"ab\\xff\" is not valid UTF-8: byte 0xff at offset 2"},
		{"header injection", "file", "a", "image/png;\r\n x=y", strings.NewReader(""), 0, "the byte 0x0d at offset 10"},
		{"non-ASCII type", "file", "a", "image/png; x=\"é\"", strings.NewReader(""), 0, "the byte 0xc3"},
		{"malformed type", "file", "a", "image/", strings.NewReader(""), 0, "content type \"image/\" is malformed"},
		{"bare type", "file", "a", "image", strings.NewReader(""), 0, "not of the form type/subtype"},
		{"negative size", "file", "a", "", strings.NewReader(""), -2, "size -2 is negative"},
		{"size above that of a seekable", "file", "a", "", strings.NewReader("abc"), 4, "only 3 bytes, but its Size is 4"},
		{"size below that of a seekable", "file", "a", "", strings.NewReader("abc"), 2, "more bytes than its Size of 2"},
		{"size above that of a buffer", "file", "a", "", bytes.NewBufferString("abc"), 4, "only 3 bytes, but its Size is 4"},
		{"length that overflows", "file", "a", "", onlyReader{strings.NewReader("")}, 1<<63 - 1, "size 9223372036854775807 is too large"},
		{"cannot seek back", "file", "a", "", &seekOnlyForward{}, 0, "seek back to offset 7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := multipartbody.New(nil, tt.field, tt.file, tt.contentType, tt.src, tt.size)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestChecksBeforeNew(t *testing.T) {
	assert.NoError(t, multipartbody.CheckFileName("a\"\r\n é.png"))
	assert.ErrorContains(t, multipartbody.CheckFileName("a\x00"), "U+0000")
	assert.NoError(t, multipartbody.CheckContentType("image/svg+xml; charset=utf-8"))
	assert.ErrorContains(t, multipartbody.CheckContentType(""), "malformed")
}

func TestFileNameOnTheWire(t *testing.T) {
	long := strings.Repeat("名", 1000)
	for name, want := range map[string]string{
		"a.png":                `"a.png"`,
		"":                     `"blob"`,
		`say "hi".png`:         `"say %22hi%22.png"`,
		"a\r\nX-Evil: 1\r\n\r": `"a%0D%0AX-Evil: 1%0D%0A%0D"`,
		"🏖️ strand.png":        `"🏖️ strand.png"`,
		`c:\dir\100%22.png`:    `"c:\dir\100%22.png"`,
		long:                   `"` + long + `"`,
	} {
		form, err := multipartbody.New(nil, "file", name, "", strings.NewReader("x"), 0)
		require.NoError(t, err)
		raw, err := io.ReadAll(open(t, form))
		require.NoError(t, err)
		part, content := onlyPart(t, form.ContentType(), raw)
		assert.Equal(t, `form-data; name="file"; filename=`+want, part.Header.Get("Content-Disposition"))
		assert.Equal(t, "application/octet-stream", part.Header.Get("Content-Type"))
		assert.Len(t, part.Header, 2)
		assert.Equal(t, "x", content)
	}
}

func TestProgress(t *testing.T) {
	whole := func(r io.Reader) io.Reader { return r }
	tests := []struct {
		name    string
		src     io.Reader
		size    int64
		through func(io.Reader) io.Reader
		want    [][2]int64
	}{
		{"in one chunk", strings.NewReader("abc"), 0, whole, [][2]int64{{3, 3}}},
		{"byte by byte", strings.NewReader("abc"), 3, iotest.OneByteReader, [][2]int64{{1, 3}, {2, 3}, {3, 3}}},
		{"unknown", onlyReader{strings.NewReader("ab")}, 0, iotest.OneByteReader, [][2]int64{{1, -1}, {2, -1}, {2, 2}}},
		{"empty", strings.NewReader(""), 0, iotest.OneByteReader, [][2]int64{{0, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := multipartbody.New(nil, "file", "a", "", tt.src, tt.size)
			require.NoError(t, err)
			var got [][2]int64
			form.OnProgress = func(sent, total int64) { got = append(got, [2]int64{sent, total}) }
			_, err = io.Copy(io.Discard, tt.through(open(t, form)))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}
