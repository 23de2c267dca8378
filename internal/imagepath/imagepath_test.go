package imagepath_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

const uuid = "083eb7b2-5392-4565-b69e-aff66acddd00"

func TestCheckIDAccepts(t *testing.T) {
	for _, id := range []string{
		uuid,
		"a",
		"tenants/42/cat photo.png",
		"...",
		"a/.b/..c/d..",
		"stats/a",
		"a/keys",
		"keyset",
		"a/blob",
		"%2e%2e/%00",
		"?a=b#c;d\\e",
		"Käse/北京/🐈/e\u0301",
		strings.Repeat("猫", 1024),
	} {
		assert.NoError(t, imagepath.CheckID(id), "%q", id)
	}
}

func TestCheckIDRejects(t *testing.T) {
	for _, test := range []struct{ id, reason string }{
		{"", "is empty"},
		{"a\xff", `is not valid UTF-8: "a\xff"`},
		{"\xed\xa0\x80", "is not valid UTF-8"}, // an encoded surrogate
		{strings.Repeat("猫", 1025), "has 1025 characters, at most 1024 are allowed"},
		{"a\x00b", "control character U+0000"},
		{"a\r\nHost: x", "control character U+000D"},
		{"a\x7f", "control character U+007F"},
		{"a\u0085", "control character U+0085"},
		{"/", "start or end with a slash"},
		{"/a", "start or end with a slash"},
		{"a/", "start or end with a slash"},
		{"a//b", "two slashes in a row"},
		{".", `the segment "."`},
		{"a/./b", `the segment "."`},
		{"../v2", `the segment ".."`},
		{"a/..", `the segment ".."`},
		{"stats", "another path of the API"},
		{"batch_token", "another path of the API"},
		{"keys", "another path of the API"},
		{"keys/default", "another path of the API"},
		{"variants/public", "another path of the API"},
	} {
		assert.ErrorContains(t, imagepath.CheckID(test.id), test.reason, "%q", test.id)
		assert.ErrorContains(t, imagepath.CheckCustomID(test.id), test.reason, "%q", test.id)
	}
}

func TestCheckDelivery(t *testing.T) {
	for _, id := range []string{"a", "stats", "batch_token", "keys/default", "variants/public", "a/blob"} {
		assert.NoError(t, imagepath.CheckDelivery(id), "%q", id)
	}
	assert.ErrorContains(t, imagepath.CheckDelivery("a/../b"), `the segment ".."`)
}

func TestCheckCustomIDRejectsUUIDs(t *testing.T) {
	for _, id := range []string{uuid, strings.ToUpper(uuid), "00000000-0000-0000-0000-000000000000"} {
		assert.ErrorContains(t, imagepath.CheckCustomID(id), "must not be a UUID", "%q", id)
	}
	for _, id := range []string{
		"cat",
		uuid + "/a",
		uuid + "0",
		"{" + uuid + "}",
		"urn:uuid:" + uuid,
		strings.ReplaceAll(uuid, "-", ""),
		strings.ReplaceAll(uuid, "-", "_"),
		"083eb7b2-5392-4565-b69e-aff66acddd0g",
		"083eb7b2-5392-4565-b69e-aff66acddd0-",
	} {
		assert.NoError(t, imagepath.CheckCustomID(id), "%q", id)
	}
}

func TestCheckReadable(t *testing.T) {
	for _, id := range []string{"a", "blob", "a/blob/b", "ablob"} {
		assert.NoError(t, imagepath.CheckReadable(id), "%q", id)
	}
	for _, check := range []func(string) error{imagepath.CheckReadable, imagepath.CheckCustomID} {
		assert.ErrorContains(t, check("a/blob"), "must not end in /blob")
		assert.ErrorContains(t, check("keys/a"), "another path of the API")
	}
}

func TestCheckAccountID(t *testing.T) {
	for _, id := range []string{"023e105f4ecef8ad9ca31a8372d0c353", "Acc_ount-1", strings.Repeat("a", 500)} {
		assert.NoError(t, imagepath.CheckAccountID(id), "%q", id)
	}
	for _, test := range []struct{ id, reason string }{
		{"", "is empty"},
		{"..", "contains '.'"},
		{"a/b", "contains '/'"},
		{"a b", "contains ' '"},
		{"a%2f", "contains '%'"},
		{"ä", "contains 'ä'"},
		{"a\n", `contains '\n'`},
	} {
		assert.ErrorContains(t, imagepath.CheckAccountID(test.id), test.reason, "%q", test.id)
	}
}

func TestErrorsQuoteLittle(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, err := range map[string]error{
		"slash":   imagepath.CheckID("/" + long),
		"UTF-8":   imagepath.CheckID(long + "\xff"),
		"control": imagepath.CheckID(long + "\x00"),
		"segment": imagepath.CheckID(long + "//a"),
		"length":  imagepath.CheckID(long + long),
		"account": imagepath.CheckAccountID(long + "."),
	} {
		require.Error(t, err, name)
		assert.LessOrEqual(t, strings.Count(err.Error(), "x"), 41, name)
	}
}

func TestEscape(t *testing.T) {
	for id, want := range map[string]string{
		uuid:               uuid,
		"a/b/c":            "a/b/c",
		"a b":              "a%20b",
		"100%":             "100%25",
		"a%2Fb":            "a%252Fb",
		"what?#now;":       "what%3F%23now%3B",
		`back\slash`:       "back%5Cslash",
		"ü/猫":              "%C3%BC/%E7%8C%AB",
		"tenants/../x/%2e": "tenants/../x/%252e",
	} {
		assert.Equal(t, want, imagepath.Escape(id), "%q", id)
	}
}

// FuzzEscape checks that the server receives an escaped ID unchanged, below its account.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{uuid, "a/b c", "../../v2", "%2e%2e/x", "a?b#c", "a;b=c,d", `a\..\b`, "ü/猫", "a\x7f", "[!'()*]"} {
		f.Add(seed)
	}
	const account = "https://api.cloudflare.com/client/v4/accounts/a/images/v1/"
	f.Fuzz(func(t *testing.T, id string) {
		if imagepath.CheckID(id) != nil {
			return
		}
		require.True(t, utf8.ValidString(id))
		escaped := imagepath.Escape(id)

		u, err := url.Parse(account + escaped)
		require.NoError(t, err)
		assert.Equal(t, "/client/v4/accounts/a/images/v1/"+id, u.Path)
		assert.Equal(t, account+escaped, u.String())
		assert.Empty(t, u.RawQuery+u.Fragment)

		// Cleaning resolves what a proxy might: nothing may be left to resolve.
		assert.Equal(t, account+escaped, u.JoinPath().String())
		assert.NotContains(t, escaped, `\`)
	})
}

func TestCheckChangeable(t *testing.T) {
	for _, id := range []string{"a", "a/blob", "config/a", "a/config"} {
		assert.NoError(t, imagepath.CheckChangeable(id), "%q", id)
	}
	for _, check := range []func(string) error{imagepath.CheckChangeable, imagepath.CheckCustomID} {
		assert.ErrorContains(t, check("config"), "the settings of the account")
		assert.ErrorContains(t, check("keys/a"), "another path of the API")
	}
	assert.NoError(t, imagepath.CheckID("config"))
}
