package conformance_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestMalformedResponses(t *testing.T) {
	everywhere := map[string]string{
		"empty":                  "",
		"white space":            " \n",
		"null":                   "null",
		"empty object":           "{}",
		"array":                  "[]",
		"string":                 `"ok"`,
		"HTML":                   "<!DOCTYPE html><title>Welcome</title>",
		"no result":              `{"success":true}`,
		"result null":            `{"success":true,"result":null}`,
		"result of another kind": `{"success":true,"result":[]}`,
		"result true":            `{"success":true,"result":true}`,
		"empty result":           `{"success":true,"result":{}}`,
		"success missing":        strings.Replace(canned.Image, `"success":true,`, "", 1),
		"success a string":       strings.Replace(canned.Image, `true`, `"true"`, 1),
		"success null":           strings.Replace(canned.Image, `true`, `null`, 1),
		"errors a string":        strings.Replace(canned.Image, `"errors":[]`, `"errors":"none"`, 1),
		"messages of numbers":    strings.Replace(canned.Image, `"messages":[]`, `"messages":[1]`, 1),
		"code a string":          `{"success":false,"errors":[{"code":"x"}]}`,
		"code too large":         `{"success":false,"errors":[{"code":99999999999999999999}]}`,
		"truncated":              canned.Image[:len(canned.Image)-1],
		"trailing bytes":         canned.Image + "x",
		"a second envelope":      canned.Image + canned.Image,
		"two results":            `{"success":true,"result":{"id":"a"},"result":{"id":"b"}}`,
		"ID a number":            `{"success":true,"result":{"id":1}}`,
	}
	for name, body := range everywhere {
		for call, do := range calls(newClient(t, canned.JSON(body))) {
			t.Run(name+" "+call, func(t *testing.T) {
				requireMalformed(t, do(t.Context()))
			})
		}
	}
	images := map[string]string{
		"no list":                `{"continuation_token":null}`,
		"list null":              `{"images":null}`,
		"list of another kind":   `{"images":{}}`,
		"two lists":              `{"images":[],"images":[]}`,
		"token a number":         `{"images":[],"continuation_token":1}`,
		"image null":             `{"images":[null]}`,
		"image a string":         `{"images":["img"]}`,
		"image without ID":       `{"images":[{}]}`,
		"image with an empty ID": `{"images":[{"id":""}]}`,
		"creator a number":       `{"images":[{"id":"a","creator":1}]}`,
		"filename an object":     `{"images":[{"id":"a","filename":{}}]}`,
		"metadata a string":      `{"images":[{"id":"a","meta":"{}"}]}`,
		"metadata an array":      `{"images":[{"id":"a","meta":[]}]}`,
		"signed URLs a string":   `{"images":[{"id":"a","requireSignedURLs":"true"}]}`,
		"uploaded a number":      `{"images":[{"id":"a","uploaded":1}]}`,
		"uploaded not RFC 3339":  `{"images":[{"id":"a","uploaded":"yesterday"}]}`,
		"variants a string":      `{"images":[{"id":"a","variants":"https://"}]}`,
		"variants of numbers":    `{"images":[{"id":"a","variants":[1]}]}`,
		"draft a string":         `{"images":[{"id":"a","draft":"no"}]}`,
	}
	for name, result := range images {
		list := calls(newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)))
		t.Run(name, func(t *testing.T) {
			requireMalformed(t, list["List"](t.Context()))
			requireMalformed(t, list["All"](t.Context()))
		})
	}
}

func requireMalformed(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, cfimages.ErrMalformedResponse)
	malformed, ok := errors.AsType[*cfimages.Error](err)
	require.True(t, ok)
	assert.Equal(t, http.StatusOK, malformed.StatusCode)
}

// success:false is an error at any status, and before or after the result.
func TestSuccessFalseIsAnError(t *testing.T) {
	const before = `{"result":null,"success":false,"errors":[{"code":5400,"message":"bad filter","documentation_url":"https://docs.example","source":{"pointer":"/meta"}},{"code":77777,"message":"unknown to us"}],"messages":[{"code":1,"message":"note"}]}`
	const after = `{"result":{"id":"a","uploadURL":"https://u.example/a","images":[]},"messages":null,"errors":null,"success":false}`
	for _, status := range []int{200, 201, 400, 403, 404, 409, 429, 500} {
		for call, do := range calls(newClient(t, new(canned.Transport).Then(status, before, "Cf-Ray", "8f-AMS", "Content-Type", "text/html"))) {
			err := do(t.Context())
			refused, ok := errors.AsType[*cfimages.Error](err)
			require.True(t, ok, "%s: %v", call, err)
			assert.Equal(t, status, refused.StatusCode)
			assert.Equal(t, "8f-AMS", refused.RayID)
			assert.Equal(t, 1, refused.Attempts)
			assert.Empty(t, refused.Body)
			assert.Equal(t, []cfimages.ErrorInfo{
				{Code: 5400, Message: "bad filter", DocumentationURL: "https://docs.example", Pointer: "/meta"},
				{Code: 77777, Message: "unknown to us"},
			}, refused.Errors)
			assert.Equal(t, []cfimages.ErrorInfo{{Code: 1, Message: "note"}}, refused.Messages)
			assert.Contains(t, err.Error(), "bad filter at /meta (code 5400); unknown to us (code 77777)")
			assert.NotErrorIs(t, err, cfimages.ErrMalformedResponse)
		}
		for call, do := range calls(newClient(t, new(canned.Transport).Then(status, after))) {
			refused, ok := errors.AsType[*cfimages.Error](do(t.Context()))
			require.True(t, ok, call)
			assert.Equal(t, status, refused.StatusCode)
		}
	}
}

func TestErrorsOfTheEdgeHaveAnExcerpt(t *testing.T) {
	tests := []struct {
		name, body, excerpt string
	}{
		{"HTML", "<html>\n<head><title>502\x00 Bad\tGateway</title></head>", "<html> <head><title>502 Bad Gateway</title></head>"},
		{"nothing", "", ""},
		{"text", "error code: 502", "error code: 502"},
		{"long", strings.Repeat("ä", 500), strings.Repeat("ä", 200) + "…"},
		{"another JSON", `{"error":"x"}`, `{"error":"x"}`},
		{"an envelope that contradicts the status", canned.Image, canned.Image},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for call, do := range calls(newClient(t, new(canned.Transport).Then(http.StatusBadGateway, tt.body, "Cf-Ray", "8f-AMS"))) {
				failed, ok := errors.AsType[*cfimages.Error](do(t.Context()))
				require.True(t, ok, call)
				assert.Equal(t, http.StatusBadGateway, failed.StatusCode)
				assert.Equal(t, "8f-AMS", failed.RayID)
				if call == "UploadFromURL" { // the body may quote a secret of the source
					assert.Empty(t, failed.Body)
					continue
				}
				assert.Equal(t, tt.excerpt, failed.Body)
			}
		})
	}
}

// A response that cannot be decompressed is malformed, too.
func TestInvalidGzipIsMalformed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "this is no gzip")
	}))
	defer server.Close()
	client, err := cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"), cfimages.WithBaseURL(server.URL))
	require.NoError(t, err)
	_, err = client.ImagesV1.Get(t.Context(), "img")
	requireMalformed(t, err)
	assert.ErrorIs(t, err, gzip.ErrHeader)
}
