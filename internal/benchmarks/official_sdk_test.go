package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
	v7option "github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pixel is a GIF as small as the server accepts.
const pixel = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"

var inAccount = v7.F(imagestest.AccountID)

// TestOfficialSDK drives the official SDK, unchanged, against imagestest.
func TestOfficialSDK(t *testing.T) {
	t.Run("list", officialSDKLists)
	t.Run("direct upload, details, delete", officialSDKUploads)
	t.Run("metadata in separate fields can be rejected", officialSDKMetadataIsRejected)
	t.Run("upload from a file and from a URL, stats", officialSDKUploadsFromBackend)
	t.Run("update", officialSDKUpdates)
	t.Run("variants", officialSDKVariants)
	t.Run("flexible variants", officialSDKFlexibleVariants)
	t.Run("signing keys", officialSDKSigningKeys)
	t.Run("uploads and updates are repeated after a lost response", officialSDKRepeatsRequests)
}

func officialSDKLists(t *testing.T) {
	srv, client := officialSDK(t)
	srv.Seed(25, func(i int) cfimages.Image {
		return cfimages.Image{ID: fmt.Sprintf("image-%02d", i), Creator: "alice", Meta: []byte(`{"n":1}`)}
	})
	params := v7images.V2ListParams{
		AccountID: inAccount,
		PerPage:   v7.F(10.0),
		SortOrder: v7.F(v7images.V2ListParamsSortOrderAsc),
		Creator:   v7.F("alice"),
	}
	var ids []string
	var sizes []int
	for {
		page, err := client.Images.V2.List(t.Context(), params, v7option.WithQuery("meta.n[eq:number]", "1"))
		require.NoError(t, err)
		sizes = append(sizes, len(page.Images))
		for _, img := range page.Images {
			ids = append(ids, img.ID)
			assert.NotZero(t, img.Uploaded)
			assert.NotEmpty(t, img.Variants)
		}
		if page.ContinuationToken == "" {
			break
		}
		params.ContinuationToken = v7.F(page.ContinuationToken)
	}
	assert.Equal(t, []int{10, 10, 5}, sizes)
	require.Len(t, ids, 25)
	assert.IsIncreasing(t, ids)
}

func officialSDKUploads(t *testing.T) {
	srv, client := officialSDK(t)
	created, err := client.Images.V2.DirectUploads.New(t.Context(), newUpload())
	require.NoError(t, err)
	require.NotEmpty(t, created.ID)
	assert.NotEmpty(t, created.UploadURL)

	get := v7images.V1GetParams{AccountID: inAccount}
	img, err := client.Images.V1.Get(t.Context(), created.ID, get)
	require.NoError(t, err)
	assert.Equal(t, created.ID, img.ID)
	assert.Equal(t, "alice", img.Creator)
	assert.Equal(t, map[string]any{"status": "pending"}, img.Meta)
	assert.Contains(t, img.JSON.ExtraFields, "draft")

	postFile(t, created.UploadURL)
	img, err = client.Images.V1.Get(t.Context(), created.ID, get)
	require.NoError(t, err)
	assert.Equal(t, "pixel.gif", img.Filename)
	assert.NotContains(t, img.JSON.ExtraFields, "draft")
	found, err := client.Images.V2.List(t.Context(), v7images.V2ListParams{AccountID: inAccount},
		v7option.WithQuery("meta.status[eq:string]", "pending"))
	require.NoError(t, err)
	require.Len(t, found.Images, 1)
	assert.Equal(t, created.ID, found.Images[0].ID)

	_, err = client.Images.V1.Delete(t.Context(), created.ID, v7images.V1DeleteParams{AccountID: inAccount})
	require.NoError(t, err)
	assert.Empty(t, srv.Images())
	_, err = client.Images.V1.Get(t.Context(), created.ID, get)
	assertStatus(t, http.StatusNotFound, err)
}

// postFile uploads to a one-time URL, for which the SDK has no call.
func postFile(t *testing.T, url string) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "pixel.gif")
	require.NoError(t, err)
	_, err = io.WriteString(part, pixel)
	require.NoError(t, err)
	require.NoError(t, form.Close())
	resp, err := http.Post(url, form.FormDataContentType(), &body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func officialSDKMetadataIsRejected(t *testing.T) {
	_, client := officialSDK(t, imagestest.Enforce(imagestest.RefuseFlatMetadata))
	_, err := client.Images.V2.DirectUploads.New(t.Context(), newUpload())
	assertStatus(t, http.StatusBadRequest, err)
	params := newUpload()
	params.Metadata.Present = false
	_, err = client.Images.V2.DirectUploads.New(t.Context(), params)
	require.NoError(t, err)
	_, err = client.Images.V1.New(t.Context(), v7images.V1NewParams{AccountID: inAccount, File: v7.FileParam(strings.NewReader(pixel), "pixel.gif", "image/gif"), Metadata: v7.F[any](map[string]int{"n": 1})})
	assertStatus(t, http.StatusBadRequest, err)
}

func officialSDK(t *testing.T, opts ...imagestest.Option) (*imagestest.Server, *v7.Client) {
	srv := imagestest.NewServer(opts...)
	t.Cleanup(srv.Close)
	return srv, v7.NewClient(v7option.WithBaseURL(srv.URL()), v7option.WithAPIToken(imagestest.APIToken))
}

func newUpload() v7images.V2DirectUploadNewParams {
	return v7images.V2DirectUploadNewParams{
		AccountID: inAccount,
		Creator:   v7.F("alice"),
		Expiry:    v7.F(time.Now().Add(time.Hour)),
		Metadata:  v7.F[any](map[string]string{"status": "pending"}),
	}
}

func assertStatus(t *testing.T, status int, err error) {
	t.Helper()
	var refused *v7.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, status, refused.StatusCode)
}

// lostResponses is a fault of requests that are processed, and whose responses are lost.
func lostResponses(op imagestest.Operation, times int) imagestest.Fault {
	return imagestest.Fault{Operation: op, Times: times, At: imagestest.AfterCommit, Kind: imagestest.Reset{}}
}
