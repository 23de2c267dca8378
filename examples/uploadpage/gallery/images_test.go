package gallery_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestUploadIsCreatedForTheUserAndVerified(t *testing.T) {
	a := newApp(t)
	id := a.upload(t, `{"title":"cat.png","creator":"bob","app":"another"}`)
	images := a.server.Images()
	require.Len(t, images, 1)
	assert.Equal(t, "demo", images[0].Creator)
	assert.JSONEq(t, `{"app":"uploadpage","title":"cat.png"}`, string(images[0].Meta))
	assert.False(t, images[0].RequireSignedURLs)

	shown := decode[picture](t, a.do(http.MethodPost, "/uploads/"+id+"/done", ""))
	assert.Equal(t, picture{ID: id, Title: "cat.png", Src: images[0].Variants[0]}, shown)
}

func TestUploadLinkExpires(t *testing.T) {
	a := newApp(t)
	link := a.create(t, `{"title":"cat.png"}`)
	a.server.Clock().Advance(16 * time.Minute)
	assert.ErrorIs(t, a.send(t, link), cfimages.ErrGone)
}

func TestPrivateImageIsShownBySignedURL(t *testing.T) {
	a := newApp(t)
	a.upload(t, `{"title":"diary.png","private":true}`)
	shown := decode[page](t, a.do(http.MethodGet, "/images", "")).Images
	require.Len(t, shown, 1)
	assert.True(t, shown[0].Private)

	assert.Equal(t, http.StatusOK, a.deliver(t, shown[0].Src))
	bare, err := url.Parse(shown[0].Src)
	require.NoError(t, err)
	bare.RawQuery = ""
	assert.Equal(t, http.StatusUnauthorized, a.deliver(t, bare.String()))
	a.server.Clock().Advance(61 * time.Minute)
	assert.Equal(t, http.StatusForbidden, a.deliver(t, shown[0].Src))
	assert.NotContains(t, a.log.String(), "sig=")
}

func TestPrivateImageIsNotShownWithoutKey(t *testing.T) {
	a := newAppWith(t, nil)
	a.server.AddImages(cfimages.Image{ID: "x", Creator: "demo", Meta: meta("uploadpage"), RequireSignedURLs: true})
	shown := decode[page](t, a.do(http.MethodGet, "/images", "")).Images
	assert.Equal(t, []picture{{ID: "x", Title: "cat", Private: true}}, shown)
}

func TestVariantNamedPublicIsShown(t *testing.T) {
	a := newApp(t, imagestest.WithVariants(imagestest.Variant{Name: "public"}, imagestest.Variant{Name: "thumb"}))
	a.server.AddImages(cfimages.Image{ID: "x", Creator: "demo", Meta: meta("uploadpage")})
	assert.Regexp(t, "/x/public$", decode[page](t, a.do(http.MethodGet, "/images", "")).Images[0].Src)
}

func TestGalleryIsThisApplicationsPageByPage(t *testing.T) {
	a := newApp(t)
	a.server.Seed(60, func(i int) cfimages.Image { // every second one is ours
		return cfimages.Image{ID: fmt.Sprint(i), Creator: "demo", Meta: meta([]string{"another", "uploadpage"}[i%2])}
	})
	a.server.AddImages(cfimages.Image{ID: "bobs", Creator: "bob", Meta: meta("uploadpage")})

	first := decode[page](t, a.do(http.MethodGet, "/images", ""))
	require.Len(t, first.Images, 24)
	assert.Equal(t, "59", first.Images[0].ID, "newest first")
	assert.Equal(t, 1, a.server.Count(imagestest.OpList), "what is not shown is not asked for")

	second := decode[page](t, a.do(http.MethodGet, "/images?after="+url.QueryEscape(first.Next), ""))
	assert.Len(t, second.Images, 6)
	assert.Empty(t, second.Next)
}

func TestGalleryPassesOverEmptyPages(t *testing.T) {
	a := newApp(t)
	a.server.AddImages(cfimages.Image{ID: "x", Creator: "demo", Meta: meta("uploadpage")})
	a.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.EmptyPage{}})
	assert.Len(t, decode[page](t, a.do(http.MethodGet, "/images", "")).Images, 1)
}

func TestEmptyGalleryIsAList(t *testing.T) {
	w := newApp(t).do(http.MethodGet, "/images", "")
	assert.JSONEq(t, `{"images":[],"next":""}`, w.Body.String())
}

func TestImageIsDeleted(t *testing.T) {
	a := newApp(t)
	id := a.upload(t, `{"title":"cat.png"}`)
	assert.Equal(t, http.StatusNoContent, a.do(http.MethodDelete, "/images/"+id, "").Code)
	assert.Empty(t, a.server.Images())
}

func TestDraftIsDeleted(t *testing.T) {
	a := newApp(t)
	link := a.create(t, `{"title":"cat.png"}`)
	assert.Equal(t, http.StatusNoContent, a.do(http.MethodDelete, "/images/"+link.ID, "").Code)
	assert.ErrorIs(t, a.send(t, link), cfimages.ErrNotFound)
}
