package imagestest_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCreateResponseMatchesTheReferenceSample(t *testing.T) {
	srv := newServer(t)
	origin := strings.TrimSuffix(srv.URL(), "/client/v4")
	id := "users/7/häuser 50%"

	resp := create(t, srv, "id", id)

	assert.Equal(t, 200, resp.Status)
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"id":"users/7/häuser 50%","uploadURL":"`+origin+
		"/upload/"+imagestest.AccountHash+`/users/7/h%C3%A4user%2050%25"},"success":true}`, resp.Body)
}

func TestCreateStoresADraft(t *testing.T) {
	srv := newServer(t, imagestest.WithClock(imagestest.NewClock(noon)))
	resp := create(t, srv, "creator", "alice", "metadata", `{"a": {"b": 1}}`, "requireSignedURLs", "true")
	require.Equal(t, 200, resp.Status, resp.Body)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, resp.Result.ID)

	draft := api(t, srv, "GET", "/images/v1/"+resp.Result.ID)
	assert.Equal(t, 200, draft.Status)
	assert.True(t, draft.Result.Draft)
	assert.Equal(t, "alice", *draft.Result.Creator)
	assert.Equal(t, `{"a":{"b":1}}`, string(draft.Result.Meta))
	assert.True(t, draft.Result.RequireSignedURLs)
	assert.Equal(t, "2026-03-01T12:00:00.000Z", draft.Result.Uploaded)

	stored := srv.Images()
	require.Len(t, stored, 1)
	assert.True(t, stored[0].Draft)
}

func TestGeneratedIDsAreTheSameInEveryRun(t *testing.T) {
	one, other := newServer(t), newServer(t)
	first, second := create(t, one).Result.ID, create(t, one).Result.ID
	assert.NotEqual(t, first, second)
	assert.Equal(t, first, create(t, other).Result.ID)
}

func TestCreateRules(t *testing.T) {
	srv := newServer(t, imagestest.WithClock(imagestest.NewClock(noon)))
	at := func(d time.Duration) string { return noon.Add(d).Format(time.RFC3339Nano) }
	object := func(size int) string { return `{"k":"` + strings.Repeat("x", size-8) + `"}` }
	for _, test := range []struct{ field, value, message string }{
		{"id", strings.Repeat("é", 1024), ""},
		{"id", strings.Repeat("é", 1025), "CustomID too long: 1025 characters provided, maximum 1024 allowed"},
		{"id", "/a", "CustomID must not start or end with a slash"},
		{"id", "a/", "CustomID must not start or end with a slash"},
		{"id", "107b9558-dd06-4bbd-5fef-9c2c16bb7900", "CustomID must not be UUID"},
		{"id", "107B9558-DD06-4BBD-5FEF-9C2C16BB7900", "CustomID must not be UUID"},
		{"id", "107b9558-dd06-4bbd-5fef-9c2c16bb790g", ""},
		{"id", "\xff", "Field 'id' must be text"},
		{"expiry", at(2 * time.Minute), ""},
		{"expiry", at(2*time.Minute - 4*time.Second), ""},
		{"expiry", at(2*time.Minute - 6*time.Second), "expiry is out of accepted bound."},
		{"expiry", at(6 * time.Hour), ""},
		{"expiry", at(6*time.Hour + time.Millisecond), "expiry is out of accepted bound."},
		{"expiry", "2026-03-01T15:00:00+02:00", ""},
		{"expiry", "tomorrow", "Invalid expiry: 'tomorrow' is not an RFC 3339 time"},
		{"metadata", object(1024), ""},
		{"metadata", object(1025), "Invalid metadata: 1025 bytes, maximum 1024 allowed"},
		{"metadata", object(1000) + strings.Repeat(" ", 25), "Invalid metadata: 1025 bytes, maximum 1024 allowed"},
		{"metadata", "[1]", "Invalid metadata: not a JSON object"},
		{"metadata", "null", "Invalid metadata: not a JSON object"},
		{"requireSignedURLs", "false", ""},
		{"requireSignedURLs", "yes", "Invalid requireSignedURLs: 'yes', expected 'true' or 'false'"},
		{"creators", "a", "Unknown field 'creators'"},
	} {
		resp := create(t, srv, test.field, test.value)
		assert.Equal(t, test.message, resp.message(), "%s=%.40s", test.field, test.value)
		if test.message != "" {
			assert.Equal(t, 400, resp.Status)
		}
	}
	for _, malformed := range []string{`{"a":1`, `{"a":1,"a":2}`, `{} {}`, `x`} {
		assert.Contains(t, create(t, srv, "metadata", malformed).message(), "Invalid metadata: not valid JSON", malformed)
	}
	private := create(t, srv, "id", "mine", "requireSignedURLs", "true")
	assert.Equal(t, "Private custom ID is not supported", private.message())
	assert.Equal(t, "Field 'creator' given more than once", create(t, srv, "creator", "a", "creator", "b").message())
}

func TestCreateRejectsATakenID(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock))
	srv.AddImages(imagesNamed("image")...)
	assert.Equal(t, 409, create(t, srv, "id", "image").Status)
	require.Equal(t, 200, create(t, srv, "id", "draft").Status)
	assert.Equal(t, 409, create(t, srv, "id", "draft").Status)
	clock.Advance(30 * time.Minute)
	assert.Equal(t, 200, create(t, srv, "id", "draft").Status, "the link of the older draft has expired")
}

func TestCreateAcceptsOnlyMultipartForms(t *testing.T) {
	srv := newServer(t)
	post := func(contentType, body string) result {
		return do(t, srv, newRequest(t, "POST", accountURL(srv)+"/images/v2/direct_upload", strings.NewReader(body),
			"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", contentType))
	}
	assert.Equal(t, 200, post("multipart/form-data; boundary=b", "--b--\r\n").Status)
	assert.Equal(t, 415, post("application/json", `{"creator":"a"}`).Status)
	assert.Equal(t, 415, post("application/x-www-form-urlencoded", "creator=a").Status)
	assert.Equal(t, 415, post("multipart/form-data", "--b--\r\n").Status)
	assert.Equal(t, 400, post("multipart/form-data; boundary=b", "--b\r\n").Status)
	assert.Equal(t, 413, post("multipart/form-data; boundary=b", strings.Repeat("x", 1<<20)).Status)
	assert.Empty(t, len(srv.Images())-1, "only the first made a draft")
}

func TestFlatMetadataOfTheOfficialSDKs(t *testing.T) {
	srv := newServer(t)
	goStyle := create(t, srv, "metadata.status", "active", "metadata.region.name", "eu")
	bracketStyle := create(t, srv, "metadata[status]", "active", "metadata[region][name]", "eu")
	for _, resp := range []result{goStyle, bracketStyle} {
		require.Equal(t, 200, resp.Status, resp.Body)
		draft := api(t, srv, "GET", "/images/v1/"+resp.Result.ID)
		assert.JSONEq(t, `{"status":"active","region":{"name":"eu"}}`, string(draft.Result.Meta))
	}
	for _, fields := range [][]string{
		{"metadata.a", "1", "metadata", "{}"},
		{"metadata.a", "1", "metadata[a]", "1"},
		{"metadata.a", "1", "metadata.a.b", "1"},
	} {
		assert.Contains(t, create(t, srv, fields...).message(), "given more than once")
	}

	strict := newServer(t, imagestest.Enforce(imagestest.RefuseFlatMetadata))
	assert.Equal(t, "Unsupported field 'metadata.a': metadata must be one field with a JSON object",
		create(t, strict, "metadata.a", "1").message())
}

func TestUnknownFieldsCanBeIgnored(t *testing.T) {
	srv := newServer(t, imagestest.Ignore(imagestest.RefuseUnknownFields))
	assert.Equal(t, 200, create(t, srv, "creators", "a").Status)
}

func TestCreateRejectsABrokenBody(t *testing.T) {
	srv := newServer(t)
	req := newRequest(t, "POST", accountURL(srv)+"/images/v2/direct_upload", nil,
		"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", "multipart/form-data; boundary=b")
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader("short")), 100
	_, err := srv.HTTPClient().Do(req)
	require.Error(t, err)
	assert.Empty(t, srv.Images())
}
