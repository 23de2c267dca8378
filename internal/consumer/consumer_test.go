package consumer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/consumer"
)

func TestWalk(t *testing.T) {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(i int) cfimages.Image { return cfimages.Image{Filename: fmt.Sprintf("%02d", i)} })
	images := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{})).ImagesV2
	params := cfimages.ListParams{PerPage: 10, SortOrder: cfimages.SortAscending}

	pages, count, err := consumer.Pages(t.Context(), images, params)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 25}, []int{pages, count})

	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, At: imagestest.MidBody(700), Kind: imagestest.Reset{}})
	names, err := consumer.Names(t.Context(), images, params)
	require.NoError(t, err)
	require.Len(t, names, 25)
	for i, name := range names {
		assert.Equal(t, fmt.Sprintf("%02d", i), name)
	}
	assert.Empty(t, server.Unused())
}

func TestUpload(t *testing.T) {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	uploads := server.Client().DirectUploads
	draft, err := uploads.Create(t.Context(), cfimages.DirectUploadParams{Metadata: map[string]any{"status": "active"}})
	require.NoError(t, err)
	uploader := &cfimages.Uploader{HTTPClient: server.HTTPClient()}
	_, err = uploader.Upload(t.Context(), draft.UploadURL, cfimages.File{Name: "a.svg", Body: strings.NewReader("<svg/>")})
	require.NoError(t, err)
	img, err := uploads.Wait(t.Context(), draft.ID)
	require.NoError(t, err)
	var meta struct {
		Status string `json:"status"`
	}
	require.NoError(t, img.DecodeMeta(&meta))
	assert.Equal(t, "active", meta.Status)
}

func TestErrors(t *testing.T) {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()

	_, err := client.ImagesV1.Get(t.Context(), "nobody")
	assert.Equal(t, "not found", consumer.Explain(err))
	status, attempts := consumer.Status(err)
	assert.Equal(t, []int{404, 1}, []int{status, attempts})

	_, err = client.ImagesV2.List(t.Context(), cfimages.ListParams{PerPage: -1, SortOrder: "up"})
	assert.Equal(t, "invalid", consumer.Explain(err))
	assert.Equal(t, []string{"PerPage", "SortOrder"}, consumer.Params(err))
}
