package imagestest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestUploadTurnsTheDraftIntoAnImage(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock))
	draft := create(t, srv, "id", "a/b c%", "creator", "alice", "metadata", `{"n":1}`)
	clock.Advance(time.Minute)

	resp := upload(t, srv, draft.Result.UploadURL, "fürs \"Haus\".png", png)

	require.Equal(t, 200, resp.Status, resp.Body)
	assert.True(t, resp.Success)
	assert.Equal(t, "a/b c%", resp.Result.ID)
	assert.Equal(t, "fürs \"Haus\".png", resp.Result.Filename)
	assert.Equal(t, "2026-03-01T12:01:00.000Z", resp.Result.Uploaded)
	for _, path := range []string{"a/b%20c%25", "a%2Fb%20c%25"} {
		details := api(t, srv, "GET", "/images/v1/"+path)
		assert.NotContains(t, details.Body, `"draft"`)
		assert.Equal(t, "alice", *details.Result.Creator)
	}
	assert.Equal(t, []string{"a/b c%"}, list(t, srv, "meta.n[eq]=1").ids())
}

func TestUploadResponseOfTheSimulator(t *testing.T) {
	srv := newServer(t, imagestest.WithSimulatorReplies())
	resp := upload(t, srv, create(t, srv, "id", "a").Result.UploadURL, "a.png", png)
	assert.Equal(t, `{"id":"a","success":true}`, resp.Body)
}

func TestInvalidUploads(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock))
	link := create(t, srv).Result.UploadURL
	check := func(name string, status int, message string, resp result) {
		t.Helper()
		assert.Equal(t, status, resp.Status, name)
		assert.Equal(t, message, resp.message(), name)
	}
	check("unknown", 404, "Upload link not found", upload(t, srv, link+"x", "a.png", png))
	check("other account", 404, "Upload link not found",
		upload(t, srv, strings.Replace(link, imagestest.AccountHash, "other", 1), "a.png", png))
	check("GET", 405, "Method GET not available for this path", do(t, srv, newRequest(t, "GET", link, nil)))
	check("no form", 415, "The body must be multipart/form-data",
		do(t, srv, newRequest(t, "POST", link, strings.NewReader(png), "Content-Type", "image/png")))
	check("no file", 400, "Missing file", do(t, srv, newRequest(t, "POST", link,
		strings.NewReader("--b\r\nContent-Disposition: form-data; name=file\r\n\r\ntext\r\n--b--\r\n"),
		"Content-Type", "multipart/form-data; boundary=b")))
	check("no image", 415, "Unsupported image format: expected PNG, JPEG, GIF, WebP, SVG, HEIC or AVIF",
		upload(t, srv, link, "a.png", "text"))
	for _, header := range []string{"Authorization", "X-Auth-Email", "X-Auth-Key"} {
		check(header, 400, "A one-time upload must not contain an API token or key",
			upload(t, srv, link, "a.png", png, header, "secret"))
	}

	check("still valid", 200, "", upload(t, srv, link, "a.png", png))
	check("used", 409, "Upload link already used", upload(t, srv, link, "a.png", png))
	api(t, srv, "DELETE", "/images/v1/"+srv.Images()[0].ID)
	check("used and deleted", 409, "Upload link already used", upload(t, srv, link, "a.png", png))

	expired := create(t, srv).Result.UploadURL
	clock.Advance(30*time.Minute - time.Nanosecond)
	check("last moment", 415, "Unsupported image format: expected PNG, JPEG, GIF, WebP, SVG, HEIC or AVIF",
		upload(t, srv, expired, "a.png", ""))
	clock.Advance(time.Nanosecond)
	check("expired", 410, "Upload link expired", upload(t, srv, expired, "a.png", png))

	deleted := create(t, srv)
	require.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/"+deleted.Result.ID).Status)
	check("deleted draft", 404, "Upload link not found", upload(t, srv, deleted.Result.UploadURL, "a.png", png))
}

func TestUploadOfTooLargeAFile(t *testing.T) {
	srv := newServer(t, imagestest.WithMaxFileSize(1000))
	for _, size := range []int{1001, 200_000} { // the form around it is too large as well
		link := create(t, srv).Result.UploadURL
		tooLarge := upload(t, srv, link, "a.png", png+strings.Repeat("x", size-len(png)))
		assert.Equal(t, 413, tooLarge.Status)
		largest := upload(t, srv, link, "a.png", png+strings.Repeat("x", 1000-len(png)))
		assert.Equal(t, 200, largest.Status)
	}
}

func TestTheLargestFileIsTenMegabytes(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	link := create(t, srv).Result.UploadURL
	send := func(size int) *httptest.ResponseRecorder {
		file := png + strings.Repeat("x", size-len(png))
		form := "--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + file + "\r\n--b--\r\n"
		req := httptest.NewRequest("POST", link, strings.NewReader(form))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		resp := httptest.NewRecorder()
		srv.Handler().ServeHTTP(resp, req)
		return resp
	}
	tooLarge := send(10_000_001)
	assert.Equal(t, 413, tooLarge.Code)
	assert.Contains(t, tooLarge.Body.String(), "File too large: 10000001 bytes, maximum 10000000 allowed")
	assert.Equal(t, 200, send(10_000_000).Code)
}

func TestUploadCredentialsCanBeIgnored(t *testing.T) {
	srv := newServer(t, imagestest.Ignore(imagestest.RefuseUploadCredentials))
	resp := upload(t, srv, create(t, srv).Result.UploadURL, "a.png", png, "Authorization", "Bearer x")
	assert.Equal(t, 200, resp.Status)
}

func TestOnlyOneOfManyUploadsUsesTheLink(t *testing.T) {
	srv := newServer(t)
	link := create(t, srv).Result.UploadURL
	statuses := make([]int, 8)
	var uploads sync.WaitGroup
	for i := range statuses {
		uploads.Go(func() { statuses[i] = upload(t, srv, link, "a.png", png).Status })
	}
	uploads.Wait()
	assert.ElementsMatch(t, []int{200, 409, 409, 409, 409, 409, 409, 409}, statuses)
	assert.Len(t, list(t, srv, "").ids(), 1)
}

func TestAddedDraftsHaveALink(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{ID: "draft", Draft: true})
	assert.True(t, api(t, srv, "GET", "/images/v1/draft").Result.Draft)
	link := strings.TrimSuffix(srv.URL(), "/client/v4") + "/upload/" + imagestest.AccountHash + "/draft"
	assert.Equal(t, 200, upload(t, srv, link, "a.png", png).Status)
}

func TestFormats(t *testing.T) {
	srv := newServer(t)
	for content, contentType := range map[string]string{
		png:                             "image/png",
		"\xff\xd8\xff\xe0 and the rest": "image/jpeg",
		"GIF89a and the rest":           "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":  "image/webp",
		"\x00\x00\x00\x18ftypheic....":  "image/heic",
		"\x00\x00\x00\x18ftypavif....":  "image/avif",
		"<svg xmlns='x'/>":              "image/svg+xml",
		"\ufeff <?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE svg>\n<svg/>": "image/svg+xml",
		"":                             "",
		"<html><svg/></html>":          "",
		"<!-- <svg>":                   "",
		"\x00\x00\x00\x18ftypmp42....": "",
		"BM and the rest":              "",
		"%PDF-1.4":                     "",
	} {
		resp := upload(t, srv, create(t, srv).Result.UploadURL, "a", content)
		if contentType == "" {
			assert.Equal(t, 415, resp.Status, content)
			continue
		}
		require.Equal(t, 200, resp.Status, content)
		delivered := do(t, srv, newRequest(t, http.MethodGet, resp.Result.Variants[0], nil))
		assert.Equal(t, contentType, delivered.Header.Get("Content-Type"))
		assert.Equal(t, content, delivered.Body)
	}
}
