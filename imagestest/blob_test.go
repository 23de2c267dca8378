package imagestest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestBlobIsTheUploadedFile(t *testing.T) {
	srv := newServer(t, imagestest.InMemory(), imagestest.WithClock(imagestest.NewClock(noon)), imagestest.WithRateLimit(9, time.Minute))
	link := create(t, srv, "id", "a/100%").Result.UploadURL
	draft := api(t, srv, "GET", "/images/v1/a/100%25/blob")
	assert.Equal(t, 404, draft.Status)
	assert.Equal(t, "Image not found", draft.message())
	delivered := do(t, srv, newRequest(t, "GET", upload(t, srv, link, "a.png", png).Result.Variants[0], nil))

	resp := api(t, srv, "GET", "/images/v1/a/100%25/blob")
	assert.Equal(t, 200, resp.Status)
	assert.Equal(t, png, resp.Body)
	assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	assert.Equal(t, fmt.Sprint(len(png)), resp.Header.Get("Content-Length"))
	assert.Equal(t, delivered.Header.Get("Etag"), resp.Header.Get("Etag"))
	assert.Equal(t, `"default";r=6;t=60`, resp.Header.Get("Ratelimit"))
	assert.Equal(t, 304, api(t, srv, "GET", "/images/v1/a/100%25/blob", "If-None-Match", resp.Header.Get("Etag")).Status)
	assert.Equal(t, "PNG", api(t, srv, "GET", "/images/v1/a/100%25/blob", "Range", "bytes=1-3").Body)

	assert.Equal(t, 404, api(t, srv, "GET", "/images/v1/b/blob").Status)
	assert.Equal(t, 405, api(t, srv, "PUT", "/images/v1/a/100%25/blob").Status)
	assert.Equal(t, 401, do(t, srv, newRequest(t, "GET", accountURL(srv)+"/images/v1/a/100%25/blob", nil)).Status)
	assert.Equal(t, 6, srv.Count(imagestest.OpBlob))
	assert.Equal(t, "a/100%", srv.Requests()[1].ImageID)
}

func TestBlobsOfAddedAndPrivateImages(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.Account(imagestest.AccountID).AddToken("reader", imagestest.Read)
	srv.AddImages(cfimages.Image{ID: "added"}, cfimages.Image{ID: "private", RequireSignedURLs: true})
	delivered := do(t, srv, newRequest(t, "GET", srv.Images()[0].Variants[0], nil))
	for _, id := range []string{"added", "private"} {
		resp := do(t, srv, newRequest(t, "GET", accountURL(srv)+"/images/v1/"+id+"/blob", nil, "Authorization", "Bearer reader"))
		assert.Equal(t, 200, resp.Status, id)
		assert.Equal(t, "image/png", resp.Header.Get("Content-Type"), id)
		if id == "added" {
			assert.Equal(t, delivered.Body, resp.Body)
		}
	}
}

func TestTheClientDownloadsWhatItUploaded(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	client := srv.Client()
	for _, size := range []int{0, 1, 100_000, 3 << 20} {
		content := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", size)
		created, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.NoError(t, err)
		_, err = client.DirectUploads.Upload(t.Context(), created.UploadURL, cfimages.File{Body: strings.NewReader(content)})
		require.NoError(t, err)
		blob, err := client.ImagesV1.Blob(t.Context(), created.ID)
		require.NoError(t, err)
		got, err := io.ReadAll(blob)
		require.NoError(t, err)
		require.NoError(t, blob.Close())
		assert.True(t, content == string(got), "size %d", size)
		assert.Equal(t, int64(len(content)), blob.Size)
		assert.Equal(t, "image/png", blob.ContentType)
		assert.NotEmpty(t, blob.ETag)
	}
}

// TestIDsThatLookLikePaths has images whose IDs end like the path of an uploaded file,
// or are the path of another call.
func TestIDsThatLookLikePaths(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(imagesNamed("a", "b", "b/blob", "blob", "c/blob", "batch_token")...)
	srv.AddImages(cfimages.Image{ID: "a/d/blob", Draft: true})
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	const blob, details, noRoute = imagestest.OpBlob, imagestest.OpGet, imagestest.OpUnknown

	for _, test := range []struct {
		path   string
		op     imagestest.Operation
		id     string
		status int
		batch  imagestest.Operation // on the batch host
	}{
		{"a/blob", blob, "a", 200, noRoute},
		{"a%2Fblob", details, "a/blob", 404, details},
		{"b/blob", details, "b/blob", 200, details},
		{"b%2Fblob", details, "b/blob", 200, details},
		{"b/blob/blob", blob, "b/blob", 200, noRoute},
		{"b%2Fblob/blob", blob, "b/blob", 200, noRoute},
		{"c/blob", details, "c/blob", 200, details},
		{"c/blob/blob", blob, "c/blob", 200, noRoute},
		{"a/d/blob", details, "a/d/blob", 200, details},
		{"a/d/blob/blob", blob, "a/d/blob", 404, noRoute},
		{"blob", details, "blob", 200, details},
		{"blob/blob", blob, "blob", 200, noRoute},
		{"/blob", details, "/blob", 404, details},
		{"x/blob", blob, "x", 404, noRoute},
		{"batch_token/blob", blob, "batch_token", 200, noRoute},
		{"batch_token", imagestest.OpBatchToken, "", 200, noRoute},
	} {
		srv.ResetRequests()
		api(t, srv, "GET", "/images/v1/"+test.path)
		onBatch := batch(t, srv, token, "GET", "/images/v1/"+test.path)
		requests := srv.Requests()
		require.Len(t, requests, 2)
		assert.Equal(t, test.op, requests[0].Operation, test.path)
		assert.Equal(t, test.id, requests[0].ImageID, test.path)
		assert.Equal(t, test.status, requests[0].Status, test.path)
		assert.Equal(t, test.batch, requests[1].Operation, test.path)
		if test.batch == noRoute {
			assert.Equal(t, "Could not route to this path", onBatch.message(), test.path)
		} else {
			assert.Equal(t, test.status, onBatch.Status, test.path)
		}
	}
	assert.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/b/blob").Status, "a deletion always means the ID")
	assert.Equal(t, 404, api(t, srv, "DELETE", "/images/v1/a/blob").Status)
	assert.Equal(t, 404, batch(t, srv, "x", "GET", "/images/v1/c/blob").Status, "without a token there is no account to look in")
	assert.Equal(t, 403, do(t, srv, newRequest(t, "GET", srv.URL()+"/accounts/unknown/images/v1/c/blob", nil,
		"Authorization", "Bearer "+imagestest.APIToken)).Status)
}

func TestFaultsOfBlobs(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "a"})
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpBlob, Kind: imagestest.EdgePage(502)},
		imagestest.Fault{Operation: imagestest.OpBlob, Call: 1, At: imagestest.MidBody(9), Kind: imagestest.Cut{}},
	)
	assert.Equal(t, 502, api(t, srv, "GET", "/images/v1/a/blob").Status)
	resp, err := srv.HTTPClient().Do(newRequest(t, "GET", accountURL(srv)+"/images/v1/a/blob", nil,
		"Authorization", "Bearer "+imagestest.APIToken))
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Len(t, body, 9)
	assert.Greater(t, resp.ContentLength, int64(9))
	assert.Empty(t, srv.Unused())
}
