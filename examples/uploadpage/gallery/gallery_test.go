package gallery_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// app is the application in front of a server of its own.
type app struct {
	http.Handler
	server *imagestest.Server
	log    bytes.Buffer
}

// newApp starts the application with the server's signing key.
func newApp(t *testing.T, opts ...imagestest.Option) *app {
	t.Helper()
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	require.NoError(t, err)
	return newAppWith(t, signer, opts...)
}

func newAppWith(t *testing.T, signer *cfimages.URLSigner, opts ...imagestest.Option) *app {
	t.Helper()
	a := &app{server: imagestest.NewServer(append(opts, imagestest.InMemory())...)}
	t.Cleanup(a.server.Close)
	var err error
	a.Handler, err = gallery.New(gallery.Config{
		Client:         a.server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{})),
		Signer:         signer,
		UploadOrigin:   "https://upload.example",
		DeliveryOrigin: "https://images.example",
		Notice:         "<b>Welcome</b>",
		Log:            slog.New(slog.NewTextHandler(&a.log, nil)),
	})
	require.NoError(t, err)
	return a
}

func (a *app) do(method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// create asks for a one-time URL.
func (a *app) create(t *testing.T, body string) (link cfimages.DirectUpload) {
	t.Helper()
	w := a.do(http.MethodPost, "/uploads", body)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &link))
	assert.NotContains(t, a.log.String(), link.UploadURL)
	return link
}

// send uploads a file to a one-time URL, as the browser does.
func (a *app) send(t *testing.T, link cfimages.DirectUpload) error {
	uploader := cfimages.Uploader{HTTPClient: a.server.HTTPClient()}
	_, err := uploader.Upload(t.Context(), link.UploadURL,
		cfimages.File{Name: "cat.png", Body: strings.NewReader("\x89PNG\r\n\x1a\n")})
	return err
}

// upload does both, and returns the image's ID.
func (a *app) upload(t *testing.T, body string) (id string) {
	t.Helper()
	link := a.create(t, body)
	require.NoError(t, a.send(t, link))
	return link.ID
}

// deliver asks for an image, and returns the status of the answer.
func (a *app) deliver(t *testing.T, src string) (status int) {
	t.Helper()
	resp, err := a.server.HTTPClient().Get(src)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// picture is an image as the page gets it.
type picture struct {
	ID, Title, Src string
	Private        bool
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// page is a page of the gallery.
type page struct {
	Images []picture
	Next   string
}

func TestOtherSitesAreRefused(t *testing.T) {
	for _, request := range []string{"POST /uploads", "POST /uploads/x/done", "DELETE /images/x"} {
		a := newApp(t)
		method, target, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		assert.Equal(t, http.StatusForbidden, w.Code, request)
		assert.Empty(t, a.server.Requests(), request)
	}
}
