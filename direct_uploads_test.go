package cfimages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
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

// formOf parses a request's multipart body into its fields.
func formOf(t *testing.T, contentType, body string) map[string][]string {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	require.Equal(t, "multipart/form-data", mediaType)
	form, err := multipart.NewReader(strings.NewReader(body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Empty(t, form.File)
	return form.Value
}

func TestCreateSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type owner struct {
			Team string `json:"team"`
			N    uint64
		}
		tests := []struct {
			name   string
			params cfimages.DirectUploadParams
			want   map[string][]string
		}{
			{name: "nothing", want: map[string][]string{}},
			{
				name:   "everything but a private image",
				params: cfimages.DirectUploadParams{ID: "a b/ü/100%", Creator: "alice", ExpiresIn: time.Hour, Metadata: owner{"x", 1<<64 - 1}},
				want: map[string][]string{"id": {"a b/ü/100%"}, "creator": {"alice"}, "expiry": {"2000-01-01T01:00:00.000Z"},
					"metadata": {`{"team":"x","N":18446744073709551615}`}},
			},
			{
				name: "a private image and a time in another zone",
				params: cfimages.DirectUploadParams{RequireSignedURLs: true,
					Expiry: time.Date(2000, 1, 1, 6, 30, 0, 0, time.FixedZone("", 3600))},
				want: map[string][]string{"requireSignedURLs": {"true"}, "expiry": {"2000-01-01T05:30:00.000Z"}},
			},
			{
				name:   "the lower bound, and metadata as raw JSON",
				params: cfimages.DirectUploadParams{ExpiresIn: 2 * time.Minute, Metadata: json.RawMessage(`{"k": "v"}`)},
				want:   map[string][]string{"expiry": {"2000-01-01T00:02:00.000Z"}, "metadata": {`{"k":"v"}`}},
			},
			{
				name:   "the upper bound, the longest ID, the largest metadata",
				params: cfimages.DirectUploadParams{ExpiresIn: 6 * time.Hour, ID: strings.Repeat("ü", 1024), Metadata: map[string]string{"k": strings.Repeat("x", 1024-8)}},
				want: map[string][]string{"expiry": {"2000-01-01T06:00:00.000Z"}, "id": {strings.Repeat("ü", 1024)},
					"metadata": {`{"k":"` + strings.Repeat("x", 1024-8) + `"}`}},
			},
			{
				name:   "the keys of a map in order",
				params: cfimages.DirectUploadParams{Metadata: map[string]any{"c": true, "a": 1, "b": nil}},
				want:   map[string][]string{"metadata": {`{"a":1,"b":null,"c":true}`}},
			},
		}
		for _, tt := range tests {
			transport := canned.JSON(canned.Created)
			created, err := newClient(t, transport).DirectUploads.Create(t.Context(), tt.params)
			require.NoError(t, err, tt.name)
			assert.Equal(t, &cfimages.DirectUpload{ID: "img", UploadURL: "https://upload.example/hash/img"}, created)
			req := transport.Requests[0]
			assert.Equal(t, "POST https://api.example/client/v4/accounts/acc/images/v2/direct_upload", req.Method+" "+req.URL.String())
			assert.Equal(t, int64(len(transport.Bodies[0])), req.ContentLength)
			assert.Equal(t, tt.want, formOf(t, req.Header.Get("Content-Type"), transport.Bodies[0]), tt.name)
		}
	})
}

func TestCreateRejects(t *testing.T) {
	tests := []struct {
		name   string
		params cfimages.DirectUploadParams
		param  string
		says   string
	}{
		{"1025 characters", cfimages.DirectUploadParams{ID: strings.Repeat("ü", 1025)}, "ID", "1025"},
		{"invalid UTF-8", cfimages.DirectUploadParams{ID: "a\xff"}, "ID", "UTF-8"},
		{"slash at the start", cfimages.DirectUploadParams{ID: "/a"}, "ID", "slash"},
		{"slash at the end", cfimages.DirectUploadParams{ID: "a/"}, "ID", "slash"},
		{"UUID", cfimages.DirectUploadParams{ID: "107B9558-dd06-4bbd-5fef-9c2c16bb7900"}, "ID", "UUID"},
		{"dot segment", cfimages.DirectUploadParams{ID: "a/./b"}, "ID", `"."`},
		{"two dots", cfimages.DirectUploadParams{ID: ".."}, "ID", `".."`},
		{"control character", cfimages.DirectUploadParams{ID: "a\nb"}, "ID", "control"},
		{"creator not UTF-8", cfimages.DirectUploadParams{Creator: "a\xff"}, "Creator", "UTF-8"},
		{"creator too long", cfimages.DirectUploadParams{Creator: strings.Repeat("ü", 1025)}, "Creator", "must have at most 1024 characters, got 1025"},
		{"metadata as bytes", cfimages.DirectUploadParams{Metadata: []byte("{}")}, "Metadata", "json.RawMessage"},
		{"private with a custom ID", cfimages.DirectUploadParams{ID: "a", RequireSignedURLs: true}, "RequireSignedURLs", "custom ID"},
		{"too soon", cfimages.DirectUploadParams{ExpiresIn: 2*time.Minute - 1}, "ExpiresIn", "2 minutes"},
		{"too late", cfimages.DirectUploadParams{ExpiresIn: 6*time.Hour + 1}, "ExpiresIn", "6 hours"},
		{"negative", cfimages.DirectUploadParams{ExpiresIn: -time.Hour}, "ExpiresIn", "-1h"},
		{"in the past", cfimages.DirectUploadParams{Expiry: time.Unix(0, 0)}, "Expiry", "2 minutes"},
		{"two expiries", cfimages.DirectUploadParams{ExpiresIn: time.Hour, Expiry: time.Now().Add(time.Hour)}, "Expiry", "cannot be combined"},
		{"metadata of 1025 bytes", cfimages.DirectUploadParams{Metadata: map[string]string{"k": strings.Repeat("x", 1025-8)}}, "Metadata", "1025"},
		{"metadata a list", cfimages.DirectUploadParams{Metadata: []int{1}}, "Metadata", "object"},
		{"metadata a string", cfimages.DirectUploadParams{Metadata: `{"k":"v"}`}, "Metadata", "object"},
		{"metadata a nil pointer", cfimages.DirectUploadParams{Metadata: (*struct{})(nil)}, "Metadata", "object"},
		{"metadata that has no JSON", cfimages.DirectUploadParams{Metadata: map[string]any{"f": func() {}}}, "Metadata", "marshal"},
		{"metadata that is no JSON", cfimages.DirectUploadParams{Metadata: json.RawMessage(`{"k"}`)}, "Metadata", "marshal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			transport := canned.JSON(canned.Created)
			_, err := newClient(t, transport).DirectUploads.Create(t.Context(), tt.params)
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			rejected := paramError(err, tt.param)
			require.NotNil(t, rejected, "%v", err)
			assert.Contains(t, rejected.Error(), tt.says)
			assert.Empty(t, transport.Requests)
		})
	}
	_, err := newClient(t, canned.JSON(canned.Created)).DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{ID: "/", ExpiresIn: 1, Metadata: 1})
	for _, param := range []string{"ID", "ExpiresIn", "Metadata"} {
		assert.NotNil(t, paramError(err, param), param)
	}
}

func TestCreateNeedsAUsableURL(t *testing.T) {
	for _, result := range []string{`{"id":"img"}`, `{"uploadURL":"https://u.example/x"}`, `{"id":"img","uploadURL":"/x"}`, `{"id":"img","uploadURL":"https://u.example/%zz"}`} {
		_, err := newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)).DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.ErrorIs(t, err, cfimages.ErrMalformedResponse)
		assert.ErrorIs(t, err, cfimages.ErrOutcomeUnknown, "there may be a draft")
	}
}

func TestWaitLeavesTheLastQuarterOfTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const draft = `{"success":true,"result":{"id":"img","draft":true}}`
		remaining := 40
		start := time.Now()
		var asked []int // the quota that remained
		transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) {
			if time.Since(start) >= 5*time.Minute {
				return canned.Response(200, canned.Image), nil
			}
			asked = append(asked, remaining)
			remaining--
			return canned.Response(200, draft, "Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, remaining, int((5*time.Minute-time.Since(start)).Seconds())),
				"Ratelimit-Policy", `"default";q=100;w=300`), nil
		})
		client := newClient(t, transport)
		_, err := client.DirectUploads.Wait(t.Context(), "img")
		require.NoError(t, err)
		assert.Equal(t, 25, asked[len(asked)-1], "it stops with a quarter left")
		assert.InDelta(t, 5*time.Minute, time.Since(start), float64(5*time.Second), "and continues in the next window")
	})
}

func TestWait(t *testing.T) {
	const draft = `{"success":true,"result":{"id":"img","draft":true}}`
	synctest.Test(t, func(t *testing.T) {
		transport := canned.JSON(draft, draft, draft, strings.Replace(canned.Image, `"id"`, `"draft":false,"id"`, 1))
		start := time.Now()
		img, err := newClient(t, transport).DirectUploads.Wait(t.Context(), "img")
		require.NoError(t, err)
		assert.Equal(t, "img", img.ID)
		assert.Len(t, transport.Requests, 4)
		assert.GreaterOrEqual(t, time.Since(start), 3*250*time.Millisecond)

		transport = canned.JSON(draft)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = newClient(t, transport).DirectUploads.Wait(ctx, "img")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Contains(t, err.Error(), `"img"`)
		asked := len(transport.Requests)
		assert.Greater(t, asked, 3600/5, "at least every 5 s")
		assert.Less(t, asked, 3600/2, "not much more often than every 2.5 s")
	})
	_, err := newClient(t, new(canned.Transport).Then(404, "")).DirectUploads.Wait(t.Context(), "img")
	assert.ErrorIs(t, err, cfimages.ErrNotFound)
	_, err = newClient(t, canned.JSON(draft)).DirectUploads.Wait(t.Context(), "../img")
	assert.ErrorIs(t, err, cfimages.ErrInvalidParams)
}
