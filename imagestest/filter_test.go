package imagestest_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const filteredMeta = `{
	"status": "active", "empty": "", "quoted": "a \"b\" \u00e9", "digits": "5", "truth": "true",
	"priority": 5, "half": 0.5, "thousand": 1e3, "negative": -2, "big": 9007199254740993, "zero": -0.0,
	"enabled": true, "disabled": false, "nothing": null, "list": ["active", 5],
	"region": {"name": "eu-west", "a": {"b": {"c": {"d": 1}, "long": 2}}},
	"dotted.name": "x", "n_1": "y", "a-b": 1
}`

func TestFilterSemantics(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{ID: "the one", Meta: []byte(filteredMeta)}, cfimages.Image{ID: "without"})
	matches := map[bool][]string{
		true: {
			"status[eq:string]=active", "status[eq]=active", "empty[eq:string]=", "empty[eq]=", `quoted[eq]=a "b" é`,
			"status[in]=pending|active", "status[in:string]=active", "digits[eq:string]=5", "truth[eq:string]=true",
			"priority[eq:number]=5", "priority[eq]=5", "priority[eq:number]=5.00", "priority[eq]=50e-1",
			"priority[in:number]=4|5", "priority[in]=x|5", "half[eq:number]=0.5", "thousand[eq]=1000",
			"big[eq:number]=9007199254740993", "zero[eq:number]=0", "negative[lt]=-1", "negative[gt:number]=-2.5",
			"priority[gt]=4", "priority[gte]=5", "priority[lt]=5.1", "priority[lte:number]=5", "big[gt]=9007199254740992",
			"priority[gt]=-1e999999999", "priority[lt]=1e99999999999999999999", "priority[gt]=1e-99999999999999999999",
			"enabled[eq:boolean]=true", "enabled[eq]=true", "disabled[eq]=false", "enabled[in]=x|true",
			"region.name[eq]=eu-west", "region.a.b.c.d[eq]=1", "n_1[eq]=y",
			"status[eq]=active&meta.priority[gte]=1&meta.priority[lte:number]=5",
		},
		false: {
			"status[eq]=Active", "status[eq]=activ", "status[eq:string]=active ", "status[in]=pending|deleted", "missing[eq]=",
			"priority[eq:string]=5", "digits[eq:number]=5", "digits[eq]=5", "truth[eq]=true", "enabled[eq:string]=true",
			"digits[gt]=1", "enabled[gt]=0", "status[gt]=0", "nothing[eq]=null", "nothing[eq]=", "nothing[lt]=1",
			"list[eq]=active", "list[in]=active|5", "list.0[eq]=active", "region[eq]=eu-west", "status.length[eq]=6",
			"big[eq:number]=9007199254740992", "big[eq]=9007199254740994", "priority[gt]=5", "priority[lt]=5", "half[gte]=1",
			"dotted.name[eq]=x", "disabled[eq:boolean]=true", "region.a.b.long[eq]=1",
			"priority[gt]=5&meta.priority[lt]=5", "priority[eq]=5&meta.priority[eq]=6", "status[eq]=active&meta.missing[eq]=1",
		},
	}
	for want, filters := range matches {
		for _, filter := range filters {
			params, err := url.ParseQuery(strings.ReplaceAll("meta."+filter, " ", "+"))
			require.NoError(t, err)
			resp := list(t, srv, params.Encode())
			require.Equal(t, 200, resp.Status, "%s: %s", filter, resp.Body)
			assert.Equal(t, want, len(resp.ids()) == 1, filter)
		}
	}
}

func TestFilterAndCreatorAreBothRequired(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(
		cfimages.Image{ID: "both", Creator: "user123", Meta: []byte(`{"status":"active"}`)},
		cfimages.Image{ID: "creator", Creator: "user123"},
		cfimages.Image{ID: "status", Meta: []byte(`{"status":"active"}`)},
	)
	assert.Equal(t, []string{"both"}, list(t, srv, "meta.status[eq]=active&creator=user123").ids())
}

func TestFilteredWalk(t *testing.T) {
	srv := newServer(t)
	srv.Seed(100, func(i int) cfimages.Image {
		return cfimages.Image{Meta: []byte(`{"parity":` + string("01"[i%2]) + `}`)}
	})
	assert.Len(t, walk(t, srv, "per_page=10&meta.parity[eq]=1"), 50)
}

func TestInvalidFilters(t *testing.T) {
	srv := newServer(t)
	name := strings.Repeat("a", 99)
	eleven := strings.Repeat("1|", 10) + "1"
	for query, message := range map[string]string{
		"meta.a[not-eq]=1": "Unsupported metadata filter operator: 'not-eq'",
		"meta.a[eq]=1&meta.b[eq]=1&meta.c[eq]=1&meta.d[eq]=1&meta.e[gt]=1&meta.e[lt]=9": "Too many metadata filters: 6 provided, maximum 5 allowed",
		"meta.a[in:boolean]=true":   "Unsupported metadata filter operator: 'in:boolean'",
		"meta.a[gt:string]=1":       "Unsupported metadata filter operator: 'gt:string'",
		"meta.a[eq:]=1":             "Unsupported metadata filter operator: 'eq:'",
		"meta.a[EQ]=1":              "Unsupported metadata filter operator: 'EQ'",
		"meta.a[]=1":                "Unsupported metadata filter operator: ''",
		"meta.a[eq][eq]=1":          "Unsupported metadata filter operator: 'eq][eq'",
		"meta.a=1":                  "Malformed metadata filter: 'meta.a', expected 'meta.<field>[<operator>]'",
		"meta[a]=1":                 "Malformed metadata filter: 'meta[a]', expected 'meta.<field>[<operator>]'",
		"meta=1":                    "Malformed metadata filter: 'meta', expected 'meta.<field>[<operator>]'",
		"metadata.a[eq]=1":          "Malformed metadata filter: 'metadata.a[eq]', expected 'meta.<field>[<operator>]'",
		"meta.a[eq=1":               "Malformed metadata filter: 'meta.a[eq', expected 'meta.<field>[<operator>]'",
		"meta.a[eq]x=1":             "Malformed metadata filter: 'meta.a[eq]x', expected 'meta.<field>[<operator>]'",
		"meta.[eq]=1":               "Unsupported metadata filter field: ''",
		"meta.a..b[eq]=1":           "Unsupported metadata filter field: 'a..b'",
		"meta.a-b[eq]=1":            "Unsupported metadata filter field: 'a-b'",
		"meta.%C3%A9[eq]=1":         "Unsupported metadata filter field: 'é'",
		"meta.a.b.c.d.e.f[eq]=1":    "Metadata filter field too deep: 6 levels provided, maximum 5 allowed",
		"meta." + name + ".b[eq]=1": "Metadata filter field too long: 101 characters provided, maximum 100 allowed",
		"meta.a[in]=" + eleven:      "Too many values in metadata filter: 11 provided, maximum 10 allowed",
		"meta.a[eq:number]=x":       "Invalid metadata filter value: 'x' is not a number",
		"meta.a[eq:number]=":        "Invalid metadata filter value: '' is not a number",
		"meta.a[eq:number]=05":      "Invalid metadata filter value: '05' is not a number",
		"meta.a[eq:number]=1.":      "Invalid metadata filter value: '1.' is not a number",
		"meta.a[eq:number]=1e":      "Invalid metadata filter value: '1e' is not a number",
		"meta.a[eq:number]=1%20":    "Invalid metadata filter value: '1 ' is not a number",
		"meta.a[eq:number]=-":       "Invalid metadata filter value: '-' is not a number",
		"meta.a[eq:number]=1%202":   "Invalid metadata filter value: '1 2' is not a number",
		"meta.a[in:number]=1|NaN":   "Invalid metadata filter value: 'NaN' is not a number",
		"meta.a[gt]=high":           "Invalid metadata filter value: 'high' is not a number",
		"meta.a[eq:boolean]=TRUE":   "Invalid metadata filter value: 'TRUE' is not a boolean",
	} {
		resp := list(t, srv, query)
		assert.Equal(t, 400, resp.Status, query)
		require.Len(t, resp.Errors, 1, query)
		assert.Equal(t, 5400, resp.Errors[0].Code, query)
		assert.Equal(t, message, resp.Errors[0].Message, query)
	}
}

func TestFiltersAtTheLimits(t *testing.T) {
	srv := newServer(t)
	for _, query := range []string{
		"meta.a[eq]=1&meta.b[eq]=1&meta.c[eq]=1&meta.d[eq]=1&meta.e[gt]=1",
		"meta.first.second.third.fourth.fifth[eq]=1",
		"meta." + strings.Repeat("a", 100) + "[eq]=1",
		"meta.a[in]=1|2|3|4|5|6|7|8|9|10",
	} {
		assert.Equal(t, 200, list(t, srv, query).Status, query)
	}
}

// FuzzFilter parses arbitrary queries: the status is 200 or 400, and no filter matches an
// image without metadata.
func FuzzFilter(f *testing.F) {
	srv := newServer(f, imagestest.InMemory())
	srv.AddImages(cfimages.Image{ID: "with", Meta: []byte(filteredMeta)}, cfimages.Image{ID: "without"})
	f.Add("meta.status[eq:string]", "active")
	f.Add("meta.region.a.b.c.d[in:number]", "1|2.5e-3|-0")
	f.Add("meta.priority[gte]", "1e999999999")
	f.Add("meta.x[[]]", "|")
	f.Add("meta..[eq", "\xff")
	f.Fuzz(func(t *testing.T, key, value string) {
		if !strings.HasPrefix(key, "meta") {
			return
		}
		req := httptest.NewRequest("GET", accountURL(srv)+"/images/v2?"+url.Values{key: {value}}.Encode(), nil)
		req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
		recorder := httptest.NewRecorder()
		srv.Handler().ServeHTTP(recorder, req)
		var resp result
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &resp))
		if recorder.Code != 200 {
			require.Equal(t, 400, recorder.Code)
			require.Equal(t, 5400, resp.Errors[0].Code)
			return
		}
		require.NotContains(t, resp.ids(), "without")
	})
}
