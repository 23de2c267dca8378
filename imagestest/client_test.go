package imagestest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// withClients runs a test of the client library with the API host and with the batch host.
func withClients(t *testing.T, test func(t *testing.T, srv *imagestest.Server, client *cfimages.Client)) {
	for name, opts := range map[string][]cfimages.Option{"API": nil, "batch": {cfimages.WithBatchAPI()}} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t)
			test(t, srv, srv.Client(opts...))
		})
	}
}

func TestClientUploadsAndUpdates(t *testing.T) {
	withClients(t, func(t *testing.T, srv *imagestest.Server, client *cfimages.Client) {
		srv.ServeSource("https://user:secret@example.com/b.png", []byte(png))
		file := cfimages.File{Name: "a.png", Body: strings.NewReader(png)}
		a, err := client.ImagesV1.Upload(t.Context(), file, cfimages.UploadParams{Creator: "alice", Metadata: map[string]int{"n": 1}})
		require.NoError(t, err)
		b, err := client.ImagesV1.UploadFromURL(t.Context(), "https://user:secret@example.com/b.png", cfimages.UploadParams{ID: "b/100%"})
		require.NoError(t, err)
		assert.Equal(t, "b.png", b.Filename)

		changed, err := client.ImagesV1.Update(t.Context(), b.ID, cfimages.UpdateParams{Creator: new("bob"), Metadata: map[string]int{"n": 2}})
		require.NoError(t, err)
		assert.Equal(t, "b/100%", changed.ID)
		page, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{Meta: cfimages.Where(cfimages.Eq("n", 2))})
		require.NoError(t, err)
		require.Len(t, page.Images, 1)
		assert.Equal(t, "bob", page.Images[0].Creator)

		private, err := client.ImagesV1.Update(t.Context(), a.ID, cfimages.UpdateParams{RequireSignedURLs: new(true)})
		require.NoError(t, err)
		_, err = client.ImagesV1.Get(t.Context(), a.ID)
		assert.ErrorIs(t, err, cfimages.ErrNotFound)
		_, err = client.ImagesV1.Get(t.Context(), private.ID)
		assert.NoError(t, err)
		_, err = client.ImagesV1.Update(t.Context(), b.ID, cfimages.UpdateParams{RequireSignedURLs: new(true)})
		assert.ErrorIs(t, err, cfimages.ErrBadRequest)
		_, err = client.ImagesV1.UploadFromURL(t.Context(), "https://example.com/unknown.png", cfimages.UploadParams{})
		assert.ErrorIs(t, err, cfimages.ErrBadRequest)
		_, err = client.ImagesV1.Upload(t.Context(), cfimages.File{Body: strings.NewReader(png)}, cfimages.UploadParams{ID: "b/100%"})
		assert.ErrorIs(t, err, cfimages.ErrConflict)

		stats, err := client.ImagesV1.Stats(t.Context())
		require.NoError(t, err)
		assert.Equal(t, &cfimages.Stats{Current: 2, Allowed: 100_000}, stats)
	})
}

func TestClientManagesVariants(t *testing.T) {
	withClients(t, func(t *testing.T, srv *imagestest.Server, client *cfimages.Client) {
		hero := cfimages.Variant{
			ID: "hero é", Fit: cfimages.FitCover, Width: 1366, Height: 768, Metadata: cfimages.MetadataKeep,
			BrowserTTL: time.Hour, NeverRequireSignedURLs: true,
		}
		created, err := client.Variants.Create(t.Context(), hero)
		require.NoError(t, err)
		assert.Equal(t, &hero, created)
		hero.BrowserTTL, hero.NeverRequireSignedURLs = 0, false
		updated, err := client.Variants.Update(t.Context(), hero)
		require.NoError(t, err)
		assert.Equal(t, &hero, updated)
		got, err := client.Variants.Get(t.Context(), hero.ID)
		require.NoError(t, err)
		assert.Equal(t, &hero, got)
		variants, err := client.Variants.List(t.Context())
		require.NoError(t, err)
		require.Len(t, variants, 2)
		assert.Equal(t, hero, variants[0])

		require.NoError(t, client.Variants.SetFlexible(t.Context(), true))
		srv.AddImages(imagesNamed("a")...)
		assert.Equal(t, 200, flexible(t, srv, "a", "w=400").Status)
		require.NoError(t, client.Variants.Delete(t.Context(), hero.ID))
		_, err = client.Variants.Get(t.Context(), hero.ID)
		assert.ErrorIs(t, err, cfimages.ErrNotFound)
	})
}

func TestClientRotatesSigningKeys(t *testing.T) {
	withClients(t, func(t *testing.T, srv *imagestest.Server, client *cfimages.Client) {
		srv.AddImages(cfimages.Image{RequireSignedURLs: true})
		key, err := client.SigningKeys.Create(t.Context(), "next one")
		require.NoError(t, err)
		signer, err := key.Signer()
		require.NoError(t, err)
		url, err := signer.Sign(srv.Images()[0].Variants[0], time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.NoError(t, client.SigningKeys.Delete(t.Context(), "default"))
		keys, err := client.SigningKeys.List(t.Context())
		require.NoError(t, err)
		require.Len(t, keys, 1)
		assert.Equal(t, "next one", keys[0].Name)
		assert.Equal(t, 200, do(t, srv, newRequest(t, "GET", url, nil)).Status)
		require.NoError(t, client.SigningKeys.Delete(t.Context(), "next one"))
		assert.Equal(t, 403, do(t, srv, newRequest(t, "GET", url, nil)).Status)
	})
}

func TestClientReceivesErrors(t *testing.T) {
	srv := newServer(t, imagestest.WithMaxFileSize(64))
	client := srv.Client()
	for status, content := range map[int]string{http.StatusRequestEntityTooLarge: png + strings.Repeat("x", 1<<20), http.StatusUnsupportedMediaType: "text"} {
		_, err := client.ImagesV1.Upload(t.Context(), cfimages.File{Body: io.MultiReader(strings.NewReader(content))}, cfimages.UploadParams{})
		var failed *cfimages.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, status, failed.StatusCode)
	}
	assert.Empty(t, srv.Images())
}
