package cfimages_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestImageFields(t *testing.T) {
	transport := canned.JSON(`{"errors":[],"messages":[],"result":{"continuation_token":"next","images":[
		{"id":"107b9558-dd06-4bbd-5fef-9c2c16bb7900","creator":"alice","filename":"logo.png","meta":{"key": "value"},"requireSignedURLs":true,
		 "uploaded":"2014-01-02T02:20:00.123Z","variants":["https://i.example/h/1/thumbnail","https://i.example/h/1/hero"]},
		{"filename":"b.png","variants":[],"meta":{},"id":"b","uploaded":"2014-01-02T03:20:00+01:00"}]},"success":true}`)
	page, err := newClient(t, transport).ImagesV2.List(t.Context(), cfimages.ListParams{})
	require.NoError(t, err)
	assert.Equal(t, "next", page.ContinuationToken)
	require.Len(t, page.Images, 2)
	assert.Equal(t, cfimages.Image{
		ID: "107b9558-dd06-4bbd-5fef-9c2c16bb7900", Creator: "alice", Filename: "logo.png", Meta: []byte(`{"key": "value"}`), RequireSignedURLs: true,
		Uploaded: time.Date(2014, 1, 2, 2, 20, 0, 123e6, time.UTC),
		Variants: []string{"https://i.example/h/1/thumbnail", "https://i.example/h/1/hero"},
	}, page.Images[0])
	assert.Equal(t, "b", page.Images[1].ID)
	assert.True(t, page.Images[1].Uploaded.Equal(time.Date(2014, 1, 2, 2, 20, 0, 0, time.UTC)))

	var meta struct{ Key string }
	require.NoError(t, page.Images[1].DecodeMeta(&meta))
	assert.Empty(t, meta.Key)
	assert.Error(t, page.Images[0].DecodeMeta(new(int)))
	var named struct {
		Key string `json:"key"`
	}
	require.NoError(t, page.Images[0].DecodeMeta(&named))
	assert.Equal(t, "value", named.Key)
	require.NoError(t, new(cfimages.Image).DecodeMeta(&named))
	assert.Equal(t, "value", named.Key, "an image without metadata changes nothing")
}

// A valid body counts, whatever the content type; unknown names are ignored.
func TestOddButValidPageIsRead(t *testing.T) {
	body := `{"result_info":{"count":1},"new":[{"a":[1,{}]}],"result":{"images":[{"id":"\u0069mg","future":{"x":[]},"creator":null,
		"filename":"a\"\ud83d\ude00\ud800` + "\xff" + `.png","meta":null,"metadata":{"k":1},"uploaded":null,"variants":null,"draft":null,"requireSignedURLs":null}]},"success":true}`
	transport := new(canned.Transport).Then(http.StatusOK, body, "Content-Type", "text/plain")
	page, err := newClient(t, transport).ImagesV2.List(t.Context(), cfimages.ListParams{})
	require.NoError(t, err)
	assert.Equal(t, []cfimages.Image{{ID: "img", Filename: "a\"😀\uFFFD\uFFFD.png", Meta: []byte(`{"k":1}`)}}, page.Images)
}
