package cfimages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

const (
	signingKey = "test-signing-key-1"
	mobileURL  = "https://imagedelivery.net/cheeW4oKsx5ljh8e8BoL2A/bc27a117-9509-446b-8c69-c81bfeac0a01/mobile"
)

func newSigner(t testing.TB, key string) *cfimages.URLSigner {
	t.Helper()
	signer, err := cfimages.NewURLSigner(key)
	require.NoError(t, err)
	return signer
}

// signAnything adds sig to a URL that Sign may reject, as long as its query and
// path are as they are sent.
func signAnything(t *testing.T, unsigned string) string {
	t.Helper()
	u, err := url.Parse(unsigned)
	require.NoError(t, err)
	return unsigned + "&sig=" + hmacSHA256(signingKey, u.EscapedPath()+"?"+u.RawQuery)
}

// The signatures are what this prints for the path and query:
//
//	printf '%s' '/h/100%25/public?exp=1' | openssl dgst -sha256 -hmac test-signing-key-1
func TestURLSignerSign(t *testing.T) {
	signer := newSigner(t, signingKey)
	y2100 := time.Unix(4102444800, 0)
	for _, test := range []struct {
		name, url string
		expires   time.Time
		want      string
	}{
		{
			"documented example", mobileURL, time.Unix(1631289275, 0),
			mobileURL + "?exp=1631289275&sig=2c43f148a6d851151386157e6b27f6d0d8012f3ba553187193a569ed95866d4b",
		},
		{
			"fraction of a second", mobileURL, time.Unix(1631289275, 999_999_999),
			mobileURL + "?exp=1631289275&sig=2c43f148a6d851151386157e6b27f6d0d8012f3ba553187193a569ed95866d4b",
		},
		{
			"never expires", mobileURL, time.Time{},
			mobileURL + "?sig=5c070afca56aadf68550184e4e855375780eae2e87b6bfd5bcbe40a84547bd63",
		},
		{
			"question mark without a query", mobileURL + "?", time.Time{},
			mobileURL + "?sig=5c070afca56aadf68550184e4e855375780eae2e87b6bfd5bcbe40a84547bd63",
		},
		{
			"percent sign in the ID, parameters in order", "https://imagedelivery.net/h/100%25/public?w=640&b&w=2", y2100,
			"https://imagedelivery.net/h/100%25/public?w=640&b&w=2&exp=4102444800&sig=b27db6a2c1b4b78d6165668842ceddade3b3f74bab004d9f66816db5b2f471b8",
		},
		{
			"unescaped path is escaped", "https://imagedelivery.net/h/ü x/public", y2100,
			"https://imagedelivery.net/h/%C3%BC%20x/public?exp=4102444800&sig=98fad2921dab263d888fc6a4ba85bbef2e3ebf373076694a70f58334aaf6fad4",
		},
		{
			"escaped slash stays", "https://imagedelivery.net/h/a%2Fb/public", time.Unix(1, 0),
			"https://imagedelivery.net/h/a%2Fb/public?exp=1&sig=a7547c7d584d5cc9b4d6d081c49696a5ac9ef01087f4b9286723069c7b2115b8",
		},
		{
			"loopback, and the host is not signed", "http://127.0.0.1:8787/h/a%2Fb/public", time.Unix(1, 0),
			"http://127.0.0.1:8787/h/a%2Fb/public?exp=1&sig=a7547c7d584d5cc9b4d6d081c49696a5ac9ef01087f4b9286723069c7b2115b8",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := signer.Sign(test.url, test.expires)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.NoError(t, signer.Verify(got, time.Unix(1, 0)))
		})
	}
}

func TestURLSignerRejectsURLs(t *testing.T) {
	signer := newSigner(t, signingKey)
	for _, test := range []struct{ url, reason string }{
		{"", "not an absolute https URL"},
		{"/h/i/public", "not an absolute https URL"},
		{"https:/h/i/public", "not an absolute https URL"},
		{"https://:443/h/i/public", "not an absolute https URL"},
		{"ftp://imagedelivery.net/h/i/public", "not an absolute https URL"},
		{"mailto:a@example.com", "not an absolute https URL"},
		{"http://imagedelivery.net/h/i/public", "plain http"},
		{"http://127.0.0.1.example.com/h/i/public", "plain http"},
		{"https://user:pass@imagedelivery.net/h/i/public", "user name"},
		{"https://imagedelivery.net", "no path"},
		{"https://imagedelivery.net/", "no path"},
		{mobileURL + "#top", "fragment"},
		{mobileURL + "#", "fragment"},
		{mobileURL + "%", "not a valid URL"},
		{mobileURL + "\n", "not a valid URL"},
		{"https://imagedelivery.net/h/../i/public", "browsers resolve"},
		{"https://imagedelivery.net/h/%2E%2e/public", "browsers resolve"},
		{"https://imagedelivery.net/h/a%2Fü/public", "escape them all"},
		{mobileURL + "?a=b c", "percent-escape it"},
		{mobileURL + "?a=ü", "percent-escape it"},
		{mobileURL + "?a='", "percent-escape it"},
	} {
		signed, err := signer.Sign(test.url, time.Time{})
		assert.Empty(t, signed)
		assertParamError(t, err, "deliveryURL", test.reason)
		assertParamError(t, signer.Verify(test.url, time.Unix(1, 0)), "signedURL", test.reason)
	}
}

func TestURLSignerSignRejects(t *testing.T) {
	signer := newSigner(t, signingKey)
	for _, test := range []struct {
		url           string
		expires       time.Time
		param, reason string
	}{
		{mobileURL + "?sig=abc", time.Time{}, "deliveryURL", "signed already"},
		{mobileURL + "?a=1&s%69g", time.Time{}, "deliveryURL", "signed already"},
		{mobileURL + "?exp=1", time.Unix(2, 0), "deliveryURL", "has an exp"},
		{mobileURL + "?exp=1", time.Time{}, "deliveryURL", "has an exp"},
		{"https://imagedelivery.net/h/i/", time.Time{}, "deliveryURL", "empty last segment"},
		{"https://imagedelivery.net/h/i/w=400/", time.Time{}, "deliveryURL", "empty last segment"},
		{"https://imagedelivery.net/h/i/public/?a=1", time.Time{}, "deliveryURL", "empty last segment"},
		{"https://x.de/cdn-cgi/image/width=4/a.png", time.Time{}, "deliveryURL", "is below /cdn-cgi/image/"},
		{"https://x.de/cdn%2dcgi/image/width=4/a.png", time.Time{}, "deliveryURL", "is below /cdn-cgi/image/"},
		{"http://127.0.0.1:1/cdn-cgi/image/width=4/", time.Time{}, "deliveryURL", "is below /cdn-cgi/image/"},
		{mobileURL, time.Unix(0, 0), "expires", "after 1970, got 1970-01-01T00:00:00Z"},
		{mobileURL, time.Unix(-1, 0), "expires", "after 1970"},
	} {
		_, err := signer.Sign(test.url, test.expires)
		assertParamError(t, err, test.param, test.reason)
	}
}

// Sign of v0.1.0 accepted these URLs.
func TestURLSignerVerifiesWhatSignRejects(t *testing.T) {
	for _, unsigned := range []string{
		"https://imagedelivery.net/h/i/w=400/?exp=10",
		"https://imagedelivery.net/h/i/?exp=10",
		"https://x.de/cdn-cgi/image/width=4/a.png?exp=10",
	} {
		signed := signAnything(t, unsigned)
		signer := newSigner(t, signingKey)
		require.NoError(t, signer.Verify(signed, time.Unix(10, 0)), unsigned)
		assert.ErrorIs(t, signer.Verify(signed, time.Unix(11, 0)), cfimages.ErrURLExpired, unsigned)
		assert.ErrorIs(t, newSigner(t, "another-key").Verify(signed, time.Unix(10, 0)), cfimages.ErrSignatureInvalid, unsigned)
	}
}

func TestURLSignerVerifyTime(t *testing.T) {
	signer := newSigner(t, signingKey)
	exp := time.Unix(1631289275, 0)
	signed, err := signer.Sign(mobileURL, exp)
	require.NoError(t, err)

	assert.NoError(t, signer.Verify(signed, exp.Add(-time.Hour)))
	assert.NoError(t, signer.Verify(signed, exp))
	err = signer.Verify(signed, exp.Add(time.Nanosecond))
	require.ErrorIs(t, err, cfimages.ErrURLExpired)
	assert.ErrorContains(t, err, "2021-09-10T15:54:35Z")
	assertParamError(t, signer.Verify(signed, time.Time{}), "now", "zero time")

	for _, query := range []string{"?a=1", "?xexp=1", "?EXP=1"} {
		assert.NoError(t, signer.Verify(signAnything(t, mobileURL+query), exp), "no exp in %s", query)
	}
	assert.ErrorIs(t, signer.Verify(signAnything(t, mobileURL+"?e%78p=1"), exp), cfimages.ErrURLExpired)
	assert.ErrorIs(t, signer.Verify(signAnything(t, mobileURL+"?exp=0"), exp), cfimages.ErrURLExpired)
	for _, value := range []string{"", "-1", "+1", "1.5", "1e9", "1_0", "0x1", "%zz", "9223372036854775808", "1631289275000000000000"} {
		assertParamError(t, signer.Verify(signAnything(t, mobileURL+"?exp="+value), exp), "signedURL", "whole seconds")
	}
	assertParamError(t, signer.Verify(signAnything(t, mobileURL+"?exp=1&exp=2"), exp), "signedURL", "2 exp parameters")
}

func TestURLSignerVerifyRejects(t *testing.T) {
	signer := newSigner(t, signingKey)
	now := time.Unix(1, 0)
	signed, err := signer.Sign(mobileURL, time.Unix(10, 0))
	require.NoError(t, err)
	unsigned, signature, _ := strings.Cut(signed, "&sig=")

	for _, changed := range []string{
		strings.Replace(signed, "exp=10", "exp=99", 1),
		strings.Replace(signed, "exp=10", "exp=010", 1),
		strings.Replace(signed, "mobile", "Mobile", 1),
		unsigned + "&sig=",
		unsigned + "&sig=" + strings.ToUpper(signature),
		unsigned + "&sig=" + signature + "0",
		unsigned + "&sig=" + signature[:63],
		unsigned + "&&sig=" + signature,
		unsigned + "&w=1&sig=" + signature,
		mobileURL + "?sig=" + signature,
	} {
		assert.ErrorIs(t, signer.Verify(changed, now), cfimages.ErrSignatureInvalid, changed)
	}
	assert.ErrorIs(t, newSigner(t, "another-key").Verify(signed, now), cfimages.ErrSignatureInvalid)

	forged := strings.Replace(signed, mobileURL, mobileURL+"2", 1)
	assert.ErrorIs(t, signer.Verify(forged, time.Unix(11, 0)), cfimages.ErrSignatureInvalid, "not told that it has expired")

	for signedURL, reason := range map[string]string{
		unsigned:                                     "does not end in a sig",
		signed + "&w=1":                              "does not end in a sig",
		signed + "&":                                 "does not end in a sig",
		mobileURL + "?&sig=" + signature:             "does not end in a sig",
		unsigned + "&sig":                            "does not end in a sig",
		unsigned + "&Sig=" + signature:               "does not end in a sig",
		signed + "&sig=" + signature:                 "several sig",
		signAnything(t, mobileURL+"?s%69g=1&exp=10"): "several sig",
		strings.Replace(signed, "?", "?sig&", 1):     "several sig",
	} {
		assertParamError(t, signer.Verify(signedURL, now), "signedURL", reason)
	}
}

func TestNewURLSignerRejectsKeys(t *testing.T) {
	for key, reason := range map[string]string{
		"":             "is empty",
		"canary\n":     "visible ASCII",
		"can ary":      "visible ASCII",
		"canary\u200b": "visible ASCII",
	} {
		signer, err := cfimages.NewURLSigner(key)
		assert.Nil(t, signer)
		assertParamError(t, err, "key", reason)
	}
}

func TestURLSignerWithoutKey(t *testing.T) {
	for _, signer := range []*cfimages.URLSigner{nil, {}} {
		_, err := signer.Sign(mobileURL, time.Time{})
		assertParamError(t, err, "key", "NewURLSigner")
		forged := mobileURL + "?sig=" + hmacSHA256("", strings.TrimPrefix(mobileURL, "https://imagedelivery.net"))
		assertParamError(t, signer.Verify(forged, time.Unix(1, 0)), "key", "NewURLSigner")
	}
}

func TestURLSignerHidesItsKey(t *testing.T) {
	const canary = "canary-key-77aa"
	signer := newSigner(t, canary)
	var printed bytes.Buffer
	for _, value := range []any{signer, *signer, struct{ s *cfimages.URLSigner }{signer}} {
		fmt.Fprintf(&printed, "%v %+v %#v %s %x %q", value, value, value, value, value, value)
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		printed.Write(encoded)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("", "signer", value)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("", "signer", value)
	}
	assert.NotContains(t, printed.String(), canary)
	assert.NotContains(t, printed.String(), fmt.Sprintf("%x", canary))
}

// assertParamError also checks that the error quotes no URL, signature or key.
func assertParamError(t *testing.T, err error, param, reason string) {
	t.Helper()
	var p *cfimages.ParamError
	require.ErrorAs(t, err, &p)
	require.ErrorIs(t, err, cfimages.ErrInvalidParams)
	assert.Equal(t, param, p.Param)
	assert.Contains(t, p.Reason, reason)
	assert.NotRegexp(t, `cheeW4|[0-9a-f]{32}|canary|user:pass`, p.Reason)
}
