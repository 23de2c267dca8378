package multipartbody_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

// onlyPart parses raw and returns its single part and that part's content.
func onlyPart(t *testing.T, contentType string, raw []byte) (*multipart.Part, string) {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	require.Equal(t, "multipart/form-data", mediaType)
	r := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	part, err := r.NextRawPart()
	require.NoError(t, err)
	content, err := io.ReadAll(part)
	require.NoError(t, err)
	_, err = r.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
	return part, string(content)
}

func open(t testing.TB, form *multipartbody.Form) io.ReadCloser {
	t.Helper()
	body, err := form.Open()
	require.NoError(t, err)
	return body
}

func openFile(t testing.TB, content string, offset int64) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	_, err = file.Seek(offset, io.SeekStart)
	require.NoError(t, err)
	return file
}

func ioPipe(content string) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, content)
		w.CloseWithError(err)
	}()
	return r
}

func osPipe(t *testing.T, content string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	_, err = w.WriteString(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return r
}

type onlyReader struct{ io.Reader }

type onlyWriter struct{ io.Writer }

type brokenLen struct{ io.Reader }

func (brokenLen) Len() int { return -5 }

// hesitant returns (0, nil) before every byte and once before its end.
type hesitant struct {
	r     io.Reader
	ready bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	h.ready = !h.ready
	if h.ready {
		return 0, nil
	}
	return h.r.Read(p[:1])
}

type liar struct{}

func (liar) Read(p []byte) (int, error) { return len(p) + 1, nil }

type seekOnlyForward struct{ io.Reader }

func (*seekOnlyForward) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		return 0, errors.New("one way only")
	}
	return 7, nil
}
