package imagestest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// batchToken creates a batch token of an account with an API token.
func batchToken(t testing.TB, srv *imagestest.Server, accountID, apiToken string) string {
	t.Helper()
	resp := do(t, srv, newRequest(t, "GET", srv.URL()+"/accounts/"+accountID+"/images/v1/batch_token", nil,
		"Authorization", "Bearer "+apiToken))
	require.Equal(t, 200, resp.Status, resp.Body)
	token, _ := tokenOf(t, resp)
	return token
}

// tokenOf returns the batch token in a response.
func tokenOf(t testing.TB, resp result) (token, expiresAt string) {
	t.Helper()
	var body struct {
		Result struct{ Token, ExpiresAt string }
	}
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &body))
	require.NotEmpty(t, body.Result.Token)
	return body.Result.Token, body.Result.ExpiresAt
}

// batch sends a request to the batch host.
func batch(t testing.TB, srv *imagestest.Server, token, method, path string) result {
	t.Helper()
	return do(t, srv, newRequest(t, method, srv.BatchURL()+path, nil, "Authorization", "Bearer "+token))
}

func TestBatchTokens(t *testing.T) {
	var first []string
	for range 2 {
		clock := imagestest.NewClock(noon.Add(273411200).In(time.FixedZone("", 3600)))
		srv := newServer(t, imagestest.InMemory(), imagestest.WithClock(clock), imagestest.WithRateLimit(3, time.Minute))
		srv.Account("other").AddToken("other token", imagestest.Write)
		resp := api(t, srv, "GET", "/images/v1/batch_token")
		token, expiresAt := tokenOf(t, resp)
		assert.True(t, resp.Success)
		assert.Equal(t, "2026-03-01T13:00:00.273411200Z", expiresAt)
		assert.Equal(t, `"default";r=2;t=60`, resp.Header.Get("Ratelimit"), "it counts like any call")

		others := batchToken(t, srv, "other", "other token")
		again := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
		assert.NotEqual(t, token, others)
		assert.NotEqual(t, token, again)
		for _, token := range []string{token, again} {
			assert.Equal(t, 200, batch(t, srv, token, "GET", "/images/v2").Status, "an earlier token stays valid")
		}
		first = append(first, token)
	}
	assert.Equal(t, first[0], first[1], "the same in every run")
}

func TestTheBatchHostServesTheSameCalls(t *testing.T) {
	srv := newServer(t, imagestest.InMemory(), imagestest.WithRateLimit(1, time.Hour))
	srv.AddImages(imagesNamed("a/b", "c")...)
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)

	assert.Equal(t, []string{"c", "a/b"}, batch(t, srv, token, "GET", "/images/v2").ids())
	assert.Equal(t, "a/b", batch(t, srv, token, "GET", "/images/v1/a/b").Result.ID)
	assert.Equal(t, 200, batch(t, srv, token, "DELETE", "/images/v1/a%2Fb").Status)
	form := "--b\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\nmade\r\n--b--\r\n"
	created := do(t, srv, newRequest(t, "POST", srv.BatchURL()+"/images/v2/direct_upload", strings.NewReader(form),
		"Authorization", "Bearer "+token, "Content-Type", "multipart/form-data; boundary=b"))
	uploaded := upload(t, srv, created.Result.UploadURL, "a.png", png)
	require.Equal(t, 200, uploaded.Status)
	shown := batch(t, srv, token, "GET", "/images/v1/made")
	assert.Equal(t, uploaded.Result.Variants, shown.Result.Variants)
	assert.Equal(t, png, do(t, srv, newRequest(t, "GET", shown.Result.Variants[0], nil)).Body)

	for _, resp := range []result{created, shown, batch(t, srv, token, "GET", "/nothing"), batch(t, srv, "x", "GET", "/images/v2")} {
		assert.NotContains(t, resp.Header, "Ratelimit", "nothing was counted")
		assert.NotContains(t, resp.Header, "Ratelimit-Policy")
		assert.Contains(t, resp.Header, "Cf-Ray")
	}
	assert.Equal(t, 429, list(t, srv, "").Status, "the token call was the one that the quota allows")
}

func TestBatchRequestsAreRecorded(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	batch(t, srv, token, "GET", "/images/v2?creator=x")
	batch(t, srv, token, "GET", "/images/v1/a")
	batch(t, srv, "x", "GET", "/images/v2")
	list(t, srv, "")

	var seen []string
	for _, r := range srv.Requests() {
		seen = append(seen, fmt.Sprint(r.Batch, " ", r.AccountID == imagestest.AccountID, " ", r.Operation, r.ImageID, " ", r.Status))
	}
	assert.Equal(t, []string{
		"false true ImagesV1.BatchToken 200", "true true ImagesV2.List 200", "true true ImagesV1.Geta 404",
		"true false ImagesV2.List 401", "false true ImagesV2.List 200",
	}, seen)
	assert.Equal(t, "/batch/images/v2", srv.Requests()[1].Path)
	assert.NotContains(t, fmt.Sprintf("%+v", srv.Requests()), token)
}

func TestBatchAuthentication(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.InMemory(), imagestest.WithClock(clock), imagestest.WithBatchTokenLifetime(2*time.Hour))
	srv.Account(imagestest.AccountID).AddToken("reader", imagestest.Read)
	expired := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	clock.Advance(time.Nanosecond)
	full := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	reader := batchToken(t, srv, imagestest.AccountID, "reader")
	clock.Advance(2*time.Hour - time.Nanosecond)
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }

	for _, test := range []struct {
		name         string
		headers      []string
		list, delete int
	}{
		{"batch token", bearer(full), 200, 404},
		{"of a reader", bearer(reader), 200, 403},
		{"expired", bearer(expired), 401, 401},
		{"unknown", bearer("imagestest-batch_not-a-secret_0"), 401, 401},
		{"API token", bearer(imagestest.APIToken), 401, 401},
		{"nothing", nil, 401, 401},
		{"no token", bearer(""), 401, 401},
		{"basic", []string{"Authorization", "Basic " + full}, 401, 401},
		{"e-mail and key", []string{"X-Auth-Email", imagestest.Email, "X-Auth-Key", imagestest.APIKey}, 401, 401},
		{"batch token as key", []string{"X-Auth-Email", imagestest.Email, "X-Auth-Key", full}, 401, 401},
	} {
		list := do(t, srv, newRequest(t, "GET", srv.BatchURL()+"/images/v2", nil, test.headers...))
		assert.Equal(t, test.list, list.Status, test.name)
		if test.list > 400 {
			assert.Equal(t, 10000, list.Errors[0].Code, test.name)
		}
		remove := do(t, srv, newRequest(t, "DELETE", srv.BatchURL()+"/images/v1/x", nil, test.headers...))
		assert.Equal(t, test.delete, remove.Status, test.name)
	}
	for _, path := range []string{"/images/v2", "/images/v1/x", "/images/v1/batch_token"} {
		resp := do(t, srv, newRequest(t, "GET", accountURL(srv)+path, nil, bearer(full)...))
		assert.Equal(t, 401, resp.Status, "a batch token is none of the API: %s", path)
	}
	clock.Advance(time.Hour)
	assert.Equal(t, 401, batch(t, srv, full, "GET", "/images/v2").Status)
}

func TestBatchTokensKeepAccountsApart(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	other := srv.Account("other")
	srv.AddImages(cfimages.Image{ID: "ours"})
	other.AddImages(cfimages.Image{ID: "theirs"})
	other.AddToken(imagestest.APIToken, imagestest.Read)
	ours := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	theirs := batchToken(t, srv, "other", imagestest.APIToken)
	other.AddToken(ours, imagestest.Write)

	assert.Equal(t, []string{"ours"}, batch(t, srv, ours, "GET", "/images/v2").ids())
	assert.Equal(t, []string{"theirs"}, batch(t, srv, theirs, "GET", "/images/v2").ids())
	assert.Equal(t, 404, batch(t, srv, ours, "DELETE", "/images/v1/theirs").Status)
	assert.Equal(t, 403, batch(t, srv, theirs, "DELETE", "/images/v1/theirs").Status, "its maker may only read there")
	assert.Equal(t, "other", srv.Requests()[len(srv.Requests())-1].AccountID)
	assert.Equal(t, 403, do(t, srv, newRequest(t, "GET", accountURL(srv)+"/images/v2", nil, "Authorization", "Bearer "+ours)).Status)
}

func TestPathsOfTheBatchHost(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(imagesNamed("batch_token", "batch/x")...)
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	for _, path := range []string{
		"", "/", "/images", "/images/v2/", "/images/v1/", "/client/v4/accounts/x/images/v2",
		"/accounts/" + imagestest.AccountID + "/images/v2", "/images/v1/batch_token", "/upload/x/y",
		"/images/v1/stats", "/images/v1/keys", "/images/v1/keys/x", "/images/v1/variants", "/images/v1/variants/public",
	} {
		resp := batch(t, srv, token, "GET", path)
		assert.Equal(t, 404, resp.Status, path)
		assert.Equal(t, "Could not route to this path", resp.message(), path)
	}
	assert.Equal(t, 404, batch(t, srv, token, "PATCH", "/images/v1/config").Status)
	for _, path := range []string{"/images/v1", "/images/v2", "/images/v2/direct_upload", "/images/v1/x", "/images/v1/batch_token"} {
		assert.Equal(t, 405, batch(t, srv, token, "PUT", path).Status, path)
	}
	assert.Equal(t, 200, batch(t, srv, token, "GET", "/images/v1/batch/x").Status)
	assert.Equal(t, 405, api(t, srv, "POST", "/images/v1/batch_token").Status)
	assert.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/batch_token").Status, "the image of that name")
}

func TestFaultsAffectTheBatchHost(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "a"})
	srv.Inject(
		imagestest.Fault{Operation: imagestest.OpBatchToken, Kind: imagestest.Refusal(500)},
		imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Refusal(503)},
		imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.EmptyPage{}},
	)
	assert.Equal(t, 500, api(t, srv, "GET", "/images/v1/batch_token").Status)
	token := batchToken(t, srv, imagestest.AccountID, imagestest.APIToken)
	assert.Equal(t, 503, batch(t, srv, token, "GET", "/images/v2").Status)
	empty := batch(t, srv, token, "GET", "/images/v2")
	assert.Empty(t, empty.ids())
	require.NotNil(t, empty.Result.ContinuationToken)
	page := batch(t, srv, token, "GET", "/images/v2?continuation_token="+*empty.Result.ContinuationToken)
	assert.Equal(t, []string{"a"}, page.ids())
	assert.Empty(t, srv.Unused())
}

// TestExpiredBatchTokensAreDiscarded creates tokens that would need 25 MB.
func TestExpiredBatchTokensAreDiscarded(t *testing.T) {
	srv := newServer(t, imagestest.InMemory(), imagestest.WithBatchTokenLifetime(time.Minute))
	handler := srv.Handler()
	live := func() uint64 {
		srv.ResetRequests()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	for range 5000 {
		srv.Clock().Advance(time.Minute)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, newRequest(t, "GET", accountURL(srv)+"/images/v1/batch_token", nil,
			"Authorization", "Bearer "+imagestest.APIToken))
		require.Equal(t, http.StatusOK, w.Code)
	}
	assert.Less(t, live(), before+5<<20)
}
