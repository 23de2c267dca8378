package imagestest_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestRequestsAreRecorded(t *testing.T) {
	srv := newServer(t, imagestest.WithClock(imagestest.NewClock(noon)))
	draft := create(t, srv)
	id := draft.Result.ID
	list(t, srv, "meta.b[gte]=1&meta.a[eq]=x%20y&creator=")
	api(t, srv, "GET", "/images/v1/"+id)
	assert.False(t, srv.Verified(id), "only the draft was seen")
	do(t, srv, newRequest(t, "OPTIONS", draft.Result.UploadURL, nil))
	upload(t, srv, draft.Result.UploadURL, "a.png", png)
	assert.False(t, srv.Verified(id))
	api(t, srv, "GET", "/images/v1/"+id)
	assert.True(t, srv.Verified(id))
	api(t, srv, "DELETE", "/images/v1/"+id)
	api(t, srv, "PUT", "/images/v1/"+id)

	path := "/client/v4/accounts/" + imagestest.AccountID + "/images/"
	requests := srv.Requests()
	require.Len(t, requests, 8)
	for i, want := range []imagestest.Request{
		{Operation: imagestest.OpCreate, ImageID: id, Method: "POST", Path: path + "v2/direct_upload", Status: 200, Draft: true},
		{Operation: imagestest.OpList, Method: "GET", Path: path + "v2", Status: 200,
			Query: url.Values{"meta.a[eq]": {"x y"}, "meta.b[gte]": {"1"}, "creator": {""}}},
		{Operation: imagestest.OpGet, ImageID: id, Method: "GET", Path: path + "v1/" + id, Status: 200, Draft: true},
		{Operation: imagestest.OpPreflight, ImageID: id, Method: "OPTIONS", Path: "/upload/[redacted]", Status: 204},
		{Operation: imagestest.OpUpload, ImageID: id, Method: "POST", Path: "/upload/[redacted]", Status: 200},
		{Operation: imagestest.OpGet, ImageID: id, Method: "GET", Path: path + "v1/" + id, Status: 200},
		{Operation: imagestest.OpDelete, ImageID: id, Method: "DELETE", Path: path + "v1/" + id, Status: 200},
		{Operation: imagestest.OpUnknown, Method: "PUT", Path: path + "v1/" + id, Status: 405},
	} {
		want.Time, want.Proto = noon, "HTTP/1.1"
		if i != 3 && i != 4 {
			want.AccountID = imagestest.AccountID
		}
		if want.Query == nil {
			want.Query = url.Values{}
		}
		assert.Equal(t, want, requests[i])
	}
	assert.Equal(t, []string{"a[eq]=x y", "b[gte]=1"}, requests[1].Filters())
	assert.Equal(t, 1, srv.Count(imagestest.OpCreate))
	assert.Equal(t, 2, srv.Count(imagestest.OpGet))

	log := fmt.Sprintf("%+v", requests)
	assert.NotContains(t, log, draft.Result.UploadURL)
	assert.NotContains(t, log, imagestest.AccountHash)
	assert.NotContains(t, log, imagestest.APIToken)

	srv.ResetRequests()
	assert.Empty(t, srv.Requests())
	assert.Zero(t, srv.Count(imagestest.OpGet))
}

func TestRequestsRedactSourceURLs(t *testing.T) {
	srv := newServer(t)
	const secret = "hunter2"
	for source, want := range map[string]string{
		"https://user:hunter2@example.com/a.png?token=hunter2#hunter2": "https://example.com/a.png?[redacted]",
		"http://hunter2@example.com":                                   "http://example.com",
		"ftp://user:hunter2@example.com/a.png":                         "[redacted]",
		"https://user:hunter2@example.com/%zz":                         "[redacted]",
		"hunter2":                                                      "[redacted]",
	} {
		srv.ResetRequests()
		resp := uploadImage(t, srv, "url", source)
		assert.Equal(t, 400, resp.Status)
		assert.Equal(t, want, srv.Requests()[0].SourceURL)
		assert.NotContains(t, fmt.Sprintf("%+v", srv.Requests()), secret)
		assert.NotContains(t, resp.Body, secret)
	}
}

func TestRequestsOmitSigningKeys(t *testing.T) {
	srv := newServer(t)
	for _, name := range []string{"a", "default"} {
		api(t, srv, "PUT", "/images/v1/keys/"+name)
	}
	resp := api(t, srv, "GET", "/images/v1/keys")
	require.Len(t, resp.Result.Keys, 2)
	for _, key := range resp.Result.Keys {
		assert.NotContains(t, fmt.Sprintf("%+v", srv.Requests()), key.Value)
	}
}

func TestRequestsAreACopy(t *testing.T) {
	srv := newServer(t)
	list(t, srv, "creator=a")
	srv.Requests()[0].Query.Set("creator", "b")
	assert.Equal(t, "a", srv.Requests()[0].Query.Get("creator"))
}
