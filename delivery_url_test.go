package cfimages_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

func TestParseDeliveryURL(t *testing.T) {
	const standard, own = "https://imagedelivery.net/", "https://img.example.com/cdn-cgi/imagedelivery/"
	for _, test := range []struct {
		url               string
		hash, id, variant string
	}{
		{standard + accountHash + "/" + hostedID + "/public", accountHash, hostedID, "public"},
		{own + accountHash + "/" + hostedID + "/public", accountHash, hostedID, "public"},
		{"http://127.0.0.1:8787/cdn-cgi/imagedelivery/h/i/public", "h", "i", "public"},
		{"https://ImageDelivery.net:443/h/i/public", "h", "i", "public"},
		{standard + "h/i/public?exp=1631289275&sig=2c43f148a6d851151386157e6b27f6d0", "h", "i", "public"},
		{standard + "h/i/public?", "h", "i", "public"},
		{standard + "h/tenants/42/cat.png/public", "h", "tenants/42/cat.png", "public"},
		{standard + "h/100%25/public", "h", "100%", "public"},
		{standard + "h/100%2525/public", "h", "100%25", "public"},
		{standard + "h/K%c3%a4se%20%3F/th%C3%BCmb", "h", "Käse ?", "thümb"},
		{standard + "h/Käse x/public", "h", "Käse x", "public"},
		{standard + "h/a%2Fb/public", "h", "a/b", "public"},
		{standard + "h/i/w=400,sharpen=3", "h", "i", "w=400,sharpen=3"},
		{own + "h/w=1/i/fit=cover,background=rgb%28240%2C40%2C145%29", "h", "w=1/i", "fit=cover,background=rgb%28240%2C40%2C145%29"},
		{own + "h/cdn-cgi/imagedelivery/public", "h", "cdn-cgi/imagedelivery", "public"},
	} {
		got, err := cfimages.ParseDeliveryURL(test.url)
		require.NoError(t, err, test.url)
		assert.Equal(t, &cfimages.DeliveryURL{AccountHash: test.hash, ImageID: test.id, Variant: test.variant}, got)
	}
}

func TestParseDeliveryURLRejects(t *testing.T) {
	const host = "https://imagedelivery.net/"
	for url, reason := range map[string]string{
		"":                               "not an absolute https URL",
		"/h/i/public":                    "not an absolute https URL",
		"http://imagedelivery.net/h/i/p": "plain http",
		"https://user:pass@imagedelivery.net/h/i/p":   "user name",
		"https://imagedelivery.net":                   "has no path with an image",
		host:                                          "has no path with an image",
		"https://example.com/h/i/public":              "neither on imagedelivery.net nor below /cdn-cgi/imagedelivery/",
		"https://imagedelivery.net.example.com/h/i/p": "neither on",
		"https://example.com/cdn-cgi/image/w=4/a.jpg": "neither on",
		"http://127.0.0.1:1/h/i/public":               "neither on",
		host + "h":                                    "too few path segments",
		host + "h/i":                                  "too few path segments",
		host + "/h/i/public":                          "has an empty account hash: give one such as https://imagedelivery.net/<account hash>/",
		host + "h%20/i/public":                        `has an invalid account hash, which is "h%20", only letters`,
		host + "cdn-cgi/imagedelivery/h/i/public":     `has an invalid account hash, which is "cdn-cgi", which starts another path`,
		host + "h//public":                            "invalid image ID, which is empty",
		host + "h/a//b/public":                        "two slashes",
		host + "h/a%00/public":                        "control character",
		host + "h/%FF/public":                         "not valid UTF-8",
		host + "h/a%2F/public":                        "start or end with a slash",
		host + "h/i/":                                 "invalid last segment, which is empty",
		host + "h/i/a%2Fb":                            "invalid last segment, which is",
		host + "h/i/w%3D400":                          "percent-escaped equals sign",
		host + "h/i/w=400,":                           "not a list of options",
		host + "h/i/..":                               "browsers resolve",
		host + "h/i/%zz":                              "not a valid URL",
		host + "h/i/public#top":                       "fragment",
		"https://imagedelivery.net/h/i/public?sig=0123 456789abcdef0": "percent-escape it",
	} {
		got, err := cfimages.ParseDeliveryURL(url)
		assert.Nil(t, got, url)
		assertParamError(t, err, "rawURL", reason)
	}
}

// Images that require signed URLs are not delivered with options.
func TestURLSignerRejectsOptions(t *testing.T) {
	signer := newSigner(t, signingKey)
	flexible, err := newDelivery(t).Transformed(hostedID, cfimages.Transform{Width: 400})
	require.NoError(t, err)
	for _, url := range []string{flexible, "https://img.example.com/cdn-cgi/imagedelivery/h/i/w=400", "https://imagedelivery.net/h/i/w%3d400"} {
		_, err := signer.Sign(url, time.Time{})
		assertParamError(t, err, "deliveryURL", "has options instead of a variant")
		assertParamError(t, signer.Verify(url+"?sig=0", time.Unix(1, 0)), "signedURL", "has options instead of a variant")
	}
	_, err = signer.Sign("https://imagedelivery.net/h/w=400/public", time.Time{})
	assert.NoError(t, err, "an image's ID may have an equals sign")
}
