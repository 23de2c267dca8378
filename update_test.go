package cfimages_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestUpdateSends(t *testing.T) {
	tests := map[string]struct {
		params cfimages.UpdateParams
		want   string
	}{
		"a creator":           {cfimages.UpdateParams{Creator: new("alice")}, `{"creator":"alice"}`},
		"no creator":          {cfimages.UpdateParams{Creator: new("")}, `{"creator":""}`},
		"metadata":            {cfimages.UpdateParams{Metadata: map[string]any{"b": 1, "a": nil}}, `{"metadata":{"a":null,"b":1}}`},
		"metadata as JSON":    {cfimages.UpdateParams{Metadata: json.RawMessage(`{"n": 9007199254740993}`)}, `{"metadata":{"n":9007199254740993}}`},
		"no metadata":         {cfimages.UpdateParams{Metadata: struct{}{}}, `{"metadata":{}}`},
		"a private image":     {cfimages.UpdateParams{RequireSignedURLs: new(true)}, `{"requireSignedURLs":true}`},
		"a public image":      {cfimages.UpdateParams{RequireSignedURLs: new(false)}, `{"requireSignedURLs":false}`},
		"all there is":        {cfimages.UpdateParams{Creator: new("ü"), Metadata: map[string]int{}, RequireSignedURLs: new(true)}, `{"creator":"ü","metadata":{},"requireSignedURLs":true}`},
		"the largest allowed": {cfimages.UpdateParams{Metadata: map[string]string{"k": strings.Repeat("x", 1024-8)}}, `{"metadata":{"k":"` + strings.Repeat("x", 1024-8) + `"}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(canned.Image)
			img, err := newClient(t, transport).ImagesV1.Update(t.Context(), "a b/blob", tt.params)
			require.NoError(t, err)
			assert.Equal(t, &cfimages.Image{ID: "img"}, img)
			req := transport.Requests[0]
			assert.Equal(t, "PATCH https://api.example/client/v4/accounts/acc/images/v1/a%20b/blob", req.Method+" "+req.URL.String())
			assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
			assert.EqualValues(t, len(tt.want), req.ContentLength)
			assert.Equal(t, tt.want, transport.Bodies[0])
		})
	}
}

func TestUpdateRejects(t *testing.T) {
	tests := map[string]struct {
		id     string
		params cfimages.UpdateParams
		param  string
		says   string
	}{
		"nothing to change":         {"img", cfimages.UpdateParams{}, "UpdateParams", "nothing to change"},
		"no image":                  {"", cfimages.UpdateParams{Creator: new("alice")}, "id", "empty"},
		"another path":              {"a/../b", cfimages.UpdateParams{Creator: new("alice")}, "id", `".."`},
		"a variant":                 {"variants/public", cfimages.UpdateParams{Creator: new("alice")}, "id", "another path of the API"},
		"the account's settings":    {"config", cfimages.UpdateParams{Creator: new("alice")}, "id", "settings"},
		"a creator that is no text": {"img", cfimages.UpdateParams{Creator: new("a\xff")}, "Creator", "UTF-8"},
		"metadata that is a list":   {"img", cfimages.UpdateParams{Metadata: []int{1}}, "Metadata", "object"},
		"a nil map":                 {"img", cfimages.UpdateParams{Metadata: map[string]any(nil)}, "Metadata", "is a nil map"},
		"metadata that is null":     {"img", cfimages.UpdateParams{Metadata: (*struct{})(nil)}, "Metadata", "object"},
		"metadata of 1025 bytes":    {"img", cfimages.UpdateParams{Metadata: map[string]string{"k": strings.Repeat("x", 1025-8)}}, "Metadata", "1025"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(canned.Image)
			_, err := newClient(t, transport).ImagesV1.Update(t.Context(), tt.id, tt.params)
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			rejected := paramError(err, tt.param)
			require.NotNil(t, rejected, "%v", err)
			assert.Contains(t, rejected.Error(), tt.says)
			assert.Empty(t, transport.Requests)
		})
	}
	_, err := newClient(t, canned.JSON()).ImagesV1.Update(t.Context(), "", cfimages.UpdateParams{Creator: new("\xff"), Metadata: 1})
	for _, param := range []string{"id", "Creator", "Metadata"} {
		assert.NotNil(t, paramError(err, param), param)
	}
}

func TestUpdateReturnsTheNewID(t *testing.T) {
	transport := canned.JSON(`{"success":true,"result":{"id":"new","requireSignedURLs":true,"metadata":{"k":1}}}`)
	img, err := newClient(t, transport).ImagesV1.Update(t.Context(), "old", cfimages.UpdateParams{RequireSignedURLs: new(true)})
	require.NoError(t, err)
	assert.Equal(t, &cfimages.Image{ID: "new", RequireSignedURLs: true, Meta: json.RawMessage(`{"k":1}`)}, img)
}

// To set the same values twice does no harm; to change the access twice may.
func TestUpdateRetries(t *testing.T) {
	lost := func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }
	tests := map[string]struct {
		params   cfimages.UpdateParams
		first    *canned.Transport
		requests int
		want     error
	}{
		"metadata after 503":         {cfimages.UpdateParams{Metadata: struct{}{}}, new(canned.Transport).Then(503, ""), 2, nil},
		"metadata after a loss":      {cfimages.UpdateParams{Metadata: struct{}{}}, new(canned.Transport).ThenDo(lost), 2, nil},
		"access after 429":           {cfimages.UpdateParams{RequireSignedURLs: new(true)}, new(canned.Transport).Then(429, ""), 2, nil},
		"access after 503":           {cfimages.UpdateParams{RequireSignedURLs: new(true)}, new(canned.Transport).Then(503, ""), 1, cfimages.ErrOutcomeUnknown},
		"access after a loss":        {cfimages.UpdateParams{RequireSignedURLs: new(false)}, new(canned.Transport).ThenDo(lost), 1, cfimages.ErrOutcomeUnknown},
		"access after no JSON":       {cfimages.UpdateParams{RequireSignedURLs: new(false)}, canned.JSON("ok"), 1, cfimages.ErrOutcomeUnknown},
		"access that is not allowed": {cfimages.UpdateParams{RequireSignedURLs: new(true)}, new(canned.Transport).Then(400, ""), 1, cfimages.ErrBadRequest},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := tt.first.Then(200, canned.Image)
				client := newClient(t, transport, cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
				_, err := client.ImagesV1.Update(t.Context(), "img", tt.params)
				assert.Len(t, transport.Requests, tt.requests)
				if tt.want == nil {
					assert.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.want == cfimages.ErrOutcomeUnknown, errors.Is(err, cfimages.ErrOutcomeUnknown))
				if tt.want == cfimages.ErrOutcomeUnknown {
					assert.ErrorContains(t, err, "check the old one with ImagesV1.Get")
				}
			})
		})
	}
}
