package cfimages_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

const (
	accountHash = "ZWd9g1K7eljCn_KDTu_MWA"
	hostedID    = "083eb7b2-5392-4565-b69e-aff66acddd00"
)

func newDelivery(t testing.TB) *cfimages.Delivery {
	t.Helper()
	delivery, err := cfimages.NewDelivery(accountHash)
	require.NoError(t, err)
	return delivery
}

func TestDeliveryURL(t *testing.T) {
	for _, test := range []struct{ id, variant, want string }{
		{hostedID, "public", hostedID + "/public"},
		{"tenants/42/cat.png", "public", "tenants/42/cat.png/public"},
		{"100%", "public", "100%25/public"},
		{"100%25", "public", "100%2525/public"},
		{"%2e%2e/a", "public", "%252e%252e/a/public"},
		{"a cat?.png#1", "public", "a%20cat%3F.png%231/public"},
		{"Käse/北京", "public", "K%C3%A4se/%E5%8C%97%E4%BA%AC/public"},
		{`a\..\b"'<c>`, "public", "a%5C..%5Cb%22%27%3Cc%3E/public"},
		{"a,b;c", "public", "a%2Cb%3Bc/public"},
		{"w=400", "public", "w=400/public"},
		{"keys/a", "public", "keys/a/public"},
		{"stats", "public", "stats/public"},
		{"a/blob", "public", "a/blob/public"},
		{"a", "100% ü?", "a/100%25%20%C3%BC%3F"},
		{"a", strings.Repeat("ü", 99), "a/" + strings.Repeat("%C3%BC", 99)},
		{"a", "w=400,sharpen=3", "a/w=400,sharpen=3"},
		{"a", "trim=1;2;3;4,trim.top=1,background=rgb%28240%2C40%2C145%29,new-option=x:y", "a/trim=1;2;3;4,trim.top=1,background=rgb%28240%2C40%2C145%29,new-option=x:y"},
	} {
		got, err := newDelivery(t).URL(test.id, test.variant)
		require.NoError(t, err)
		assert.Equal(t, "https://imagedelivery.net/"+accountHash+"/"+test.want, got)
	}
}

func TestDeliveryURLRejects(t *testing.T) {
	for _, test := range []struct{ id, variant, param, reason string }{
		{"", "public", "imageID", "is empty"},
		{"/a", "public", "imageID", "slash"},
		{"a//b", "public", "imageID", "two slashes"},
		{"../x", "public", "imageID", `the segment ".."`},
		{"a\nb", "public", "imageID", "control character U+000A"},
		{"\xff", "public", "imageID", "not valid UTF-8"},
		{strings.Repeat("a", 1025), "public", "imageID", "1025 characters"},
		{"a", "", "variant", "is empty: give the name of a variant"},
		{"a", "\xff", "variant", "not valid UTF-8"},
		{"a", strings.Repeat("ü", 100), "variant", "has 100 characters, at most 99"},
		{"a", "..", "variant", `is "..", which cannot be the last segment of a URL`},
		{"a", "b/public", "variant", "cannot be the last segment"},
		{"a", "b\n", "variant", "cannot be the last segment"},
		{"a", "w=400,", "variant", "not a list of options"},
		{"a", "w=", "variant", "not a list of options"},
		{"a", "=400", "variant", "not a list of options"},
		{"a", "w/h=400", "variant", "not a list of options"},
		{"a", "public?w=400", "variant", "not a list of options"},
		{"a", "w=400, h=300", "variant", "not a list of options"},
		{"a", "w=400/..", "variant", "not percent-escaped"},
		{"a", "w=4 00", "variant", "not percent-escaped"},
		{"a", "background=#fff", "variant", "not percent-escaped"},
		{"a", "background=100%", "variant", "not percent-escaped"},
		{"a", "background=röt", "variant", "not percent-escaped"},
		{"a", `background="red"`, "variant", "not percent-escaped"},
	} {
		got, err := newDelivery(t).URL(test.id, test.variant)
		assert.Empty(t, got)
		assertParamError(t, err, test.param, test.reason)
	}
	_, err := newDelivery(t).URL("..", "..")
	assert.ErrorContains(t, err, "imageID")
	assert.ErrorContains(t, err, "variant")
}

func TestNewDeliveryRejects(t *testing.T) {
	for hash, reason := range map[string]string{
		"":                                      "is empty: give the account hash",
		"a/b":                                   `is "a/b", only letters, digits, hyphens and underscores`,
		"ä":                                     "only letters",
		"cdn-cgi":                               "which starts another path",
		"https://imagedelivery.net/" + hostedID: "only letters",
	} {
		delivery, err := cfimages.NewDelivery(hash)
		assert.Nil(t, delivery)
		assertParamError(t, err, "accountHash", reason)
	}
}

func TestDeliveryWithoutAccount(t *testing.T) {
	for _, delivery := range []*cfimages.Delivery{nil, {}} {
		_, err := delivery.URL("a", "public")
		assertParamError(t, err, "Delivery", "NewDelivery")
		_, err = delivery.Transformed("a", cfimages.Transform{Width: 1})
		assertParamError(t, err, "Delivery", "NewDelivery")
		_, err = delivery.SrcSet("a", cfimages.Transform{}, 1)
		assertParamError(t, err, "Delivery", "NewDelivery")
		_, err = delivery.OnDomain("example.com")
		assertParamError(t, err, "Delivery", "NewDelivery")
	}
}

// The host and its result, for OnDomain and RemoteURL alike.
var goodHosts = map[string]string{
	"example.com":           "https://example.com",
	"Images.Example.COM":    "https://images.example.com",
	"xn--ksi-qla.example":   "https://xn--ksi-qla.example",
	"my_img.example.com":    "https://my_img.example.com",
	"example.com:8443":      "https://example.com:8443",
	"127.0.0.1:8787":        "https://127.0.0.1:8787",
	"[::1]:8787":            "https://[::1]:8787",
	"http://127.0.0.1:8787": "http://127.0.0.1:8787",
	"http://127.0.0.1:0":    "http://127.0.0.1:0", // a test server in memory
	"http://[::1]":          "http://[::1]",
	"http://localhost:1":    "http://localhost:1",
}

var badHosts = map[string]string{
	"":                                 "is empty",
	"https://example.com":              "without a scheme",
	"http://example.com":               "plain http is allowed for loopback hosts only",
	"http://127.0.0.1.example.com":     "plain http",
	"http://":                          "not a host",
	"example.com/":                     "not a host",
	"example.com/images":               "not a host",
	"example.com?":                     "not a host",
	"example.com#":                     "not a host",
	"example.com:":                     "not a host",
	"example.com:0":                    "not a host",
	"example.com:65536":                "not a host",
	"example.com:x":                    "not a host",
	"example..com":                     "not a host",
	"example.com.":                     "not a host",
	"-a.example":                       "not a host",
	"a-.example":                       "not a host",
	"exam ple.com":                     "not a host",
	"käse.example":                     "xn--",
	"\u212aelvin.example":              "xn--", // a sign whose lower case is a k
	"a%2eb":                            "not a host",
	"::1":                              "not a host",
	"[::1%25eth0]":                     "not a host",
	"*.example.com":                    "not a host",
	strings.Repeat("z", 64) + ".com":   "not a host",
	strings.Repeat("a.", 127) + "abcd": "not a host",
	"user:pass@example.com":            "has a user name or password",
}

func TestDeliveryOnDomain(t *testing.T) {
	delivery := newDelivery(t)
	for host, origin := range goodHosts {
		own, err := delivery.OnDomain(host)
		require.NoError(t, err)
		got, err := own.URL(hostedID, "public")
		require.NoError(t, err)
		assert.Equal(t, origin+"/cdn-cgi/imagedelivery/"+accountHash+"/"+hostedID+"/public", got)
		again, err := own.OnDomain("other.example")
		require.NoError(t, err)
		got, err = again.Transformed("a", cfimages.Transform{Width: 5})
		require.NoError(t, err)
		assert.Equal(t, "https://other.example/cdn-cgi/imagedelivery/"+accountHash+"/a/width=5", got)
	}
	got, err := delivery.URL("a", "public")
	require.NoError(t, err)
	assert.Equal(t, "https://imagedelivery.net/"+accountHash+"/a/public", got, "the first Delivery has not changed")

	for host, reason := range badHosts {
		own, err := delivery.OnDomain(host)
		assert.Nil(t, own)
		assertParamError(t, err, "host", reason)
	}
	for _, host := range []string{"imagedelivery.net", "ImageDelivery.net:443"} {
		_, err = delivery.OnDomain(host)
		assertParamError(t, err, "host", "which is Cloudflare's")
	}
}

func TestDeliveryTransformed(t *testing.T) {
	got, err := newDelivery(t).Transformed("a b", cfimages.Transform{Height: 300, Width: 400, Fit: cfimages.FitCover})
	require.NoError(t, err)
	assert.Equal(t, "https://imagedelivery.net/"+accountHash+"/a%20b/width=400,height=300,fit=cover", got)

	_, err = newDelivery(t).Transformed("a", cfimages.Transform{})
	assertParamError(t, err, "Transform", "has no options")
	_, err = newDelivery(t).Transformed("a", cfimages.Transform{Width: 1, OnError: cfimages.OnErrorRedirect})
	assertParamError(t, err, "OnError", `is "redirect", but it is for remote images only`)
	_, err = newDelivery(t).Transformed("..", cfimages.Transform{Width: -1, OnError: cfimages.OnErrorRedirect})
	for _, param := range []string{"imageID", "Width", "OnError"} {
		assert.ErrorContains(t, err, param)
	}
}

func TestDeliveryURLsCanBeSigned(t *testing.T) {
	link, err := newDelivery(t).URL("100% ü/'a'(b)", "public")
	require.NoError(t, err)
	signed, err := newSigner(t, signingKey).Sign(link, time.Unix(10, 0))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(signed, link+"?exp=10&sig="), "signing does not change the URL: %s", signed)
}
