package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// book is a list of images served in pages: page n has the token "n", but the
// first none.
type book struct {
	pages [][]string // the IDs
	canned.Transport
}

func newBook(pages ...[]string) *book {
	b := &book{pages: pages}
	b.ThenDo(func(req *http.Request) (*http.Response, error) {
		n, _ := strconv.Atoi(req.URL.Query().Get("continuation_token"))
		return canned.Response(http.StatusOK, b.page(n)), nil
	})
	return b
}

func (b *book) page(n int) string {
	token := "null"
	if n+1 < len(b.pages) {
		token = fmt.Sprintf("%q", strconv.Itoa(n+1))
	}
	return canned.Page(token, b.pages[n]...)
}

// ids returns n IDs from the one numbered from.
func ids(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("img-%d", from+i)
	}
	return all
}

// collect ranges over a walk to its end.
func collect(walk iter.Seq2[cfimages.Image, error]) (got []string, err error) {
	for img, e := range walk {
		if e != nil {
			err = e
			continue
		}
		got = append(got, img.ID)
	}
	return got, err
}

func TestAllWalksEveryPage(t *testing.T) {
	for _, prefetch := range []bool{true, false} {
		b := newBook(ids(0, 3), nil, nil, ids(3, 150), ids(153, 2))
		walk := newClient(t, b, cfimages.WithPrefetch(prefetch)).ImagesV2.All(t.Context(), cfimages.ListParams{
			Creator: new(""), Meta: cfimages.Where(cfimages.Eq("a.b", 5)), SortOrder: cfimages.SortAscending, PerPage: 10,
		})
		for range 2 { // ranging twice walks twice
			got, err := collect(walk)
			require.NoError(t, err)
			assert.Equal(t, ids(0, 155), got)
		}
		require.Len(t, b.Requests, 10)
		for i, req := range b.Requests {
			query := req.URL.Query()
			assert.Equal(t, "10", query.Get("per_page"))
			assert.Equal(t, "asc", query.Get("sort_order"))
			assert.Equal(t, []string{""}, query["creator"])
			assert.Equal(t, "5", query.Get("meta.a.b[eq:number]"))
			want := strconv.Itoa(i % 5)
			if want == "0" {
				assert.NotContains(t, query, "continuation_token")
			} else {
				assert.Equal(t, want, query.Get("continuation_token"))
			}
		}
	}
}

func TestPagesWalksEveryPage(t *testing.T) {
	for _, prefetch := range []bool{true, false} {
		b := newBook(ids(0, 3), nil, ids(3, 2))
		var pages []*cfimages.ImagePage
		for page, err := range newClient(t, b, cfimages.WithPrefetch(prefetch)).ImagesV2.Pages(t.Context(), cfimages.ListParams{Skip: 1}) {
			require.NoError(t, err)
			pages = append(pages, page)
		}
		require.Len(t, pages, 3)
		assert.Len(t, pages[0].Images, 2)
		assert.Equal(t, "1", pages[0].ContinuationToken)
		assert.Empty(t, pages[1].Images)
		assert.Equal(t, "img-4", pages[2].Images[1].ID)
		assert.Empty(t, pages[2].ContinuationToken)
	}
}

func TestWalkFromAPageError(t *testing.T) {
	b := newBook(ids(0, 5), ids(5, 5))
	got, err := collect(newClient(t, b).ImagesV2.All(t.Context(), cfimages.ListParams{ContinuationToken: "1", Skip: 3}))
	require.NoError(t, err)
	assert.Equal(t, ids(8, 2), got)
	got, err = collect(newClient(t, b).ImagesV2.All(t.Context(), cfimages.ListParams{Skip: 7}))
	require.NoError(t, err)
	assert.Equal(t, ids(5, 5), got, "a page that has become shorter is passed over whole")
}

func TestWalkErrors(t *testing.T) {
	cut := func(body string) string { return body[:strings.Index(body, `{"id":"img-2"}`)] }
	tests := []struct {
		name      string
		responses *canned.Transport
		params    cfimages.ListParams
		want      []string
		token     string
		yielded   int
		is        error
	}{
		{name: "bad parameters", responses: canned.JSON(canned.EmptyPage), params: cfimages.ListParams{PerPage: 5}, is: cfimages.ErrInvalidParams},
		{name: "bad parameters of a resumed walk", responses: canned.JSON(canned.EmptyPage), params: cfimages.ListParams{PerPage: 5, ContinuationToken: "t", Skip: 4},
			token: "t", yielded: 4, is: cfimages.ErrInvalidParams},
		{name: "creator not UTF-8", responses: canned.JSON(canned.EmptyPage), params: cfimages.ListParams{Creator: new("\xff")}, is: cfimages.ErrInvalidParams},
		{name: "creator too long", responses: canned.JSON(canned.EmptyPage), params: cfimages.ListParams{Creator: new(strings.Repeat("x", 1025))}, is: cfimages.ErrInvalidParams},
		{name: "the first page", responses: new(canned.Transport).Then(404, ""), is: cfimages.ErrNotFound},
		{name: "the second page", responses: canned.JSON(canned.Page(`"t"`, ids(0, 3)...)).Then(403, ""),
			want: ids(0, 3), token: "t", is: cfimages.ErrForbidden},
		{name: "the middle of a page", responses: canned.JSON(canned.Page(`"t"`, "img-0"), cut(canned.Page("null", ids(1, 3)...))),
			want: ids(0, 2), token: "t", yielded: 1, is: cfimages.ErrMalformedResponse},
		{name: "success:false after the images", responses: canned.JSON(strings.Replace(canned.Page("null", "img-0"), `"success":true`, `"success":false`, 1)),
			want: ids(0, 1), yielded: 1},
		{name: "its own token", responses: canned.JSON(canned.Page(`"t"`, "img-0"), canned.Page(`"t"`, "img-1")), want: ids(0, 2), token: "t", is: cfimages.ErrTokenLoop},
		{name: "the token it started with", responses: canned.JSON(canned.Page(`"b"`, "img-0"), canned.Page(`"a"`, "img-1")),
			params: cfimages.ListParams{ContinuationToken: "a"}, want: ids(0, 2), token: "a", is: cfimages.ErrTokenLoop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			errs := 0
			var failed *cfimages.PageError
			for img, err := range newClient(t, tt.responses).ImagesV2.All(t.Context(), tt.params) {
				if err == nil {
					require.Zero(t, errs, "an image after the error")
					got = append(got, img.ID)
					continue
				}
				errs++
				require.ErrorAs(t, err, &failed)
			}
			require.Equal(t, 1, errs)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.token, failed.ContinuationToken)
			assert.Equal(t, tt.yielded, failed.Yielded)
			if tt.is != nil {
				assert.ErrorIs(t, failed, tt.is)
			}
			if tt.is == cfimages.ErrInvalidParams {
				assert.Empty(t, tt.responses.Requests)
			}
		})
	}
}

func TestLeavingTheLoop(t *testing.T) {
	b := newBook(ids(0, 150), ids(150, 150), ids(300, 150))
	for n, requests := range map[int]int{1: 1, 100: 1, 150: 2} {
		b.Requests = nil
		left := n
		for range newClient(t, b).ImagesV2.All(t.Context(), cfimages.ListParams{}) {
			if left--; left == 0 {
				break
			}
		}
		assert.LessOrEqual(t, len(b.Requests), requests, "%d images taken", n)
	}
	b.Requests = nil
	for range newClient(t, b).ImagesV2.Pages(t.Context(), cfimages.ListParams{}) {
		break
	}
	assert.Len(t, b.Requests, 1)
}

func TestPanicInTheLoop(t *testing.T) {
	b := newBook(ids(0, 150), ids(150, 150))
	assert.PanicsWithValue(t, "mine", func() {
		n := 0
		for range newClient(t, b).ImagesV2.All(t.Context(), cfimages.ListParams{}) {
			if n++; n == 120 {
				panic("mine")
			}
		}
	})
}

func TestCanceledWalk(t *testing.T) {
	b := newBook(ids(0, 150), ids(150, 150))
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("enough")
	var got []string
	var last error
	for img, err := range newClient(t, b).ImagesV2.All(ctx, cfimages.ListParams{}) {
		if last = err; err == nil {
			got = append(got, img.ID)
		}
		if len(got) == 120 {
			cancel(cause)
		}
	}
	assert.Equal(t, ids(0, 120), got)
	require.ErrorIs(t, last, context.Canceled)
	assert.ErrorIs(t, last, cause)
	failed, ok := errors.AsType[*cfimages.PageError](last)
	require.True(t, ok)
	assert.Equal(t, 120, failed.Yielded)

	_, err := collect(newClient(t, b).ImagesV2.All(ctx, cfimages.ListParams{}))
	assert.ErrorIs(t, err, context.Canceled, "also before the first page")
}

// The continuation token may come after the images, and then nothing can be
// prefetched.
func TestTokenAfterTheImages(t *testing.T) {
	last := func(token string, from, n int) string {
		page := canned.Page(token, ids(from, n)...)
		return strings.Replace(strings.Replace(page, `"continuation_token":`+token+`,`, "", 1), `]}`, `],"continuation_token":`+token+`}`, 1)
	}
	responses := []string{last(`"1"`, 0, 150), last(`"2"`, 150, 10), last("null", 160, 10)}
	for _, prefetch := range []cfimages.Option{cfimages.WithPrefetch(true), cfimages.WithPrefetch(false)} {
		got, err := collect(newClient(t, canned.JSON(responses...), prefetch).ImagesV2.All(t.Context(), cfimages.ListParams{}))
		require.NoError(t, err)
		assert.Equal(t, ids(0, 170), got)

		pages := 0
		for page, err := range newClient(t, canned.JSON(responses...), prefetch).ImagesV2.Pages(t.Context(), cfimages.ListParams{}) {
			require.NoError(t, err)
			assert.Equal(t, []string{"1", "2", ""}[pages], page.ContinuationToken)
			pages++
		}
		assert.Equal(t, 3, pages)
	}
}

// With little of the rate limit left, no page is prefetched.
func TestNoPrefetchOnALowQuota(t *testing.T) {
	for remaining, asked := range map[string]int{"19": 2, "100": 3} {
		synctest.Test(t, func(t *testing.T) {
			transport := new(canned.Transport)
			for i := range 4 {
				transport.Then(http.StatusOK, canned.Page(fmt.Sprintf(`"%d"`, i+1), ids(10*i, 10)...), "Ratelimit", `"default";r=`+remaining+`;t=60`)
			}
			n := 0
			for _, err := range newClient(t, transport).ImagesV2.All(t.Context(), cfimages.ListParams{}) {
				require.NoError(t, err)
				if n++; n == 15 { // in the middle of the second page
					synctest.Wait()
					assert.Len(t, transport.Requests, asked, "%s left", remaining)
					break
				}
			}
		})
	}
}
