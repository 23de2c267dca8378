package imagestest_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestUploadImageStoresTheFile(t *testing.T) {
	srv := newServer(t, imagestest.WithClock(imagestest.NewClock(noon)))
	resp := uploadImage(t, srv, "id", "users/7/häuser 50%", "creator", "alice", "metadata", `{"a": 1}`, "file", png)
	require.Equal(t, 200, resp.Status, resp.Body)
	base := strings.TrimSuffix(srv.URL(), "/client/v4") + "/cdn-cgi/imagedelivery/" + imagestest.AccountHash
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"id":"users/7/häuser 50%","creator":"alice","filename":"a.png","meta":{"a":1},`+
		`"requireSignedURLs":false,"uploaded":"2026-03-01T12:00:00.000Z","variants":["`+base+`/users/7/h%C3%A4user%2050%25/public"]},"success":true}`, resp.Body)
	assert.Equal(t, png, do(t, srv, newRequest(t, "GET", resp.Result.Variants[0], nil)).Body)
	assert.Equal(t, "users/7/häuser 50%", srv.Requests()[0].ImageID)
	assert.Equal(t, imagestest.OpUploadImage, srv.Requests()[0].Operation)
}

func TestUploadImageGeneratesAnID(t *testing.T) {
	srv := newServer(t)
	resp := uploadImage(t, srv, "file", png, "requireSignedURLs", "true")
	require.Equal(t, 200, resp.Status)
	assert.Len(t, resp.Result.ID, 36)
	assert.True(t, resp.Result.RequireSignedURLs)
	assert.Equal(t, 401, do(t, srv, newRequest(t, "GET", resp.Result.Variants[0], nil)).Status)
}

func TestInvalidImageUploads(t *testing.T) {
	srv := newServer(t, imagestest.WithMaxFileSize(64))
	srv.AddImages(imagesNamed("taken")...)
	srv.ServeSource("https://example.com/a.png", []byte(png))
	for _, test := range []struct {
		status, code int
		message      string
		fields       []string
	}{
		{400, 5400, "Missing file", nil},
		{400, 5400, "Missing file", []string{"url", ""}},
		{400, 5400, "Provide a file or a url, not both", []string{"file", png, "url", "https://example.com/a.png"}},
		{400, 5400, "More than one file", []string{"file", png, "file", png}},
		{413, 5413, "File too large: 65 bytes, maximum 64 allowed", []string{"file", png + strings.Repeat("x", 65-len(png))}},
		{415, 5415, "Unsupported image format: expected PNG, JPEG, GIF, WebP, SVG, HEIC or AVIF", []string{"file", "text"}},
		{409, 5409, "Image with that ID already exists", []string{"file", png, "id", "taken"}},
		{400, 5400, "CustomID must not be UUID", []string{"file", png, "id", someUUID}},
		{400, 5400, "CustomID must not start or end with a slash", []string{"file", png, "id", "/a"}},
		{400, 5400, "Private custom ID is not supported", []string{"file", png, "id", "a", "requireSignedURLs", "true"}},
		{400, 5400, "Invalid requireSignedURLs: '1', expected 'true' or 'false'", []string{"file", png, "requireSignedURLs", "1"}},
		{400, 5400, "Invalid metadata: not a JSON object", []string{"file", png, "metadata", "[]"}},
		{400, 5400, "Invalid metadata: 1025 bytes, maximum 1024 allowed", []string{"file", png, "metadata", `{"k":"` + strings.Repeat("x", 1017) + `"}`}},
		{400, 5400, "Creator too long: 1025 characters provided, maximum 1024 allowed", []string{"file", png, "creator", strings.Repeat("x", 1025)}},
		{400, 5400, "Unknown field 'expiry'", []string{"file", png, "expiry", "2026-03-01T15:00:00Z"}},
	} {
		resp := uploadImage(t, srv, test.fields...)
		assert.Equal(t, test.message, resp.message())
		assert.Equal(t, test.status, resp.Status, test.message)
		assert.Equal(t, test.code, resp.Errors[0].Code, test.message)
	}
	assert.Equal(t, 415, apiJSON(t, srv, "POST", "/images/v1", `{"url":"https://example.com/a.png"}`).Status)
	assert.Equal(t, 405, api(t, srv, "GET", "/images/v1").Status, "the list by page numbers is deprecated")
	assert.Len(t, srv.Images(), 1)
}

func TestUploadImageReusesTheIDOfAnExpiredDraft(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock))
	link := create(t, srv, "id", "a").Result.UploadURL
	assert.Equal(t, 409, uploadImage(t, srv, "file", png, "id", "a").Status)
	clock.Advance(30 * time.Minute)
	require.Equal(t, 200, uploadImage(t, srv, "file", png, "id", "a").Status)
	assert.Equal(t, 404, upload(t, srv, link, "a.png", png).Status, "the link went with its draft")
	assert.Equal(t, []string{"a"}, list(t, srv, "").ids())
}

func TestUploadImageToTheBatchHost(t *testing.T) {
	srv := newServer(t)
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	contentType, form := imageForm(t, "file", png, "id", "a")
	uploaded := do(t, srv, newRequest(t, "POST", srv.BatchURL()+"/images/v1", form, "Authorization", "Bearer "+token, "Content-Type", contentType))
	require.Equal(t, 200, uploaded.Status, uploaded.Body)
	updated := do(t, srv, newRequest(t, "PATCH", srv.BatchURL()+"/images/v1/a", strings.NewReader(`{"creator":"b"}`),
		"Authorization", "Bearer "+token, "Content-Type", "application/json"))
	require.Equal(t, 200, updated.Status, updated.Body)
	assert.Equal(t, "b", srv.Images()[0].Creator)
	for _, r := range srv.Requests()[1:] {
		assert.True(t, r.Batch)
	}
}

// FuzzUploadImage parses arbitrary forms: none crashes the server, and a stored file is the
// file that was sent.
func FuzzUploadImage(f *testing.F) {
	f.Add("id", "a/b", "file", png)
	f.Add("url", "https://user:pw@example.com/a.png", "metadata", `{"a":1}`)
	f.Add("metadata.a.b", "1", "metadata[a][c]", "2")
	f.Add("requireSignedURLs", "true", "id", "x")
	f.Add("url", "http://[::1%25x]/%zz", "creator", "\xff")
	srv := newServer(f, imagestest.InMemory())
	srv.ServeSource("https://user:pw@example.com/a.png", []byte(png))
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		contentType, form := imageForm(t, name1, value1, name2, value2)
		req := httptest.NewRequest("POST", accountURL(srv)+"/images/v1", form)
		req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
		req.Header.Set("Content-Type", contentType)
		recorder := httptest.NewRecorder()
		srv.Handler().ServeHTTP(recorder, req)
		require.True(t, recorder.Code == 200 || recorder.Code >= 400 && recorder.Code < 500, "%d", recorder.Code)
		require.NotContains(t, fmt.Sprintf("%+v", srv.Requests()), ":pw@")
		for _, img := range srv.Images() {
			require.Equal(t, 200, recorder.Code)
			require.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/"+escapeAll(img.ID)).Status, "%q", img.ID)
		}
		srv.ResetRequests()
	})
}

// escapeAll escapes every byte of an ID, so that paths are not cleaned and have no other
// meaning.
func escapeAll(id string) string {
	var escaped strings.Builder
	for _, b := range []byte(id) {
		fmt.Fprintf(&escaped, "%%%02X", b)
	}
	return escaped.String()
}
