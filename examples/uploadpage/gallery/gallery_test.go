package gallery_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// app is the application with a test server of its own.
type app struct {
	*testing.T
	http.Handler
	server *imagestest.Server
	log    bytes.Buffer
}

// newApp returns the application without flexible variants. It accepts private images
// if private is set.
func newApp(t *testing.T, private bool, opts ...imagestest.Option) *app {
	t.Helper()
	return newAppWith(t, gallery.Config{}, private, opts...)
}

// newAppWith returns the application with a configuration, and sets the fields of it
// that every test needs.
func newAppWith(t *testing.T, config gallery.Config, private bool, opts ...imagestest.Option) *app {
	t.Helper()
	a := &app{T: t, server: imagestest.NewServer(append(opts, imagestest.InMemory())...)}
	t.Cleanup(a.server.Close)
	config.Client = a.server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	config.UploadOrigin = "https://upload.example"
	config.DeliveryOrigin = cmp.Or(config.DeliveryOrigin, "https://images.example")
	config.Notice = "<b>Welcome</b>"
	config.Log = slog.New(slog.NewTextHandler(&a.log, nil))
	var err error
	if private {
		config.Signer, err = cfimages.NewURLSigner(imagestest.SigningKey)
		require.NoError(t, err)
	}
	a.Handler, err = gallery.New(config)
	require.NoError(t, err)
	return a
}

// do sends a request, such as "GET /images".
func (a *app) do(request, body string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(request, " ")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// get sends a request and decodes its response, which must have a status.
func get[T any](a *app, status int, request, body string) (v T) {
	a.Helper()
	w := a.do(request, body)
	require.Equal(a, status, w.Code, w.Body)
	assert.Equal(a, "no-store", w.Header().Get("Cache-Control"))
	require.NoError(a, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// create requests a one-time URL.
func (a *app) create(body string) cfimages.DirectUpload {
	a.Helper()
	link := get[cfimages.DirectUpload](a, http.StatusCreated, "POST /uploads", body)
	assert.NotContains(a, a.log.String(), link.UploadURL)
	return link
}

// send uploads a file to a one-time URL, as the browser does.
func (a *app) send(link cfimages.DirectUpload) error {
	uploader := cfimages.Uploader{HTTPClient: a.server.HTTPClient()}
	_, err := uploader.Upload(a.Context(), link.UploadURL, cfimages.File{Name: "cat.png", Body: strings.NewReader("\x89PNG\r\n\x1a\n")})
	return err
}

// page is a page of the gallery.
type page struct {
	Images []picture
	Next   string
}

// picture is an image as the page gets it.
type picture struct {
	ID, Title, Src, SrcSet string
	Private                bool
}

func (a *app) list(query string) page {
	a.Helper()
	return get[page](a, http.StatusOK, "GET /images"+query, "")
}

func meta(app string) json.RawMessage { return fmt.Appendf(nil, `{"app":%q,"title":"cat"}`, app) }

func TestUploadIsCreatedForTheUserAndVerified(t *testing.T) {
	a := newApp(t, true)
	link := a.create(`{"title":"cat.png","creator":"bob","app":"another"}`)
	require.NoError(t, a.send(link))
	images := a.server.Images()
	require.Len(t, images, 1)
	assert.Equal(t, "demo", images[0].Creator)
	assert.JSONEq(t, `{"app":"uploadpage","title":"cat.png"}`, string(images[0].Meta))
	assert.False(t, images[0].RequireSignedURLs)

	shown := get[picture](a, http.StatusOK, "POST /uploads/"+link.ID+"/done", "")
	assert.Equal(t, picture{ID: link.ID, Title: "cat.png", Src: images[0].Variants[0]}, shown)

	assert.Equal(t, http.StatusNoContent, a.do("DELETE /images/"+link.ID, "").Code)
	assert.Empty(t, a.server.Images())
}

func TestUploadLinkExpires(t *testing.T) {
	a := newApp(t, true)
	link := a.create(`{"title":"cat.png"}`)
	a.server.Clock().Advance(16 * time.Minute)
	assert.ErrorIs(t, a.send(link), cfimages.ErrGone)
}

func TestDraftIsDeleted(t *testing.T) {
	a := newApp(t, true)
	link := a.create(`{"title":"cat.png"}`)
	assert.Equal(t, http.StatusNoContent, a.do("DELETE /images/"+link.ID, "").Code)
	assert.ErrorIs(t, a.send(link), cfimages.ErrNotFound)
}

func TestPrivateImageIsShownBySignedURL(t *testing.T) {
	a := newApp(t, true)
	require.NoError(t, a.send(a.create(`{"title":"diary.png","private":true}`)))
	shown := a.list("").Images
	require.Len(t, shown, 1)
	assert.True(t, shown[0].Private)

	deliver := func(src string) int {
		resp, err := a.server.HTTPClient().Get(src)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	bare, _, _ := strings.Cut(shown[0].Src, "?")
	assert.Equal(t, http.StatusOK, deliver(shown[0].Src))
	assert.Equal(t, http.StatusUnauthorized, deliver(bare))
	a.server.Clock().Advance(61 * time.Minute)
	assert.Equal(t, http.StatusForbidden, deliver(shown[0].Src))
	assert.NotContains(t, a.log.String(), "sig=")
}

func TestPrivateImagesNeedAKey(t *testing.T) {
	assert.Contains(t, newApp(t, true).do("GET /", "").Body.String(), `id="private"`)
	a := newApp(t, false)
	assert.NotContains(t, a.do("GET /", "").Body.String(), `id="private"`)
	a.server.AddImages(cfimages.Image{ID: "x", Creator: "demo", Meta: meta("uploadpage"), RequireSignedURLs: true})
	assert.Equal(t, []picture{{ID: "x", Title: "cat", Private: true}}, a.list("").Images, "it has no URL")
}

func TestGalleryListsOnlyThisApplicationsImages(t *testing.T) {
	a := newApp(t, true)
	assert.JSONEq(t, `{"images":[],"next":""}`, a.do("GET /images", "").Body.String(), "an empty gallery is a list")
	a.server.Seed(60, func(i int) cfimages.Image { // every second one is ours
		return cfimages.Image{ID: fmt.Sprint(i), Creator: "demo", Meta: meta([]string{"another", "uploadpage"}[i%2])}
	})
	a.server.AddImages(cfimages.Image{ID: "bobs", Creator: "bob", Meta: meta("uploadpage")})
	a.server.ResetRequests()

	first := a.list("")
	require.Len(t, first.Images, 24)
	assert.Equal(t, "59", first.Images[0].ID, "newest first")
	assert.Equal(t, 1, a.server.Count(imagestest.OpList), "only the first page is requested")

	second := a.list("?after=" + url.QueryEscape(first.Next))
	assert.Len(t, second.Images, 6)
	assert.Empty(t, second.Next)
}

func TestGalleryShowsVariantPublicAfterAnEmptyPage(t *testing.T) {
	a := newApp(t, true, imagestest.WithVariants(imagestest.Variant{Name: "public"}, imagestest.Variant{Name: "thumb"}))
	a.server.AddImages(cfimages.Image{ID: "x", Creator: "demo", Meta: meta("uploadpage")})
	a.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EmptyPage{}})
	shown := a.list("").Images
	require.Len(t, shown, 1)
	assert.Regexp(t, "/x/public$", shown[0].Src)
}

// candidates returns the URLs of a srcset by their width.
func candidates(t *testing.T, srcset string) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for candidate := range strings.SplitSeq(srcset, ", ") {
		link, width, found := strings.Cut(candidate, " ")
		require.True(t, found, candidate)
		urls[width] = link
	}
	return urls
}

func TestGalleryOffersPublicImagesInSeveralWidths(t *testing.T) {
	a := newAppWith(t, gallery.Config{FlexibleVariants: true}, true, imagestest.WithFlexibleVariants())
	a.server.AddImages(
		cfimages.Image{ID: "100%/x", Creator: "demo", Meta: meta("uploadpage")},
		cfimages.Image{ID: "private", Creator: "demo", Meta: meta("uploadpage"), RequireSignedURLs: true})
	shown := a.list("").Images
	require.Len(t, shown, 2)
	assert.Contains(t, shown[0].Src, "/private/public?")
	assert.Empty(t, shown[0].SrcSet, "Cloudflare delivers private images in named variants only")
	assert.Regexp(t, "/100%25/x/public$", shown[1].Src)
	assert.Equal(t, "https://images.example/cdn-cgi/imagedelivery/"+imagestest.AccountHash+"/100%25/x/width=240,height=180,fit=crop",
		candidates(t, shown[1].SrcSet)["240w"])
	assert.Len(t, candidates(t, shown[1].SrcSet), 5)
}

func TestEveryWidthIsDelivered(t *testing.T) {
	for origin, want := range map[string]string{
		"http://127.0.0.1":          "http://127.0.0.1/cdn-cgi/imagedelivery/",
		"https://imagedelivery.net": "https://imagedelivery.net/",
		"https://pictures.example":  "https://pictures.example/cdn-cgi/imagedelivery/",
	} {
		a := newAppWith(t, gallery.Config{FlexibleVariants: true, DeliveryOrigin: origin}, false, imagestest.WithFlexibleVariants())
		link := a.create(`{"title":"cat.png"}`)
		require.NoError(t, a.send(link))
		shown := get[picture](a, http.StatusOK, "POST /uploads/"+link.ID+"/done", "")
		for width, src := range candidates(t, shown.SrcSet) {
			rest, found := strings.CutPrefix(src, want)
			require.True(t, found, src)
			assert.Contains(t, rest, "/width="+strings.TrimSuffix(width, "w")+",")
			if origin == "https://imagedelivery.net" {
				continue
			}
			resp, err := a.server.HTTPClient().Get(strings.Replace(src, origin, strings.TrimSuffix(a.server.URL(), "/client/v4"), 1))
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, http.StatusOK, resp.StatusCode, src)
		}
	}
}

func TestPageConnectsOnlyToTheTwoOrigins(t *testing.T) {
	w := newApp(t, true).do("GET /", "")
	assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: https://images.example; "+
		"connect-src 'self' https://upload.example; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'", w.Header().Get("Content-Security-Policy"))
	assert.Contains(t, w.Body.String(), "&lt;b&gt;Welcome")
	assert.Contains(t, w.Body.String(), "up to 10&nbsp;MB")
	assert.NotRegexp(t, `(?i) style=| on[a-z]+=|<style|<script[^>]*>[^<]`, w.Body.String(), "the policy forbids inline script and style")
}

func TestPageFilesAreServed(t *testing.T) {
	a := newApp(t, true)
	for name, contentType := range map[string]string{
		"/":           "text/html; charset=utf-8",
		"/page.css":   "text/css; charset=utf-8",
		"/page.js":    "text/javascript; charset=utf-8",
		"/servers.js": "text/javascript; charset=utf-8",
		"/icon.svg":   "image/svg+xml",
	} {
		w := a.do("GET "+name, "")
		assert.Equal(t, http.StatusOK, w.Code, name)
		assert.Equal(t, contentType, w.Header().Get("Content-Type"), name)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
	}
	for _, name := range []string{"/page.html", "/web/", "/gallery.go"} {
		assert.Equal(t, http.StatusNotFound, a.do("GET "+name, "").Code, name)
	}
}
