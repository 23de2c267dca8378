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

// options are the options of an ordinary variant.
const options = `{"fit":"cover","width":400,"height":300,"metadata":"keep"}`

// variantJSON returns the JSON for creating a variant.
func variantJSON(id, options string) string {
	return fmt.Sprintf(`{"id":%q,"options":%s}`, id, options)
}

func TestVariantListMatchesTheSample(t *testing.T) {
	srv := newServer(t)
	body := `{"id":"hero","options":{"fit":"contain","height":768,"metadata":"copyright","width":1366,"browser_ttl":3600},"neverRequireSignedURLs":true}`
	created := apiJSON(t, srv, "POST", "/images/v1/variants", body)
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"variant":`+body+`},"success":true}`, created.Body)
	public := `{"id":"public","options":{"fit":"scale-down","height":768,"metadata":"none","width":1366},"neverRequireSignedURLs":false}`
	assert.Equal(t, `{"errors":[],"messages":[],"result":{"variants":{"public":`+public+`,"hero":`+body+`}},"success":true}`,
		api(t, srv, "GET", "/images/v1/variants").Body)
	assert.Equal(t, created.Body, api(t, srv, "GET", "/images/v1/variants/hero").Body)
}

func TestVariantsDecideWhoNeedsASignature(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{RequireSignedURLs: true})
	public := srv.Images()[0].Variants[0]
	hero := strings.Replace(public, "/public", "/my%20hero", 1)
	status := func(url string) int { return do(t, srv, newRequest(t, "GET", url, nil)).Status }

	assert.Equal(t, 404, status(hero))
	require.Equal(t, 200, apiJSON(t, srv, "POST", "/images/v1/variants", variantJSON("my hero", options)).Status)
	assert.Equal(t, []string{public, hero}, srv.Images()[0].Variants)
	assert.Equal(t, 401, status(hero))
	assert.Equal(t, 200, status(sign(t, imagestest.SigningKey, hero)))
	update := func(id, body string) {
		t.Helper()
		require.Equal(t, 200, apiJSON(t, srv, "PATCH", "/images/v1/variants/"+id, body).Status)
	}
	update("my%20hero", `{"options":`+options+`,"neverRequireSignedURLs":true}`)
	assert.Equal(t, 200, status(hero))
	update("my%20hero", `{"options":{"fit":"pad","width":1,"height":1,"metadata":"none"}}`)
	assert.Equal(t, 200, status(hero), "what is not given stays")
	update("public", `{"options":`+options+`,"neverRequireSignedURLs":true}`)
	assert.Equal(t, 200, status(public))
	update("public", `{"options":`+options+`,"neverRequireSignedURLs":false}`)
	assert.Equal(t, 401, status(public))
	require.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/variants/my%20hero").Status)
	assert.Equal(t, 404, status(hero))
	assert.Equal(t, []string{public}, srv.Images()[0].Variants)
}

func TestUpdateOfAVariantReplacesItsOptions(t *testing.T) {
	srv := newServer(t)
	full := `{"fit":"crop","height":2,"metadata":"keep","width":1,"browser_ttl":31536000,"blur":250}`
	assert.Contains(t, apiJSON(t, srv, "POST", "/images/v1/variants", variantJSON("a", full)).Body, full)
	resp := apiJSON(t, srv, "PATCH", "/images/v1/variants/a", `{"options":`+options+`}`)
	assert.Contains(t, resp.Body, `"options":{"fit":"cover","height":300,"metadata":"keep","width":400},`)
}

func TestInvalidVariantRequests(t *testing.T) {
	srv := newServer(t)
	with := func(old, replacement string) string {
		return variantJSON("a", strings.Replace(options, old, replacement, 1))
	}
	for _, test := range []struct{ body, message string }{
		{variantJSON("", options), "Missing variant id"},
		{`{"options":` + options + `}`, "Missing variant id"},
		{`{"id":7,"options":` + options + `}`, "Invalid id: expected a string"},
		{variantJSON(strings.Repeat("é", 100), options), "Variant id too long: 100 characters provided, maximum 99 allowed"},
		{variantJSON("a/b", options), "Invalid variant id: 'a/b'"},
		{variantJSON("w=400", options), "Invalid variant id: 'w=400'"},
		{variantJSON("..", options), "Invalid variant id: '..'"},
		{variantJSON("a\n", options), "Invalid variant id: 'a\n'"},
		{variantJSON("public", options), "Variant with that id already exists"},
		{`{"id":"a"}`, "Missing options"},
		{variantJSON("a", "null"), "Invalid options: not a JSON object"},
		{variantJSON("a", "{}"), "Missing option 'fit'"},
		{with(`,"width":400`, ""), "Missing option 'width'"},
		{with("cover", "squeeze"), "Invalid fit: expected one of scale-down, contain, cover, crop, pad"},
		{with(`"cover"`, "1"), "Invalid fit: expected a string"},
		{with("keep", "all"), "Invalid metadata: expected one of keep, copyright, none"},
		{with("400", "0"), "Invalid width: expected a whole number from 1 to 2147483647"},
		{with("400", "1.5"), "Invalid width: expected a whole number from 1 to 2147483647"},
		{with("300", `"300"`), "Invalid height: expected a whole number from 1 to 2147483647"},
		{with("400", "1e999"), "Invalid width: expected a whole number from 1 to 2147483647"},
		{with("400", `400,"browser_ttl":3599`), "Invalid browser_ttl: expected a whole number from 3600 to 31536000"},
		{with("400", `400,"browser_ttl":31536001`), "Invalid browser_ttl: expected a whole number from 3600 to 31536000"},
		{with("400", `400,"blur":251`), "Invalid blur: expected a whole number from 1 to 250"},
		{with("400", `400,"quality":5`), "Unknown field 'quality' in the options"},
		{`{"id":"a","options":` + options + `,"neverRequireSignedURLs":1}`, "Invalid neverRequireSignedURLs: expected true or false"},
		{`{"id":"a","options":` + options + `,"name":"b"}`, "Unknown field 'name' in the body"},
	} {
		resp := apiJSON(t, srv, "POST", "/images/v1/variants", test.body)
		assert.Equal(t, test.message, resp.message(), test.body)
		assert.True(t, resp.Status == 400 || resp.Status == 409, test.body)
	}
	check := func(method, path, body string, status int, message string) {
		t.Helper()
		resp := apiJSON(t, srv, method, "/images/v1/variants"+path, body)
		assert.Equal(t, status, resp.Status)
		assert.Equal(t, message, resp.message())
	}
	check("DELETE", "/public", "", 400, "The variant public cannot be deleted")
	check("DELETE", "/unknown", "", 404, "Variant not found")
	check("GET", "/unknown", "", 404, "Variant not found")
	check("PATCH", "/unknown", `{"options":`+options+`}`, 404, "Variant not found")
	check("PATCH", "/public", `{}`, 400, "Missing options")
	check("PATCH", "/public", `{"id":"b","options":`+options+`}`, 400, "Unknown field 'id' in the body")
	check("PUT", "/public", "", 405, "Method PUT not available for this path")
	check("GET", "/public/flat", "", 404, "Could not route to this path")
	assert.NotContains(t, api(t, srv, "GET", "/images/v1/variants").Body, `"a"`)
}

func TestAnAccountHas100Variants(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	for i := range 99 {
		require.Equal(t, 200, apiJSON(t, srv, "POST", "/images/v1/variants", variantJSON(fmt.Sprint("v", i), options)).Status)
	}
	more := func() result { return apiJSON(t, srv, "POST", "/images/v1/variants", variantJSON("more", options)) }
	assert.Equal(t, "Too many variants: maximum 100 allowed", more().message())
	require.Equal(t, 200, api(t, srv, "DELETE", "/images/v1/variants/v50").Status)
	assert.Equal(t, 200, more().Status)
}

func TestConcurrentVariants(t *testing.T) {
	srv := newServer(t, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "a"})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			id := fmt.Sprint("v", i)
			for range 10 {
				apiJSON(t, srv, "POST", "/images/v1/variants", variantJSON(id, options))
				apiJSON(t, srv, "PATCH", "/images/v1/variants/"+id, `{"options":`+options+`,"neverRequireSignedURLs":true}`)
				list(t, srv, "")
				api(t, srv, "DELETE", "/images/v1/variants/"+id)
			}
		})
	}
	clients.Wait()
	assert.Len(t, srv.Images()[0].Variants, 1)
}

func TestConfigure(t *testing.T) {
	srv := newServer(t)
	for _, test := range []struct{ body, result string }{
		{`{}`, `{"flexible_variants":false,"browser_ttl":172800}`},
		{`{"flexible_variants":true}`, `{"flexible_variants":true,"browser_ttl":172800}`},
		{`{"browser_ttl":31536000}`, `{"flexible_variants":true,"browser_ttl":31536000}`},
		{`{"flexible_variants":false,"browser_ttl":3600}`, `{"flexible_variants":false,"browser_ttl":3600}`},
	} {
		resp := apiJSON(t, srv, "PATCH", "/images/v1/config", test.body)
		assert.Contains(t, resp.Body, `"result":`+test.result+`,`, test.body)
	}
	for _, test := range []struct{ body, message string }{
		{`{"flexible_variants":"yes","browser_ttl":7200}`, "Invalid flexible_variants: expected true or false"},
		{`{"flexible_variants":true,"browser_ttl":60}`, "Invalid browser_ttl: expected a whole number from 3600 to 31536000"},
		{`{"flexible":true}`, "Unknown field 'flexible' in the body"},
	} {
		assert.Equal(t, test.message, apiJSON(t, srv, "PATCH", "/images/v1/config", test.body).message())
	}
	assert.Contains(t, apiJSON(t, srv, "PATCH", "/images/v1/config", `{}`).Body, `"result":{"flexible_variants":false,"browser_ttl":3600},`)
}

// FuzzCreateVariant parses arbitrary bodies: an accepted variant is returned in a form that
// is accepted again.
func FuzzCreateVariant(f *testing.F) {
	f.Add(variantJSON("a", options))
	f.Add(`{"id":"\u00e9 b","options":{"fit":"pad","width":1,"height":2147483647,"metadata":"none","browser_ttl":3600,"blur":1},"neverRequireSignedURLs":true}`)
	f.Add(`{"id":"a","options":{"width":-0}}`)
	srv := newServer(f, imagestest.InMemory())
	ask := func(t *testing.T, method, path, body string) (status int, variant json.RawMessage) {
		req := httptest.NewRequest(method, accountURL(srv)+"/images/v1/variants"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
		req.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		srv.Handler().ServeHTTP(recorder, req)
		var resp struct {
			Result struct{ Variant json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &resp))
		return recorder.Code, resp.Result.Variant
	}
	f.Fuzz(func(t *testing.T, body string) {
		status, shown := ask(t, "POST", "", body)
		if status != 200 {
			require.Contains(t, []int{400, 409, 413}, status)
			return
		}
		var created struct{ ID string }
		require.NoError(t, json.Unmarshal(shown, &created))
		for range 2 {
			status, _ = ask(t, "DELETE", "/"+escapeAll(created.ID), "")
			require.Equal(t, 200, status)
			status, again := ask(t, "POST", "", string(shown))
			require.Equal(t, 200, status)
			require.Equal(t, string(shown), string(again))
		}
		ask(t, "DELETE", "/"+escapeAll(created.ID), "")
	})
}
