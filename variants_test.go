package cfimages_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

const heroResponse = `{"success":true,"result":{"variant":{"id":"hero","options":{"fit":"scale-down","height":768,"metadata":"none","width":1366,"browser_ttl":7200,"blur":3},"neverRequireSignedURLs":true}}}`

// hero returns what heroResponse holds.
func hero() cfimages.Variant {
	return cfimages.Variant{
		ID: "hero", Fit: cfimages.FitScaleDown, Width: 1366, Height: 768, Metadata: cfimages.MetadataNone,
		BrowserTTL: 2 * time.Hour, NeverRequireSignedURLs: true,
	}
}

func TestVariantsSend(t *testing.T) {
	transport := canned.JSON(heroResponse)
	variants := newClient(t, transport).Variants
	thumb := cfimages.Variant{ID: "thumb", Fit: cfimages.FitPad, Width: 1, Height: 2, Metadata: cfimages.MetadataKeep}
	want := hero()
	for _, call := range []func() (*cfimages.Variant, error){
		func() (*cfimages.Variant, error) { return variants.Get(t.Context(), "he ro%") },
		func() (*cfimages.Variant, error) { return variants.Create(t.Context(), want) },
		func() (*cfimages.Variant, error) { return variants.Create(t.Context(), thumb) },
		func() (*cfimages.Variant, error) { return variants.Update(t.Context(), want) },
	} {
		got, err := call()
		require.NoError(t, err)
		assert.Equal(t, &want, got)
	}
	require.NoError(t, variants.Delete(t.Context(), "hero"))
	require.NoError(t, variants.SetFlexible(t.Context(), true))
	require.NoError(t, variants.SetFlexible(t.Context(), false))

	const options = `"options":{"fit":"scale-down","width":1366,"height":768,"metadata":"none","browser_ttl":7200},"neverRequireSignedURLs":true}`
	for i, sent := range []string{
		`GET /variants/he%20ro%25 `,
		`POST /variants {"id":"hero",` + options,
		`POST /variants {"id":"thumb","options":{"fit":"pad","width":1,"height":2,"metadata":"keep"},"neverRequireSignedURLs":false}`,
		`PATCH /variants/hero {` + options,
		`DELETE /variants/hero `,
		`PATCH /config {"flexible_variants":true}`,
		`PATCH /config {"flexible_variants":false}`,
	} {
		req := transport.Requests[i]
		path := strings.TrimPrefix(req.URL.EscapedPath(), "/client/v4/accounts/acc/images/v1")
		assert.Equal(t, sent, req.Method+" "+path+" "+transport.Bodies[i])
		assert.Equal(t, strings.HasSuffix(sent, "}"), req.Header.Get("Content-Type") == "application/json")
	}
}

func TestVariantsList(t *testing.T) {
	transport := canned.JSON(`{"success":true,"result":{"x":1,"variants":{
		"thumb":{"id":"thumb","options":{"fit":"crop","width":100,"height":100,"metadata":"copyright","browser_ttl":null}},
		"hero":` + heroResponse[len(`{"success":true,"result":{"variant":`):len(heroResponse)-len(`}}`)] + `,
		"nameless":{"options":{"fit":"of-next-year"}}}}}`)
	got, err := newClient(t, transport).Variants.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []cfimages.Variant{
		hero(),
		{ID: "nameless", Fit: "of-next-year"},
		{ID: "thumb", Fit: cfimages.FitCrop, Width: 100, Height: 100, Metadata: cfimages.MetadataCopyright},
	}, got)
	assert.Equal(t, "GET https://api.example/client/v4/accounts/acc/images/v1/variants", transport.Requests[0].Method+" "+transport.Requests[0].URL.String())

	got, err = newClient(t, canned.JSON(`{"success":true,"result":{"variants":{}}}`)).Variants.List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, got)
}

// JSON writes one number in several forms.
func TestVariantsReadNumbersWithAnExponentOrZeros(t *testing.T) {
	const options = `{"width":1366.0,"height":7.68e2,"browser_ttl":3.6E3}`
	got, err := newClient(t, canned.JSON(`{"success":true,"result":{"variants":{"a":{"options":`+options+`}}}}`)).Variants.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []cfimages.Variant{{ID: "a", Width: 1366, Height: 768, BrowserTTL: time.Hour}}, got)
}

func TestVariantsRejectMalformedResponses(t *testing.T) {
	for _, result := range []string{
		`null`, `{}`, `[]`, `{"variants":null}`, `{"variants":[]}`, `{"variants":{"a":1}}`, `{"variants":{"a":{"options":[]}}}`,
		`{"variants":{"a":{"options":{"width":"1"}}}}`, `{"variants":{"a":{"options":{"browser_ttl":-1}}}}`, `{"variants":{"a":{"options":{"browser_ttl":9223372036854775807}}}}`,
	} {
		_, err := newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)).Variants.List(t.Context())
		assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, result)
	}
	for _, result := range []string{`null`, `{}`, `{"variant":null}`, `{"variant":{}}`, `{"id":"hero"}`, `{"variant":{"id":"hero","options":{"width":0.5}}}`} {
		_, err := newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)).Variants.Get(t.Context(), "hero")
		assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, result)
	}
	many := strings.Repeat(`"a":{},`, 1000) + `"a":{}`
	_, err := newClient(t, canned.JSON(`{"success":true,"result":{"variants":{`+many+`}}}`)).Variants.List(t.Context())
	assert.ErrorIs(t, err, cfimages.ErrResponseTooLarge)
}

func TestVariantsReject(t *testing.T) {
	tests := map[string]struct {
		change func(*cfimages.Variant)
		param  string
		says   string
	}{
		"no ID":                      {func(v *cfimages.Variant) { v.ID = "" }, "ID", "empty"},
		"an ID of 100 characters":    {func(v *cfimages.Variant) { v.ID = strings.Repeat("ü", 100) }, "ID", "at most 99"},
		"an ID that is a path":       {func(v *cfimages.Variant) { v.ID = "a/b" }, "ID", "last segment"},
		"an ID that is no text":      {func(v *cfimages.Variant) { v.ID = "\xff" }, "ID", "UTF-8"},
		"an ID that reads as option": {func(v *cfimages.Variant) { v.ID = "w=400" }, "ID", "equals sign"},
		"no fit":                     {func(v *cfimages.Variant) { v.Fit = "" }, "Fit", "FitScaleDown"},
		"a fit of transformations":   {func(v *cfimages.Variant) { v.Fit = cfimages.FitSqueeze }, "Fit", "squeeze"},
		"no width":                   {func(v *cfimages.Variant) { v.Width = 0 }, "Width", "got 0"},
		"a negative height":          {func(v *cfimages.Variant) { v.Height = -1 }, "Height", "got -1"},
		"no metadata policy":         {func(v *cfimages.Variant) { v.Metadata = "" }, "Metadata", "MetadataKeep"},
		"a TTL below an hour":        {func(v *cfimages.Variant) { v.BrowserTTL = time.Hour - time.Second }, "BrowserTTL", "1 hour"},
		"a TTL over a year":          {func(v *cfimages.Variant) { v.BrowserTTL = 365*24*time.Hour + time.Second }, "BrowserTTL", "1 year"},
		"a negative TTL":             {func(v *cfimages.Variant) { v.BrowserTTL = -time.Hour }, "BrowserTTL", "1 hour"},
		"a TTL of parts of a second": {func(v *cfimages.Variant) { v.BrowserTTL = time.Hour + 1 }, "BrowserTTL", "whole seconds"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(heroResponse)
			variants := newClient(t, transport).Variants
			v := hero()
			tt.change(&v)
			_, created := variants.Create(t.Context(), v)
			_, updated := variants.Update(t.Context(), v)
			for _, err := range []error{created, updated} {
				require.ErrorIs(t, err, cfimages.ErrInvalidParams)
				rejected := paramError(err, tt.param)
				require.NotNil(t, rejected, "%v", err)
				assert.Contains(t, rejected.Error(), tt.says)
			}
			assert.Empty(t, transport.Requests)
		})
	}
	variants := newClient(t, canned.JSON(heroResponse)).Variants
	_, err := variants.Create(t.Context(), cfimages.Variant{})
	for _, param := range []string{"ID", "Fit", "Width", "Height", "Metadata"} {
		assert.NotNil(t, paramError(err, param), param)
	}
	for _, id := range []string{"", ".", "..", "a/b", "w=1", "\x00"} {
		_, err := variants.Get(t.Context(), id)
		assert.ErrorIs(t, err, cfimages.ErrInvalidParams, "%q", id)
		assert.ErrorIs(t, variants.Delete(t.Context(), id), cfimages.ErrInvalidParams, "%q", id)
	}
	err = variants.Delete(t.Context(), "public")
	require.ErrorIs(t, err, cfimages.ErrInvalidParams)
	assert.ErrorContains(t, err, "cannot be deleted")
}

func TestVariantsRetry(t *testing.T) {
	lost := func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }
	synctest.Test(t, func(t *testing.T) {
		retrying := cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy())
		transport := new(canned.Transport).Then(503, "").ThenDo(lost).Then(200, heroResponse)
		_, err := newClient(t, transport, retrying).Variants.Update(t.Context(), hero())
		require.NoError(t, err, "to set the same twice does no harm")

		transport = new(canned.Transport).Then(503, "").Then(200, heroResponse)
		_, err = newClient(t, transport, retrying).Variants.Create(t.Context(), hero())
		require.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "check with Variants.Get")

		const unknown = `{"success":false,"errors":[{"code":1,"message":"no such variant"}]}`
		transport = new(canned.Transport).ThenDo(lost).Then(404, unknown)
		assert.NoError(t, newClient(t, transport, retrying).Variants.Delete(t.Context(), "hero"), "the attempt before may have deleted it")
		transport = new(canned.Transport).Then(404, unknown)
		assert.ErrorIs(t, newClient(t, transport, retrying).Variants.Delete(t.Context(), "hero"), cfimages.ErrNotFound)
		transport = new(canned.Transport).Then(503, "").Then(200, `{"success":true,"result":{}}`)
		assert.NoError(t, newClient(t, transport, retrying).Variants.SetFlexible(t.Context(), true))
		transport = new(canned.Transport).Then(403, unknown)
		assert.ErrorIs(t, newClient(t, transport, retrying).Variants.SetFlexible(t.Context(), true), cfimages.ErrForbidden)
	})
}
