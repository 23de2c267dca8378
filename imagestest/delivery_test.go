package imagestest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestDeliveryServesTheBytes(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock), imagestest.WithVariants(imagestest.Variant{Name: "thumb"}))
	uploaded := upload(t, srv, create(t, srv, "id", "a/100%").Result.UploadURL, "a.png", png)
	require.Len(t, uploaded.Result.Variants, 2)
	require.True(t, strings.HasSuffix(uploaded.Result.Variants[0], "/a/100%25/public"))

	for _, variant := range uploaded.Result.Variants {
		resp := do(t, srv, newRequest(t, "GET", variant, nil))
		assert.Equal(t, 200, resp.Status)
		assert.Equal(t, png, resp.Body)
		assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
		assert.Equal(t, "Sun, 01 Mar 2026 12:00:00 GMT", resp.Header.Get("Last-Modified"))

		etag := resp.Header.Get("Etag")
		require.NotEmpty(t, etag)
		unchanged := do(t, srv, newRequest(t, "GET", variant, nil, "If-None-Match", etag))
		assert.Equal(t, 304, unchanged.Status)
		part := do(t, srv, newRequest(t, "GET", variant, nil, "Range", "bytes=1-3"))
		assert.Equal(t, 206, part.Status)
		assert.Equal(t, "PNG", part.Body)
		head := do(t, srv, newRequest(t, "HEAD", variant, nil))
		assert.Equal(t, int64(len(png)), mustInt(t, head.Header.Get("Content-Length")))
	}
	unknown := strings.Replace(uploaded.Result.Variants[0], "/public", "/huge", 1)
	assert.Equal(t, 404, do(t, srv, newRequest(t, "GET", unknown, nil)).Status)
	assert.Equal(t, 405, do(t, srv, newRequest(t, "POST", uploaded.Result.Variants[0], nil)).Status)
}

func mustInt(t *testing.T, text string) int64 {
	var n int64
	_, err := fmt.Sscan(text, &n)
	require.NoError(t, err)
	return n
}

func TestDeliveryOfDraftsAndAddedImages(t *testing.T) {
	srv := newServer(t)
	srv.AddImages(cfimages.Image{ID: "added"}, cfimages.Image{ID: "draft", Draft: true})
	for _, img := range srv.Images() {
		resp := do(t, srv, newRequest(t, "GET", img.Variants[0], nil))
		if img.Draft {
			assert.Equal(t, 404, resp.Status)
			continue
		}
		assert.Equal(t, 200, resp.Status)
		assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	}
}

// sign signs a delivery URL as described in Cloudflare's documentation.
func sign(t *testing.T, key, deliveryURL string) string {
	u, err := url.Parse(deliveryURL)
	require.NoError(t, err)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(u.EscapedPath() + "?" + u.RawQuery))
	separator := ""
	if u.RawQuery != "" {
		separator = "&"
	}
	u.RawQuery += separator + "sig=" + hex.EncodeToString(mac.Sum(nil))
	return u.String()
}

func TestPrivateImagesNeedASignature(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock),
		imagestest.WithVariants(imagestest.Variant{Name: "preview", NeverRequireSignedURLs: true}))
	srv.Account(imagestest.AccountID).AddSigningKey("second key")
	srv.AddImages(cfimages.Image{ID: "private one", RequireSignedURLs: true})
	public, preview := srv.Images()[0].Variants[0], srv.Images()[0].Variants[1]
	exp := fmt.Sprint("?exp=", noon.Add(time.Hour).Unix())
	signed := sign(t, imagestest.SigningKey, public+exp)

	status := func(url string) int { return do(t, srv, newRequest(t, "GET", url, nil)).Status }
	assert.Equal(t, 401, status(public))
	assert.Equal(t, 401, status(public+exp))
	assert.Equal(t, 200, status(preview))
	assert.Equal(t, 200, status(signed))
	assert.Equal(t, 200, status(sign(t, "second key", public+exp)))
	assert.Equal(t, 200, status(sign(t, imagestest.SigningKey, public)), "without exp it never expires")
	assert.Equal(t, 200, status(sign(t, imagestest.SigningKey, public+"?width=10&exp=9999999999")))
	for _, wrong := range []string{
		sign(t, "wrong key", public+exp),
		strings.Replace(signed, "exp=1", "exp=2", 1),
		signed[:len(signed)-1],
		signed + "0",
		signed[:len(signed)-64] + strings.ToUpper(signed[len(signed)-64:]),
		public + "?sig=",
		sign(t, imagestest.SigningKey, public+"?exp=soon"),
		sign(t, imagestest.SigningKey, public+"?exp="),
		sign(t, imagestest.SigningKey, public+exp+"&exp=1"),
		strings.Replace(signed, "/public", "/preview", 1) + "x",
	} {
		if strings.Contains(wrong, "/preview") {
			assert.Equal(t, 200, status(wrong), "a variant that never requires a signature")
			continue
		}
		assert.Equal(t, 403, status(wrong), wrong)
	}

	clock.Advance(time.Hour)
	assert.Equal(t, 200, status(signed), "at the very second of exp")
	clock.Advance(time.Nanosecond)
	assert.Equal(t, 403, status(signed))
	for _, r := range srv.Requests() {
		assert.NotContains(t, fmt.Sprintf("%+v", r), signed[len(signed)-64:])
	}
}

func TestDeliveryBuildsURLsOfTheServer(t *testing.T) {
	for name, opts := range map[string][]imagestest.Option{
		"on a port":        nil,
		"in memory":        {imagestest.InMemory()},
		"HTTP/2 on a port": {imagestest.WithHTTP2()},
		"HTTP/2 in memory": {imagestest.WithHTTP2(), imagestest.InMemory()},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, opts...)
			for _, account := range []string{imagestest.AccountID, "another"} {
				srv.Account(account).AddImages(cfimages.Image{ID: "100% é/x"})
				link, err := srv.Account(account).Delivery().URL("100% é/x", "public")
				require.NoError(t, err)
				assert.Equal(t, link, srv.Account(account).Images()[0].Variants[0])
				resp, err := srv.HTTPClient().Get(link)
				require.NoError(t, err)
				resp.Body.Close()
				assert.Equal(t, 200, resp.StatusCode)
			}
			link, err := srv.Delivery().URL("100% é/x", "public")
			require.NoError(t, err)
			assert.Equal(t, srv.Images()[0].Variants[0], link)
		})
	}
}
