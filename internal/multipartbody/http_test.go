package multipartbody_test

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

func TestThroughHTTP(t *testing.T) {
	content := strings.Repeat("0123456789", 100_000)
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var length int64
			var got []byte
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				length = r.ContentLength
				file, _, err := r.FormFile("file")
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				got, _ = io.ReadAll(file)
			}))
			srv.EnableHTTP2 = http2
			srv.StartTLS()
			defer srv.Close()

			for _, src := range []io.Reader{openFile(t, content, 0), onlyReader{strings.NewReader(content)}} {
				form, err := multipartbody.New(nil, "file", "a.png", "image/png", src, 0)
				require.NoError(t, err)
				resp, err := post(t, srv, form)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				assert.Equal(t, http.StatusOK, resp.StatusCode)
				assert.Equal(t, form.Len(), length)
				assert.Equal(t, content, string(got))
			}
		})
	}
}

func TestFileOfAnotherSizeNeverReachesTheHandlerWhole(t *testing.T) {
	const given = 100_000
	for name, found := range map[string]int{"short": given - 1, "long": given + 1} {
		t.Run(name, func(t *testing.T) {
			handled := make(chan error, 1)
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _, err := r.FormFile("file")
				handled <- err
			}))
			defer srv.Close()
			src := onlyReader{strings.NewReader(strings.Repeat("x", found))}
			form, err := multipartbody.New(nil, "file", "a", "", src, given)
			require.NoError(t, err)

			_, err = post(t, srv, form)
			var sizeErr *multipartbody.SizeError
			require.ErrorAs(t, err, &sizeErr)
			assert.Equal(t, int64(given), sizeErr.Size)
			assert.Error(t, <-handled)
		})
	}
}

// BenchmarkUpload sends 10 MB from a file over loopback.
func BenchmarkUpload(b *testing.B) {
	const size = 10 << 20
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n < size || err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer srv.Close()
	file := openFile(b, strings.Repeat("x", size), 0)
	send := func(b *testing.B, body io.Reader, length int64, contentType string) {
		req, err := http.NewRequest(http.MethodPost, srv.URL, body)
		require.NoError(b, err)
		req.ContentLength = length
		req.Header.Set("Content-Type", contentType)
		resp, err := srv.Client().Do(req)
		require.NoError(b, err)
		require.NoError(b, resp.Body.Close())
		require.Equal(b, http.StatusOK, resp.StatusCode)
	}
	run := func(name string, upload func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				_, err := file.Seek(0, io.SeekStart)
				require.NoError(b, err)
				upload(b)
			}
		})
	}
	run("raw file", func(b *testing.B) {
		send(b, onlyReader{file}, size, "image/png")
	})
	run("raw file by sendfile", func(b *testing.B) {
		f, err := os.Open(file.Name()) // the transport closes it
		require.NoError(b, err)
		send(b, f, size, "image/png")
	})
	run("multipartbody", func(b *testing.B) {
		form, err := multipartbody.New(nil, "file", "a.png", "image/png", file, 0)
		require.NoError(b, err)
		send(b, open(b, form), form.Len(), form.ContentType())
	})
	run("multipartbody of unknown size", func(b *testing.B) {
		form, err := multipartbody.New(nil, "file", "a.png", "image/png", onlyReader{file}, 0)
		require.NoError(b, err)
		send(b, open(b, form), form.Len(), form.ContentType())
	})
	run("io.Pipe and mime multipart", func(b *testing.B) {
		r, w := io.Pipe()
		form := multipart.NewWriter(w)
		go func() {
			part, err := form.CreateFormFile("file", "a.png")
			if err == nil {
				_, err = io.Copy(part, file)
			}
			if err == nil {
				err = form.Close()
			}
			w.CloseWithError(err)
		}()
		send(b, r, -1, form.FormDataContentType())
	})
}

func post(t *testing.T, srv *httptest.Server, form *multipartbody.Form) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, srv.URL, open(t, form))
	require.NoError(t, err)
	req.ContentLength = form.Len()
	req.Header.Set("Content-Type", form.ContentType())
	return srv.Client().Do(req)
}
