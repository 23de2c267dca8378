package imagestest_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const someUUID = "107b9558-dd06-4bbd-5fef-9c2c16bb7900"

func TestUpdateChangesOnlyGivenFields(t *testing.T) {
	srv := newServer(t, imagestest.WithClock(imagestest.NewClock(noon)))
	require.Equal(t, 200, uploadImage(t, srv, "file", png, "id", "a", "creator", "alice", "metadata", `{"x":1,"y":{"z":2}}`).Status)
	for _, test := range []struct{ body, creator, metadata string }{
		{`{}`, "alice", `{"x":1,"y":{"z":2}}`},
		{`{"metadata":{"y":{"w": 3}}}`, "alice", `{"y":{"w":3}}`},
		{`{"creator":"b\u00f6b"}`, "böb", `{"y":{"w":3}}`},
		{`{"creator":null}`, "", `{"y":{"w":3}}`},
		{`{"creator":"carol","metadata":{}}`, "carol", `{}`},
		{`{"creator":""}`, "", `{}`},
		{`{"requireSignedURLs":false}`, "", `{}`},
	} {
		resp := apiJSON(t, srv, "PATCH", "/images/v1/a", test.body)
		require.Equal(t, 200, resp.Status, resp.Body)
		for _, shown := range []result{resp, api(t, srv, "GET", "/images/v1/a")} {
			assert.Equal(t, "a", shown.Result.ID)
			assert.Equal(t, "a.png", shown.Result.Filename)
			assert.Equal(t, "2026-03-01T12:00:00.000Z", shown.Result.Uploaded)
			assert.Equal(t, test.metadata, string(shown.Result.Meta), test.body)
			assert.Equal(t, test.creator == "", shown.Result.Creator == nil)
			if test.creator != "" {
				assert.Equal(t, test.creator, *shown.Result.Creator)
			}
		}
	}
	assert.Equal(t, png, api(t, srv, "GET", "/images/v1/a/blob").Body)
	assert.Len(t, srv.Images(), 1)
}

func TestFiltersMatchUpdatedImages(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(numbered(3)...)
	apiJSON(t, srv, "PATCH", "/images/v1/001", `{"metadata":{"status":"new"}}`)
	assert.Equal(t, []string{"001"}, list(t, srv, "meta.status[eq:string]=new").ids())
	apiJSON(t, srv, "PATCH", "/images/v1/001", `{"metadata":{"status":"old"}}`)
	assert.Empty(t, list(t, srv, "meta.status[eq:string]=new").ids())
	assert.Equal(t, []string{"000", "001", "002"}, list(t, srv, "sort_order=asc").ids(), "in its place")
}

func TestUpdateDuringAWalk(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(numbered(25)...)
	page := list(t, srv, "per_page=10&sort_order=asc")
	apiJSON(t, srv, "PATCH", "/images/v1/009", `{"metadata":{"a":1}}`)
	apiJSON(t, srv, "PATCH", "/images/v1/010", `{"metadata":{"a":1}}`)
	next := list(t, srv, "per_page=10&sort_order=asc&continuation_token="+*page.Result.ContinuationToken)
	assert.Equal(t, "009", page.ids()[9])
	assert.Equal(t, "010", next.ids()[0])
}

func TestChangingAccessCreatesANewID(t *testing.T) {
	srv := newServer(t)
	first := uploadImage(t, srv, "file", png, "creator", "alice")
	require.Equal(t, 200, first.Status)
	update := func(id, body string) result { return apiJSON(t, srv, "PATCH", "/images/v1/"+id, body) }

	private := update(first.Result.ID, `{"requireSignedURLs":true}`)
	require.Equal(t, 200, private.Status, private.Body)
	assert.NotEqual(t, first.Result.ID, private.Result.ID)
	assert.True(t, private.Result.RequireSignedURLs)
	assert.Equal(t, "alice", *private.Result.Creator)
	assert.Equal(t, first.Result.Uploaded, private.Result.Uploaded)
	assert.Equal(t, 404, api(t, srv, "GET", "/images/v1/"+first.Result.ID).Status)
	assert.Equal(t, 404, do(t, srv, newRequest(t, "GET", first.Result.Variants[0], nil)).Status)
	assert.Equal(t, 401, do(t, srv, newRequest(t, "GET", private.Result.Variants[0], nil)).Status)
	assert.Equal(t, []string{private.Result.ID}, list(t, srv, "creator=alice").ids())

	same := update(private.Result.ID, `{"requireSignedURLs":true}`)
	assert.Equal(t, private.Result.ID, same.Result.ID, "no change of access")
	public := update(private.Result.ID, `{"requireSignedURLs":false,"creator":"bob"}`)
	assert.NotEqual(t, private.Result.ID, public.Result.ID)
	assert.Equal(t, "bob", *public.Result.Creator)
	assert.Len(t, srv.Images(), 1)
}

func TestInvalidUpdates(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{ID: "a", Creator: "alice", Meta: []byte(`{"x":1}`)}, cfimages.Image{ID: "draft", Draft: true}, cfimages.Image{ID: someUUID})
	for _, test := range []struct{ id, body, message string }{
		{"unknown", `{"creator":"b"}`, "Image not found"},
		{"draft", `{"creator":"b"}`, "Image is a draft: nothing was uploaded yet"},
		{"a", `{"requireSignedURLs":true}`, "Private custom ID is not supported"},
		{"a", `{"requireSignedURLs":"true"}`, "Invalid requireSignedURLs: expected true or false"},
		{"a", `{"requireSignedURLs":null}`, "Invalid requireSignedURLs: expected true or false"},
		{"a", `{"creator":7}`, "Invalid creator: expected a string"},
		{"a", `{"creator":"` + strings.Repeat("é", 1025) + `"}`, "Creator too long: 1025 characters provided, maximum 1024 allowed"},
		{"a", `{"metadata":null}`, "Invalid metadata: not a JSON object"},
		{"a", `{"metadata":"{}"}`, "Invalid metadata: not a JSON object"},
		{"a", `{"metadata":{"k":"` + strings.Repeat("x", 1017) + `"}}`, "Invalid metadata: 1025 bytes, maximum 1024 allowed"},
		{"a", `{"meta":{}}`, "Unknown field 'meta' in the body"},
		{"a", `{"creator":"b","requireSignedURLs":true}`, "Private custom ID is not supported"},
		{"a", `[]`, "Invalid body: not a JSON object"},
		{"a", `null`, "Invalid body: not a JSON object"},
	} {
		resp := apiJSON(t, srv, "PATCH", "/images/v1/"+test.id, test.body)
		assert.Equal(t, test.message, resp.message(), test.body)
		assert.True(t, resp.Status >= 400 && resp.Status < 500, "%s: %d", test.body, resp.Status)
	}
	for _, malformed := range []string{``, `{`, `{"creator":"b","creator":"c"}`, `{"metadata":{"a":1,"a":2}}`, `{} {}`, "{\"creator\":\"\xff\"}"} {
		assert.Contains(t, apiJSON(t, srv, "PATCH", "/images/v1/a", malformed).message(), "not valid JSON", malformed)
	}
	form := do(t, srv, newRequest(t, "PATCH", accountURL(srv)+"/images/v1/a", strings.NewReader(`{"creator":"b"}`),
		"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", "application/x-www-form-urlencoded"))
	assert.Equal(t, 415, form.Status)
	unchanged := api(t, srv, "GET", "/images/v1/a")
	assert.Equal(t, "alice", *unchanged.Result.Creator)
	assert.Equal(t, `{"x":1}`, string(unchanged.Result.Meta))
}

func TestUnknownFieldsOfUpdatesCanBeIgnored(t *testing.T) {
	srv := newServer(t, imagestest.Ignore(imagestest.RefuseUnknownFields))
	srv.AddImages(imagesNamed("a")...)
	resp := apiJSON(t, srv, "PATCH", "/images/v1/a", `{"note":1,"creator":"b"}`)
	assert.Equal(t, "b", *resp.Result.Creator)
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: someUUID})
	var clients sync.WaitGroup
	for _, body := range []string{`{"creator":"b"}`, `{"metadata":{"a":1}}`} {
		clients.Go(func() {
			for range 20 {
				apiJSON(t, srv, "PATCH", "/images/v1/"+someUUID, body)
				list(t, srv, "")
			}
		})
	}
	clients.Wait()
	img := srv.Images()[0]
	assert.Equal(t, "b", img.Creator)
	assert.Equal(t, `{"a":1}`, string(img.Meta))
}

// FuzzUpdate parses arbitrary bodies: the status is 200, or the update is rejected and
// changes nothing.
func FuzzUpdate(f *testing.F) {
	f.Add(`{"creator":null,"metadata":{"a":[1,{}]},"requireSignedURLs":false}`)
	f.Add(`{"metadata":{"k":"\ud800"}}`)
	f.Add(`{"creator":"\u0000","requireSignedURLs":true}`)
	f.Add("{\"\xff\":1}")
	srv := newServer(f, imagestest.InMemory())
	f.Fuzz(func(t *testing.T, body string) {
		srv.AddImages(cfimages.Image{ID: "a", Uploaded: noon, Meta: []byte(`{"x":1}`)})
		before := fmt.Sprint(srv.Images())
		req := httptest.NewRequest("PATCH", accountURL(srv)+"/images/v1/a", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
		req.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		srv.Handler().ServeHTTP(recorder, req)
		var resp result
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &resp))
		if recorder.Code != 200 {
			require.Contains(t, []int{400, 413}, recorder.Code)
			require.Equal(t, before, fmt.Sprint(srv.Images()))
			return
		}
		require.True(t, json.Valid(resp.Result.Meta))
		require.LessOrEqual(t, len(resp.Result.Meta), 1024)
	})
}
