package imagestest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// settings is everything that operations can change.
func settings(t *testing.T, srv *imagestest.Server) string {
	t.Helper()
	return fmt.Sprint(srv.Images(), api(t, srv, "GET", "/images/v1/keys").Body, api(t, srv, "GET", "/images/v1/variants").Body,
		apiJSON(t, srv, "PATCH", "/images/v1/config", "{}").Body)
}

var everyOperation = []struct {
	op     imagestest.Operation
	scope  imagestest.Scope
	writes bool
}{
	{imagestest.OpList, imagestest.Read, false},
	{imagestest.OpCreate, imagestest.Write, true},
	{imagestest.OpGet, imagestest.Read, false},
	{imagestest.OpBlob, imagestest.Read, false},
	{imagestest.OpUpdate, imagestest.Write, true},
	{imagestest.OpDelete, imagestest.Write, true},
	{imagestest.OpUploadImage, imagestest.Write, true},
	{imagestest.OpStats, imagestest.Read, false},
	{imagestest.OpBatchToken, imagestest.Read, false},
	{imagestest.OpListKeys, imagestest.Read, false},
	{imagestest.OpCreateKey, imagestest.Write, true},
	{imagestest.OpDeleteKey, imagestest.Write, true},
	{imagestest.OpListVariants, imagestest.Read, false},
	{imagestest.OpGetVariant, imagestest.Read, false},
	{imagestest.OpCreateVariant, imagestest.Write, true},
	{imagestest.OpUpdateVariant, imagestest.Write, true},
	{imagestest.OpDeleteVariant, imagestest.Write, true},
	{imagestest.OpConfigure, imagestest.Write, true},
}

// newAccount returns a server with an image and a variant, both with the ID a.
func newAccount(t *testing.T) *imagestest.Server {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.InMemory(), imagestest.WithClock(clock), imagestest.WithVariants(imagestest.Variant{Name: "a"}))
	srv.AddImages(cfimages.Image{ID: "a"})
	return srv
}

func TestFaultsAffectEveryOperation(t *testing.T) {
	for _, test := range everyOperation {
		for _, at := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit} {
			t.Run(fmt.Sprint(test.op, " ", at), func(t *testing.T) {
				srv := newAccount(t)
				before := settings(t, srv)
				srv.Inject(imagestest.Fault{Operation: test.op, At: at, Kind: imagestest.Reset{}})
				count := srv.Count(test.op)
				assert.Error(t, send(srv, requestOf(t, srv, test.op)).err)
				assert.Equal(t, count+1, srv.Count(test.op))
				assert.Empty(t, srv.Unused())
				assert.Equal(t, test.writes && at == imagestest.AfterCommit, settings(t, srv) != before)
			})
		}
	}
}

func TestScopesOfEveryOperation(t *testing.T) {
	for _, test := range everyOperation {
		srv := newAccount(t)
		srv.Account(imagestest.AccountID).AddToken("reader", imagestest.Read)
		srv.Account("other").AddToken("stranger", imagestest.Write)
		before := settings(t, srv)
		status := func(token string) int {
			req := requestOf(t, srv, test.op)
			req.Header.Set("Authorization", "Bearer "+token)
			return send(srv, req).status
		}
		assert.Equal(t, http.StatusUnauthorized, status("unknown"), test.op)
		assert.Equal(t, http.StatusForbidden, status("stranger"), test.op)
		if test.scope == imagestest.Write {
			assert.Equal(t, http.StatusForbidden, status("reader"), test.op)
			assert.Equal(t, before, settings(t, srv), test.op)
		} else {
			assert.Equal(t, http.StatusOK, status("reader"), test.op)
		}
		assert.Equal(t, http.StatusOK, status(imagestest.APIToken), test.op)
	}
}
