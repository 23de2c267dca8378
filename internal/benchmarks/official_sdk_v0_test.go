package main

import (
	"io"
	"strings"
	"testing"

	"github.com/cfimages/cfimages-go/imagestest"
	v0 "github.com/cloudflare/cloudflare-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOldSDK drives the official SDK before its rewrite, unchanged, against
// imagestest: the calls of which MIGRATING.md says that they were run.
func TestOldSDK(t *testing.T) {
	t.Run("upload, update, stats", oldSDKUploadsAndUpdates)
	t.Run("variants", oldSDKVariants)
}

func oldSDKUploadsAndUpdates(t *testing.T) {
	srv, api := oldSDK(t)
	account := v0.AccountIdentifier(imagestest.AccountID)
	img, err := api.UploadImage(t.Context(), account, v0.UploadImageParams{
		File: io.NopCloser(strings.NewReader(pixel)), Name: "tom.gif", Metadata: map[string]any{"status": "pending"}, RequireSignedURLs: true,
	})
	require.NoError(t, err)
	assert.Equal(t, "tom.gif", img.Filename)
	assert.Equal(t, map[string]any{"status": "pending"}, img.Meta)
	srv.ServeSource("https://example.com/tim.gif", []byte(pixel))
	fromURL, err := api.UploadImage(t.Context(), account, v0.UploadImageParams{URL: "https://example.com/tim.gif"})
	require.NoError(t, err)
	assert.Equal(t, "tim.gif", fromURL.Filename)

	updated, err := api.UpdateImage(t.Context(), account, v0.UpdateImageParams{ID: img.ID, Metadata: map[string]any{"n": 1}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"n": 1.0}, updated.Meta)
	assert.False(t, updated.RequireSignedURLs, "the private image is public: the zero value is sent")
	assert.NotEqual(t, img.ID, updated.ID)

	stats, err := api.GetImagesStats(t.Context(), account)
	require.NoError(t, err)
	assert.EqualValues(t, 2, stats.Current)
}

func oldSDKVariants(t *testing.T) {
	_, api := oldSDK(t)
	account := v0.AccountIdentifier(imagestest.AccountID)
	hero := v0.ImagesVariant{
		ID:                     "hero",
		NeverRequireSignedURLs: new(true),
		Options:                v0.ImagesVariantsOptions{Fit: "scale-down", Width: 1366, Height: 768, Metadata: "none"},
	}
	created, err := api.CreateImagesVariant(t.Context(), account, v0.CreateImagesVariantParams(hero))
	require.NoError(t, err)
	assert.Equal(t, hero, created)
	hero.Options.Width = 800
	updated, err := api.UpdateImagesVariant(t.Context(), account, v0.UpdateImagesVariantParams(hero))
	require.NoError(t, err)
	assert.Equal(t, hero, updated)
	got, err := api.GetImagesVariant(t.Context(), account, "hero")
	require.NoError(t, err)
	assert.Equal(t, hero, got)
	list, err := api.ListImagesVariants(t.Context(), account, v0.ListImageVariantsParams{})
	require.NoError(t, err)
	assert.Equal(t, hero, list.ImagesVariants["hero"])
	require.NoError(t, api.DeleteImagesVariant(t.Context(), account, "hero"))
	_, err = api.GetImagesVariant(t.Context(), account, "hero")
	var missing *v0.NotFoundError
	assert.ErrorAs(t, err, &missing)
}

func oldSDK(t *testing.T) (*imagestest.Server, *v0.API) {
	srv := imagestest.NewServer()
	t.Cleanup(srv.Close)
	api, err := v0.NewWithAPIToken(imagestest.APIToken, v0.BaseURL(srv.URL()))
	require.NoError(t, err)
	return srv, api
}
