package imagestest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestAuthentication(t *testing.T) {
	srv := newServer(t)
	other := srv.Account("other-account")
	other.AddToken("readers", imagestest.Read)
	other.AddToken("writers", imagestest.Write)
	other.AddKey("other@example.com", "other key")
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	key := func(email, key string) []string { return []string{"X-Auth-Email", email, "X-Auth-Key", key} }

	for _, test := range []struct {
		name, account string
		headers       []string
		list, delete  int
	}{
		{"token", imagestest.AccountID, bearer(imagestest.APIToken), 200, 404},
		{"scheme in lower case", imagestest.AccountID, []string{"Authorization", "bearer " + imagestest.APIToken}, 200, 404},
		{"e-mail and key", imagestest.AccountID, key(imagestest.Email, imagestest.APIKey), 200, 404},
		{"nothing", imagestest.AccountID, nil, 401, 401},
		{"wrong token", imagestest.AccountID, bearer("x"), 401, 401},
		{"no token", imagestest.AccountID, bearer(""), 401, 401},
		{"basic", imagestest.AccountID, []string{"Authorization", "Basic " + imagestest.APIToken}, 401, 401},
		{"token as key", imagestest.AccountID, key(imagestest.Email, imagestest.APIToken), 401, 401},
		{"key without e-mail", imagestest.AccountID, key("", imagestest.APIKey), 401, 401},
		{"wrong account", "other-account", bearer(imagestest.APIToken), 403, 403},
		{"unknown account", "unknown", bearer(imagestest.APIToken), 403, 403},
		{"no account", "", bearer(imagestest.APIToken), 403, 403},
		{"reader", "other-account", bearer("readers"), 200, 403},
		{"writer", "other-account", bearer("writers"), 200, 404},
		{"other key", "other-account", key("other@example.com", "other key"), 200, 404},
	} {
		base := srv.URL() + "/accounts/" + test.account
		list := do(t, srv, newRequest(t, "GET", base+"/images/v2", nil, test.headers...))
		assert.Equal(t, test.list, list.Status, test.name)
		if test.list > 400 {
			assert.Equal(t, 10000, list.Errors[0].Code, test.name)
		}
		remove := do(t, srv, newRequest(t, "DELETE", base+"/images/v1/x", nil, test.headers...))
		assert.Equal(t, test.delete, remove.Status, test.name)
	}
}

func TestAccountsHaveTheirOwnImages(t *testing.T) {
	srv := newServer(t)
	other := srv.Account("other-account")
	other.AddToken(imagestest.APIToken, imagestest.Write)
	other.AddImages(cfimages.Image{ID: "theirs"})
	srv.AddImages(cfimages.Image{ID: "ours"})

	assert.Equal(t, []string{"ours"}, list(t, srv, "").ids())
	theirs := do(t, srv, newRequest(t, "GET", srv.URL()+"/accounts/other-account/images/v2", nil,
		"Authorization", "Bearer "+imagestest.APIToken))
	assert.Equal(t, []string{"theirs"}, theirs.ids())
	assert.Same(t, other, srv.Account("other-account"))
	assert.NotEqual(t, imagestest.AccountHash, other.Hash())
	assert.Contains(t, other.Images()[0].Variants[0], other.Hash())
}

func TestRemovedToken(t *testing.T) {
	srv := newServer(t)
	ours, other := srv.Account(imagestest.AccountID), srv.Account("other")
	ours.AddToken("both", imagestest.Read)
	other.AddToken("both", imagestest.Read)
	stats := func(accountID string) error {
		client := srv.Client(cfimages.WithAPIToken("both"), cfimages.WithAccountID(accountID))
		_, err := client.ImagesV1.Stats(t.Context())
		return err
	}
	ours.RemoveToken("unknown")
	assert.NoError(t, stats(imagestest.AccountID))

	ours.RemoveToken("both")
	assert.ErrorIs(t, stats(imagestest.AccountID), cfimages.ErrForbidden)
	assert.NoError(t, stats("other"))

	other.RemoveToken("both")
	assert.ErrorIs(t, stats("other"), cfimages.ErrUnauthorized)
}
