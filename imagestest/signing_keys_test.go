package imagestest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// keyNames lists the keys and returns their names.
func keyNames(t *testing.T, srv *imagestest.Server) []string {
	t.Helper()
	var names []string
	for _, key := range api(t, srv, "GET", "/images/v1/keys").Result.Keys {
		names = append(names, key.Name)
	}
	return names
}

func TestKeysAreListed(t *testing.T) {
	srv := newServer(t)
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"keys":[{"name":"default","value":"`+imagestest.SigningKey+
		`"}]},"success":true}`, api(t, srv, "GET", "/images/v1/keys").Body)
	account := srv.Account(imagestest.AccountID)
	account.AddSigningKey("two")
	require.Equal(t, 200, api(t, srv, "PUT", "/images/v1/keys/key-3").Status)
	account.AddSigningKey("four")
	assert.Equal(t, []string{"default", "key-2", "key-3", "key-4"}, keyNames(t, srv))
}

func TestKeysSignFromTheirCreationToTheirDeletion(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{RequireSignedURLs: true})
	url := srv.Images()[0].Variants[0]
	status := func(key string) int { return do(t, srv, newRequest(t, "GET", sign(t, key, url), nil)).Status }

	created := api(t, srv, "PUT", "/images/v1/keys/new")
	require.Equal(t, 200, created.Status, created.Body)
	require.Len(t, created.Result.Keys, 2, "all keys")
	made := created.Result.Keys[1]
	assert.Equal(t, "new", made.Name)
	assert.Equal(t, 200, status(made.Value))
	assert.Equal(t, 200, status(imagestest.SigningKey))

	deleted := api(t, srv, "DELETE", "/images/v1/keys/default")
	require.Equal(t, 200, deleted.Status)
	assert.Equal(t, created.Result.Keys[1:], deleted.Result.Keys)
	assert.Equal(t, 403, status(imagestest.SigningKey))
	assert.Equal(t, 200, status(made.Value))
}

func TestDeletingTheLastKeyCreatesANewOne(t *testing.T) {
	srv := newServer(t)
	replaced := api(t, srv, "DELETE", "/images/v1/keys/default")
	require.Len(t, replaced.Result.Keys, 1)
	assert.Equal(t, "default", replaced.Result.Keys[0].Name)
	assert.NotEqual(t, imagestest.SigningKey, replaced.Result.Keys[0].Value)
	again := api(t, srv, "DELETE", "/images/v1/keys/default")
	assert.NotEqual(t, replaced.Result.Keys[0].Value, again.Result.Keys[0].Value)
	assert.Equal(t, replaced.Body, api(t, newServer(t), "DELETE", "/images/v1/keys/default").Body, "the same in every run")
}

func TestInvalidKeyRequests(t *testing.T) {
	srv := newServer(t)
	for _, test := range []struct {
		method, name string
		status       int
		message      string
	}{
		{"PUT", strings.Repeat("%C3%A9", 20), 200, ""},
		{"PUT", strings.Repeat("%C3%A9", 21), 400, "Signing key name too long: 21 characters provided, maximum 20 allowed"},
		{"PUT", "default", 409, "Signing key with that name already exists"},
		{"PUT", "a%2Fb", 400, "Invalid signing key name: 'a/b'"},
		{"PUT", "%FF", 400, "Invalid signing key name: '\uFFFD'"},
		{"PUT", "a/b", 404, "Could not route to this path"},
		{"PUT", "", 404, "Could not route to this path"},
		{"DELETE", "unknown", 404, "Signing key not found"},
		{"GET", "default", 405, "Method GET not available for this path"},
	} {
		resp := api(t, srv, test.method, "/images/v1/keys/"+test.name)
		assert.Equal(t, test.status, resp.Status, test.name)
		assert.Equal(t, test.message, resp.message(), test.name)
	}
	assert.Equal(t, 405, api(t, srv, "DELETE", "/images/v1/keys").Status)
	assert.Equal(t, []string{"default", strings.Repeat("é", 20)}, keyNames(t, srv))
}

func TestAccountsHaveTheirOwnKeys(t *testing.T) {
	srv := newServer(t)
	srv.Account("other").AddToken("other", imagestest.Write)
	ask := func(method, path string) result {
		return do(t, srv, newRequest(t, method, srv.URL()+"/accounts/other/images/v1/keys"+path, nil, "Authorization", "Bearer other"))
	}
	assert.Contains(t, ask("GET", "").Body, `"keys":[]`)
	theirs := ask("PUT", "/a").Result.Keys[0].Value
	ours := api(t, srv, "PUT", "/images/v1/keys/a").Result.Keys[1].Value
	assert.NotEqual(t, theirs, ours)
}
