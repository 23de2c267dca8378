package imagestest_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// walk lists all pages of a query and returns the IDs.
func walk(t *testing.T, srv *imagestest.Server, query string) []string {
	t.Helper()
	var ids []string
	token := ""
	for {
		page := list(t, srv, query+token)
		require.Equal(t, 200, page.Status, page.Body)
		ids = append(ids, page.ids()...)
		if page.Result.ContinuationToken == nil {
			return ids
		}
		assert.LessOrEqual(t, len(*page.Result.ContinuationToken), 32)
		token = "&continuation_token=" + url.QueryEscape(*page.Result.ContinuationToken)
	}
}

func TestListResponseMatchesTheReferenceSample(t *testing.T) {
	clock := imagestest.NewClock(time.Date(2014, 1, 2, 2, 20, 0, 123_000_000, time.UTC))
	srv := newServer(t, imagestest.WithClock(clock), imagestest.WithVariants(imagestest.Variant{Name: "thumb nail"}))
	srv.AddImages(
		cfimages.Image{ID: "a/b c", Creator: "user \"1\"", Filename: "logo.png", Meta: []byte(`{ "key": "v" }`), RequireSignedURLs: true},
		cfimages.Image{ID: "z"},
	)

	resp := list(t, srv, "")

	base := strings.TrimSuffix(srv.URL(), "/client/v4") + "/cdn-cgi/imagedelivery/" + imagestest.AccountHash
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"continuation_token":null,"images":[`+
		`{"id":"z","creator":null,"filename":"","meta":{},"requireSignedURLs":false,"uploaded":"2014-01-02T02:20:00.123Z",`+
		`"variants":["`+base+`/z/public","`+base+`/z/thumb%20nail"]},`+
		`{"id":"a/b c","creator":"user \"1\"","filename":"logo.png","meta":{"key":"v"},"requireSignedURLs":true,`+
		`"uploaded":"2014-01-02T02:20:00.123Z","variants":["`+base+`/a/b%20c/public","`+base+`/a/b%20c/thumb%20nail"]}`+
		`]},"success":true}`, resp.Body)
}

func TestEmptyList(t *testing.T) {
	assert.Contains(t, list(t, newServer(t), "").Body, `"result":{"continuation_token":null,"images":[]}`)
}

func TestListSortsByUploadTime(t *testing.T) {
	srv := newServer(t)
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	srv.AddImages(
		cfimages.Image{ID: "second", Uploaded: day.Add(time.Hour)},
		cfimages.Image{ID: "first", Uploaded: day},
		cfimages.Image{ID: "third", Uploaded: day.Add(time.Hour)},
	)
	assert.Equal(t, []string{"first", "second", "third"}, list(t, srv, "sort_order=asc").ids())
	assert.Equal(t, []string{"third", "second", "first"}, list(t, srv, "sort_order=desc").ids())
	assert.Equal(t, []string{"third", "second", "first"}, list(t, srv, "").ids())
}

func TestListCreatorHasThreeStates(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(
		cfimages.Image{ID: "alice's", Creator: "alice"},
		cfimages.Image{ID: "bob's", Creator: "bob"},
		cfimages.Image{ID: "nobody's"},
	)
	assert.Len(t, list(t, srv, "").ids(), 3)
	assert.Equal(t, []string{"alice's"}, list(t, srv, "creator=alice").ids())
	assert.Equal(t, []string{"nobody's"}, list(t, srv, "creator=").ids())
	assert.Empty(t, list(t, srv, "creator=Alice").ids())
}

func TestListHidesDrafts(t *testing.T) {
	srv := newServer(t)
	require.Equal(t, 200, create(t, srv).Status)
	assert.Empty(t, list(t, srv, "").ids())
}

func TestWalkVisitsEachImageOnce(t *testing.T) {
	for _, n := range []int{9, 10, 11, 20, 25} {
		srv := newServer(t)
		srv.AddImages(numbered(n)...)
		ascending := walk(t, srv, "per_page=10&sort_order=asc")
		descending := walk(t, srv, "per_page=10")
		assert.Len(t, ascending, n)
		assert.True(t, slices.IsSorted(ascending))
		slices.Reverse(descending)
		assert.Equal(t, ascending, descending)
	}
}

func TestTokensStayValidWhileImagesChange(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(numbered(40)...)
	first := list(t, srv, "per_page=10&sort_order=asc")
	require.Equal(t, "009", first.ids()[9])

	// More than half is deleted, the last image seen included, so that the
	// store is compacted.
	for _, img := range numbered(25) {
		require.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/"+img.ID).Status)
	}
	srv.AddImages(cfimages.Image{ID: "early", Uploaded: time.Unix(0, 0)}, cfimages.Image{ID: "late"})

	next := list(t, srv, "per_page=100&sort_order=asc&continuation_token="+*first.Result.ContinuationToken)
	assert.Len(t, next.ids(), 16)
	assert.Equal(t, "025", next.ids()[0])
	assert.Equal(t, "late", next.ids()[15])
}

func TestAnImageAddedAgainGetsANewPosition(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(imagesNamed("a", "b", "a")...)
	assert.Equal(t, []string{"b", "a"}, list(t, srv, "sort_order=asc").ids())
}

func TestTokensAreValidOnlyForTheirQuery(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(numbered(30)...)
	token := *list(t, srv, "per_page=10").Result.ContinuationToken
	changed := "A" + token[1:]
	if changed == token {
		changed = "B" + token[1:]
	}
	for query, status := range map[string]int{
		"per_page=20&continuation_token=" + token:                      200,
		"continuation_token=":                                          200,
		"sort_order=asc&continuation_token=" + token:                   400,
		"creator=&continuation_token=" + token:                         400,
		"meta.a[eq]=1&continuation_token=" + token:                     400,
		"continuation_token=" + changed:                                400,
		"continuation_token=x":                                         400,
		"continuation_token=" + token + token:                          400,
		"continuation_token=%00":                                       400,
		"continuation_token=" + token + "&continuation_token=" + token: 400,
	} {
		assert.Equal(t, status, list(t, srv, query).Status, query)
	}
}

func TestListParameters(t *testing.T) {
	srv := newServer(t)
	strict := newServer(t, imagestest.Enforce(imagestest.RefuseUnknownParams))
	for query, message := range map[string]string{
		"per_page=10":         "",
		"per_page=10000":      "",
		"per_page=10.0":       "",
		"unknown=1":           "",
		"per_page=9":          "Invalid per_page: '9', expected a whole number from 10 to 10000",
		"per_page=10001":      "Invalid per_page: '10001', expected a whole number from 10 to 10000",
		"per_page=10.5":       "Invalid per_page: '10.5', expected a whole number from 10 to 10000",
		"per_page=NaN":        "Invalid per_page: 'NaN', expected a whole number from 10 to 10000",
		"per_page=":           "Invalid per_page: '', expected a whole number from 10 to 10000",
		"sort_order=up":       "Invalid sort_order: 'up', expected 'asc' or 'desc'",
		"sort_order=":         "Invalid sort_order: '', expected 'asc' or 'desc'",
		"creator=a&creator=b": "Query parameter 'creator' given more than once",
		"a=%zz":               `Malformed query: invalid URL escape "%zz"`,
	} {
		resp := list(t, srv, query)
		assert.Equal(t, message, resp.message(), query)
		assert.Equal(t, message == "", resp.Success, query)
		if message != "" {
			assert.Equal(t, 400, resp.Status, query)
		}
	}
	assert.Equal(t, "Unknown query parameter: 'unknown'", list(t, strict, "unknown=1").message())
	assert.Empty(t, list(t, strict, "per_page=10&meta.a[eq]=1").message())
}
