package cfimages_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestImagesV1(t *testing.T) {
	transport := canned.JSON(canned.Image)
	client := newClient(t, transport)
	for id, path := range map[string]string{
		"img": "img", "a/b": "a/b", "a b/ü?#%2F;": "a%20b/%C3%BC%3F%23%252F%3B", "...": "...", "107b9558-dd06-4bbd-5fef-9c2c16bb7900": "107b9558-dd06-4bbd-5fef-9c2c16bb7900",
	} {
		transport.Requests = nil
		_, err := client.ImagesV1.Get(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, client.ImagesV1.Delete(t.Context(), id))
		assert.Equal(t, "GET /client/v4/accounts/acc/images/v1/"+path, transport.Requests[0].Method+" "+transport.Requests[0].URL.EscapedPath())
		assert.Equal(t, "DELETE /client/v4/accounts/acc/images/v1/"+path, transport.Requests[1].Method+" "+transport.Requests[1].URL.EscapedPath())
	}
	transport.Requests = nil
	for _, id := range []string{"", ".", "..", "a/../../b", "/a", "a/", "a//b", "a\x00", "a\x7f", "a\u0085", "\xff", strings.Repeat("x", 1025)} {
		_, err := client.ImagesV1.Get(t.Context(), id)
		assert.ErrorIs(t, err, cfimages.ErrInvalidParams, "%q", id)
		assert.ErrorIs(t, client.ImagesV1.Delete(t.Context(), id), cfimages.ErrInvalidParams, "%q", id)
	}
	assert.Empty(t, transport.Requests)
}

func TestDelete(t *testing.T) {
	for _, body := range []string{`{"success":true,"result":{}}`, `{"success":true,"result":null}`, `{"success":true,"result":""}`, `{"success":true}`} {
		assert.NoError(t, newClient(t, canned.JSON(body)).ImagesV1.Delete(t.Context(), "img"), body)
	}
	for _, body := range []string{"", "null", "{}", `{"success":false}`, `{"success":1}`} {
		assert.Error(t, newClient(t, canned.JSON(body)).ImagesV1.Delete(t.Context(), "img"), body)
	}
	synctest.Test(t, func(t *testing.T) {
		retrying := cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy())
		lost := func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }
		const unknown = `{"success":false,"errors":[{"code":5404,"message":"Image not found"}]}`
		assert.NoError(t, newClient(t, new(canned.Transport).Then(503, "").Then(404, unknown), retrying).ImagesV1.Delete(t.Context(), "img"),
			"the attempt before may have deleted it")
		assert.ErrorIs(t, newClient(t, new(canned.Transport).Then(503, "").Then(404, "<html>"), retrying).ImagesV1.Delete(t.Context(), "img"), cfimages.ErrNotFound,
			"a proxy's page says nothing of the image")
		assert.ErrorIs(t, newClient(t, new(canned.Transport).Then(429, "").Then(404, unknown), retrying).ImagesV1.Delete(t.Context(), "img"), cfimages.ErrNotFound,
			"the attempt before was rejected")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Microsecond, func() { cancel(&cfimages.Error{StatusCode: 404, Errors: []cfimages.ErrorInfo{{Code: 1}}}) })
		slow := cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, MaxWait: time.Minute})
		assert.ErrorIs(t, newClient(t, new(canned.Transport).Then(503, "", "Retry-After", "5"), slow).ImagesV1.Delete(ctx, "img"), context.Canceled,
			"another call's 404 is the cause of the cancellation")
		assert.ErrorContains(t, newClient(t, new(canned.Transport).ThenDo(lost), retrying).ImagesV1.Delete(t.Context(), "img"), "lost")
	})
}

func TestBlob(t *testing.T) {
	server := new(canned.Transport).Then(http.StatusOK, "pixels", "Content-Type", "image/png", "Etag", `"v1"`, "Content-Length", "6")
	blob, err := newClient(t, server).ImagesV1.Blob(t.Context(), "a/b c")
	require.NoError(t, err)
	got, err := io.ReadAll(blob)
	require.NoError(t, err)
	require.NoError(t, blob.Close())

	assert.Equal(t, "pixels", string(got))
	assert.Equal(t, "image/png", blob.ContentType)
	assert.Equal(t, int64(6), blob.Size)
	assert.Equal(t, `"v1"`, blob.ETag)
	req := server.Requests[0]
	assert.Equal(t, "/client/v4/accounts/acc/images/v1/a/b%20c/blob", req.URL.EscapedPath())
	assert.Equal(t, "*/*", req.Header.Get("Accept"))
	assert.Equal(t, "Bearer token", req.Header.Get("Authorization"))
}

func TestBlobOfUnknownSize(t *testing.T) {
	server := new(canned.Transport).Then(http.StatusOK, "pixels", "Content-Type", "image/png")
	blob, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
	require.NoError(t, err)
	assert.Equal(t, int64(-1), blob.Size)
	got, err := io.ReadAll(blob)
	require.NoError(t, err)
	assert.Equal(t, "pixels", string(got))
}

func TestBlobRejected(t *testing.T) {
	server := new(canned.Transport).Then(http.StatusNotFound, `{"success":false,"errors":[{"code":5404,"message":"no image"}],"result":null}`)
	_, err := newClient(t, server).ImagesV1.Blob(t.Context(), "img")
	assert.ErrorIs(t, err, cfimages.ErrNotFound)
	_, err = newClient(t, server).ImagesV1.Blob(t.Context(), "..")
	assert.ErrorIs(t, err, cfimages.ErrInvalidParams)
	assert.Len(t, server.Requests, 1)
}

// What is not the path of an image is not sent: it may be that of a secret, or of
// something that is not to be deleted.
func TestPathsThatAreNotImages(t *testing.T) {
	server := canned.JSON(canned.Image)
	images := newClient(t, server).ImagesV1
	for _, id := range []string{"keys", "keys/default", "variants", "variants/public", "stats", "batch_token"} {
		_, err := images.Get(t.Context(), id)
		assert.ErrorIs(t, err, cfimages.ErrInvalidParams, id)
		assert.ErrorIs(t, images.Delete(t.Context(), id), cfimages.ErrInvalidParams, id)
		_, err = images.Blob(t.Context(), id)
		assert.ErrorIs(t, err, cfimages.ErrInvalidParams, id)
	}
	_, err := images.Get(t.Context(), "a/blob")
	assert.ErrorIs(t, err, cfimages.ErrInvalidParams)
	assert.Empty(t, server.Requests)
	assert.NoError(t, images.Delete(t.Context(), "a/blob"))
}

func TestStats(t *testing.T) {
	transport := canned.JSON(`{"success":true,"result":{"count":{"allowed":100000,"current":9007199254740993,"x":1},"y":{}}}`)
	stats, err := newClient(t, transport).ImagesV1.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &cfimages.Stats{Current: 9007199254740993, Allowed: 100000}, stats)
	assert.Equal(t, "GET https://api.example/client/v4/accounts/acc/images/v1/stats", transport.Requests[0].Method+" "+transport.Requests[0].URL.String())

	transport = canned.JSON(`{"success":true,"result":{"count":{"allowed":1e5,"current":1.0}}}`)
	stats, err = newClient(t, transport).ImagesV1.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &cfimages.Stats{Current: 1, Allowed: 100_000}, stats)

	for _, result := range []string{
		`null`, `[]`, `{}`, `{"count":null}`, `{"count":{}}`, `{"count":{"current":1}}`, `{"count":{"allowed":1}}`,
		`{"count":{"current":1.5,"allowed":1}}`, `{"count":{"current":"1","allowed":1}}`, `{"count":{"current":1e30,"allowed":1}}`,
	} {
		_, err := newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)).ImagesV1.Stats(t.Context())
		assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, result)
	}
}
