package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func officialSDKUploadsFromBackend(t *testing.T) {
	srv, client := officialSDK(t)
	img, err := client.Images.V1.New(t.Context(), v7images.V1NewParams{
		AccountID: inAccount,
		ID:        v7.F("cats/tom"),
		Creator:   v7.F("alice"),
		File:      v7.FileParam(strings.NewReader(pixel), "tom.gif", "image/gif"),
		Metadata:  v7.F[any](map[string]any{"status": "active", "region": map[string]any{"name": "eu"}}),
	})
	require.NoError(t, err)
	assert.Equal(t, "cats/tom", img.ID)
	assert.Equal(t, "alice", img.Creator)
	assert.Equal(t, "tom.gif", img.Filename)
	assert.Equal(t, map[string]any{"status": "active", "region": map[string]any{"name": "eu"}}, img.Meta)
	assert.False(t, img.RequireSignedURLs)
	assert.WithinDuration(t, time.Now(), img.Uploaded, time.Minute)
	require.Len(t, img.Variants, 1)
	assert.Equal(t, pixel, body(t, http.StatusOK, img.Variants[0]))
	original, err := client.Images.V1.Blobs.Get(t.Context(), url.PathEscape(img.ID), v7images.V1BlobGetParams{AccountID: inAccount})
	require.NoError(t, err)
	defer original.Body.Close()
	content, err := io.ReadAll(original.Body)
	require.NoError(t, err)
	assert.Equal(t, pixel, string(content))

	const source = "https://user:secret@example.com/cats/tim.gif?size=big"
	srv.ServeSource(source, []byte(pixel))
	fromURL := v7images.V1NewParams{AccountID: inAccount, URL: v7.F(source), RequireSignedURLs: v7.F(true)}
	img, err = client.Images.V1.New(t.Context(), fromURL)
	require.NoError(t, err)
	assert.Equal(t, "tim.gif", img.Filename)
	assert.True(t, img.RequireSignedURLs)
	fromURL.URL = v7.F("https://example.com/missing.gif")
	_, err = client.Images.V1.New(t.Context(), fromURL)
	assertStatus(t, http.StatusBadRequest, err)
	fromURL.URL = v7.F(source)
	fromURL.File = v7.F[io.Reader](strings.NewReader(pixel))
	_, err = client.Images.V1.New(t.Context(), fromURL)
	assertStatus(t, http.StatusBadRequest, err) // both were sent
	img, err = client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.F[io.Reader](strings.NewReader(pixel))})
	require.NoError(t, err)
	assert.Equal(t, "anonymous_file", img.Filename)

	stats, err := client.Images.V1.Stats.Get(t.Context(), v7images.V1StatGetParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.Equal(t, 3.0, stats.Count.Current)
	assert.Greater(t, stats.Count.Allowed, stats.Count.Current)
}

func officialSDKUpdates(t *testing.T) {
	srv, client := officialSDK(t)
	srv.AddImages(cfimages.Image{ID: "tom", Creator: "alice", Filename: "tom.gif", Meta: []byte(`{"status":"pending","n":1}`)})
	edit := func(id string, params v7images.V1EditParams) *v7images.Image {
		params.AccountID = inAccount
		img, err := client.Images.V1.Edit(t.Context(), id, params)
		require.NoError(t, err)
		stored, err := client.Images.V1.Get(t.Context(), img.ID, v7images.V1GetParams{AccountID: inAccount})
		require.NoError(t, err)
		assert.JSONEq(t, stored.JSON.RawJSON(), img.JSON.RawJSON(), "what was returned is stored")
		return img
	}

	img := edit("tom", v7images.V1EditParams{Metadata: v7.F[any](map[string]any{"status": "active", "tags": []string{"a"}})})
	assert.Equal(t, map[string]any{"status": "active", "tags": []any{"a"}}, img.Meta, "metadata is replaced, not merged")
	assert.Equal(t, "alice", img.Creator)
	assert.Equal(t, "tom.gif", img.Filename)
	img = edit("tom", v7images.V1EditParams{Creator: v7.F("bob")})
	assert.Equal(t, "bob", img.Creator)
	assert.Equal(t, map[string]any{"status": "active", "tags": []any{"a"}}, img.Meta)
	for _, cleared := range []v7images.V1EditParams{{Creator: v7.F("")}, {Creator: v7.Null[string]()}} {
		edit("tom", v7images.V1EditParams{Creator: v7.F("bob")})
		assert.Empty(t, edit("tom", cleared).Creator)
	}

	uploaded, err := client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.FileParam(strings.NewReader(pixel), "pixel.gif", "image/gif")})
	require.NoError(t, err)
	private := edit(uploaded.ID, v7images.V1EditParams{RequireSignedURLs: v7.F(true)})
	assert.True(t, private.RequireSignedURLs)
	assert.NotEqual(t, uploaded.ID, private.ID, "a change of access gives a new ID")
	_, err = client.Images.V1.Get(t.Context(), uploaded.ID, v7images.V1GetParams{AccountID: inAccount})
	assertStatus(t, http.StatusNotFound, err)
}

func officialSDKVariants(t *testing.T) {
	_, client := officialSDK(t)
	variants := client.Images.V1.Variants
	for _, id := range []string{"hero", "thumb"} {
		created, err := variants.New(t.Context(), v7images.V1VariantNewParams{
			AccountID: inAccount,
			ID:        v7.F(id),
			Options: v7.F(v7images.V1VariantNewParamsOptions{
				Fit:      v7.F(v7images.V1VariantNewParamsOptionsFitScaleDown),
				Width:    v7.F(1366.0),
				Height:   v7.F(768.0),
				Metadata: v7.F(v7images.V1VariantNewParamsOptionsMetadataNone),
			}),
			NeverRequireSignedURLs: v7.F(true),
		})
		require.NoError(t, err)
		assert.Equal(t, id, created.Variant.ID)
		assert.True(t, created.Variant.NeverRequireSignedURLs)
	}
	list, err := variants.List(t.Context(), v7images.V1VariantListParams{AccountID: inAccount})
	require.NoError(t, err)
	hero := list.Variants.Hero
	assert.Equal(t, "hero", hero.ID)
	assert.Equal(t, v7images.VariantVariantsHeroOptionsFitScaleDown, hero.Options.Fit)
	assert.Equal(t, [2]float64{1366, 768}, [2]float64{hero.Options.Width, hero.Options.Height})
	assert.ElementsMatch(t, []string{"public", "thumb"}, slices.Collect(maps.Keys(list.Variants.JSON.ExtraFields)),
		"the SDK decodes only the variant of the documented sample, hero")

	edited, err := variants.Edit(t.Context(), "thumb", v7images.V1VariantEditParams{
		AccountID: inAccount,
		Options: v7.F(v7images.V1VariantEditParamsOptions{
			Fit:      v7.F(v7images.V1VariantEditParamsOptionsFitCover),
			Width:    v7.F(100.0),
			Height:   v7.F(100.0),
			Metadata: v7.F(v7images.V1VariantEditParamsOptionsMetadataKeep),
		}),
	})
	require.NoError(t, err)
	got, err := variants.Get(t.Context(), "thumb", v7images.V1VariantGetParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.JSONEq(t, edited.JSON.RawJSON(), got.JSON.RawJSON())
	assert.Equal(t, v7images.V1VariantGetResponseVariantOptionsFitCover, got.Variant.Options.Fit)
	assert.Equal(t, [2]float64{100, 100}, [2]float64{got.Variant.Options.Width, got.Variant.Options.Height})
	assert.Equal(t, v7images.V1VariantGetResponseVariantOptionsMetadataKeep, got.Variant.Options.Metadata)

	_, err = variants.Delete(t.Context(), "thumb", v7images.V1VariantDeleteParams{AccountID: inAccount})
	require.NoError(t, err)
	_, err = variants.Get(t.Context(), "thumb", v7images.V1VariantGetParams{AccountID: inAccount})
	assertStatus(t, http.StatusNotFound, err)
}

// officialSDKFlexibleVariants sends a request of its own: the SDK has no call.
func officialSDKFlexibleVariants(t *testing.T) {
	_, client := officialSDK(t)
	img, err := client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.FileParam(strings.NewReader(pixel), "pixel.gif", "image/gif")})
	require.NoError(t, err)
	transformed := strings.TrimSuffix(img.Variants[0], "public") + "w=100,fit=cover"
	for _, on := range []bool{true, false} {
		var settings map[string]any
		err = client.Patch(t.Context(), "accounts/"+imagestest.AccountID+"/images/v1/config", map[string]bool{"flexible_variants": on}, &settings)
		require.NoError(t, err)
		assert.Equal(t, true, settings["success"])
		resp, err := http.Get(transformed)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, on, resp.StatusCode == http.StatusOK)
	}
}

func officialSDKSigningKeys(t *testing.T) {
	_, client := officialSDK(t)
	keys := client.Images.V1.Keys
	names := func(keys []v7images.Key) (names []string) {
		for _, key := range keys {
			assert.NotEmpty(t, key.Value)
			names = append(names, key.Name)
		}
		return names
	}
	list, err := keys.List(t.Context(), v7images.V1KeyListParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.Equal(t, []string{"default"}, names(list.Keys))
	created, err := keys.Update(t.Context(), "next", v7images.V1KeyUpdateParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.Equal(t, []string{"default", "next"}, names(created.Keys))
	assert.Contains(t, fmt.Sprintf("%+v", created.Keys), created.Keys[1].Value, "a key prints its value")

	img, err := client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.FileParam(strings.NewReader(pixel), "pixel.gif", "image/gif"), RequireSignedURLs: v7.F(true)})
	require.NoError(t, err)
	signer, err := cfimages.NewURLSigner(created.Keys[1].Value)
	require.NoError(t, err)
	signed, err := signer.Sign(img.Variants[0], time.Now().Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, pixel, body(t, http.StatusOK, signed))

	deleted, err := keys.Delete(t.Context(), "next", v7images.V1KeyDeleteParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.Equal(t, []string{"default"}, names(deleted.Keys))
	resp, err := http.Get(signed)
	require.NoError(t, err)
	resp.Body.Close()
	assert.NotEqual(t, http.StatusOK, resp.StatusCode, "the key is deleted")
}

func officialSDKRepeatsRequests(t *testing.T) {
	srv, client := officialSDK(t)
	srv.Inject(lostResponses(imagestest.OpUploadImage, 2))
	_, err := client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.FileParam(strings.NewReader(pixel), "pixel.gif", "image/gif")})
	require.NoError(t, err)
	images := srv.Images()
	require.Len(t, images, 3, "one more for each lost response, and no error")

	srv.Inject(lostResponses(imagestest.OpUpdate, 1))
	_, err = client.Images.V1.Edit(t.Context(), images[0].ID, v7images.V1EditParams{AccountID: inAccount, RequireSignedURLs: v7.F(true)})
	assertStatus(t, http.StatusNotFound, err) // the first attempt gave the image a new ID
}

// body returns the body of a URL's response.
func body(t *testing.T, status int, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, status, resp.StatusCode)
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(content)
}
