package imagestest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDetailsOfAnUnknownImage(t *testing.T) {
	srv := newServer(t)
	for _, id := range []string{"x", "x/y", "..", "%2e%2e/v2", "%00", "107b9558-dd06-4bbd-5fef-9c2c16bb7900"} {
		resp := api(t, srv, "GET", "/images/v1/"+id)
		assert.Equal(t, 404, resp.Status, id)
		assert.Equal(t, "Image not found", resp.message(), id)
	}
}

func TestDelete(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(imagesNamed("a/b", "c")...)
	resp := api(t, srv, "DELETE", "/images/v1/a/b")
	assert.Equal(t, `{"errors":[],"messages":[],"result":{},"success":true}`, resp.Body)
	assert.Equal(t, 404, api(t, srv, "GET", "/images/v1/a/b").Status)
	assert.Equal(t, 404, api(t, srv, "DELETE", "/images/v1/a/b").Status)
	assert.Equal(t, []string{"c"}, list(t, srv, "").ids())
}

func TestDeleteADraft(t *testing.T) {
	srv := newServer(t)
	id := create(t, srv).Result.ID
	assert.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/"+id).Status)
	assert.Equal(t, 404, api(t, srv, "GET", "/images/v1/"+id).Status)
	assert.Empty(t, srv.Images())
}

func TestStatsCountImages(t *testing.T) {
	srv := newServer(t)
	stats := func() string { return api(t, srv, "GET", "/images/v1/stats").Body }
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"count":{"allowed":100000,"current":0}},"success":true}`, stats())
	create(t, srv)
	srv.AddImages(numbered(3)...)
	assert.Contains(t, stats(), `"current":3`)
	api(t, srv, "DELETE", "/images/v1/001")
	assert.Contains(t, stats(), `"current":2`)
}

func TestImagesNamedLikeOtherPaths(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(imagesNamed("stats", "config", "keys", "variants/public")...)
	assert.Contains(t, api(t, srv, "GET", "/images/v1/stats").Body, `"count"`)
	assert.Equal(t, "config", api(t, srv, "GET", "/images/v1/config").Result.ID)
	assert.Equal(t, "keys", api(t, srv, "GET", "/images/v1/%6Beys").Result.ID)
	assert.Equal(t, "variants/public", api(t, srv, "GET", "/images/v1/variants%2Fpublic").Result.ID)
	assert.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/stats").Status)
	assert.Equal(t, 405, api(t, srv, "DELETE", "/images/v1/keys").Status)
}
