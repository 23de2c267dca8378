package cfimages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

const sig = "abcdefghijklmnop"

// hiddenSources are URLs with secrets, and forms in which a server may quote them.
var hiddenSources = map[string]struct {
	source string
	secret string   // a part of it that must not appear; "" if no form has one in common
	forms  []string // besides the source; none may appear
}{
	"a short password":              {"https://user:pw7@example.com/cat.png", "pw7", nil},
	"an escaped password":           {"https://user:p%40ss%2f%22w%3Aord@example.com/cat.png", "w%3Aord", []string{`p@ss/"w:ord`, "p%40ss%2F%22w%3aord", "p@ss%2f%22w:ord", `p@ss/&quot;w:ord`}},
	"two at signs":                  {"https://user:a&b@c@example.com/cat.png", "b@c", []string{"a%26b%40c", "a&amp;b@c", "a&b%40c"}},
	"upper-case hex":                {"https://user:hun%2Fter2@example.com/a", "", []string{"https://user:hun%2fter2@example.com/a", "hun%252fter2", "hun/ter2"}},
	"an ampersand":                  {"https://user:hun&ter2pass@example.com/a", "ter2pass", []string{`hun\u0026ter2pass`, "hun&amp;ter2pass", "hun&#38;ter2pass"}},
	"a quotation mark":              {"https://user:hun%22ter2pass@example.com/a", "ter2pass", []string{`hun"ter2pass`, `hun\"ter2pass`, "hun&quot;ter2pass", "hun&#34;ter2pass"}},
	"a less-than sign":              {"https://user:hun%3Cter2pass@example.com/a", "ter2pass", []string{"hun<ter2pass", `hun\u003cter2pass`, `hun\u003Cter2pass`, "hun&lt;ter2pass"}},
	"a backslash":                   {"https://user:hun%5Cter2pass@example.com/a", "ter2pass", []string{`hun\ter2pass`, `hun\\ter2pass`}},
	"Basic authentication":          {"https://user:hunter2pass@example.com/a", "", []string{"Authorization: Basic dXNlcjpodW50ZXIycGFzcw==", "dXNlcjpodW50ZXIycGFzcw%3D%3D"}},
	"Basic authentication, escaped": {"https://user:p%40ss@example.com/a", "", []string{"Basic dXNlcjpwQHNz", "Basic dXNlcjpwJTQwc3M="}},
	"only a user name":              {"https://ghp_token@example.com/cat.png", "ghp_token", []string{"Basic Z2hwX3Rva2VuOg=="}},
	"an empty password":             {"https://tokentoken:@example.com/a", "tokentoken", []string{"Basic dG9rZW50b2tlbjo="}},
	"an entity without its end":     {"https://user:pa%26notword!@example.com/a", "", []string{"pa&notword%21@", "pa&notword! &lt;"}},
	"a password in a signature":     {"https://user:ab@example.com/?sig=0123ab89cdef4567%2B01", "89cdef4567", []string{"0123ab89cdef4567%2b01", "0123ab89cdef4567+01"}},
	"a token and a constant":        {"https://ghp_0123456789ab:x-oauth-basic@example.com/a", "ghp_0123456789ab", nil},

	"a signature":                {"https://example.com/cat.png?w=100&X-Amz-Signature=" + sig, sig, nil},
	"lower-case hex":             {"https://example.com/a?sig=" + sig + "%2bqrstu%3d", sig, []string{sig + "%2Bqrstu%3D", sig + "+qrstu="}},
	"plus and slash":             {"https://example.com/a?sig=" + sig + "+qrs/tuv==", sig, []string{sig + " qrs/tuv==", sig + "%2Bqrs%2Ftuv%3D%3D", sig + "+qrs%2Ftuv==", sig + "%20qrs/tuv=="}},
	"a semicolon":                {"https://example.com/a?sig=" + sig + ";x=1", sig, []string{sig, sig + "%3Bx%3D1"}},
	"a semicolon in the value":   {"https://example.com/a?sig=abcdefgh;ijklmnopq", "abcdefgh;ijklmnopq", []string{"abcdefgh%3Bijklmnopq"}},
	"a value after a semicolon":  {"https://example.com/a?x=1;sig=" + sig, sig, nil},
	"an invalid escape":          {"https://example.com/a?sig=" + sig + "%zz%2f", sig, []string{sig + "%25zz%2F", sig + "%zz/"}},
	"the second parameter":       {"https://example.com/a?x&sig=" + sig, sig, nil},
	"a second value":             {"https://example.com/a?sig=x&sig=" + sig, sig, nil},
	"a value without a name":     {"https://example.com/a?" + sig, sig, nil},
	"a padded value and no name": {"https://example.com/a?" + sig + "==", sig, nil},
	"an empty name":              {"https://example.com/a?=" + sig, sig, nil},
	"a fragment":                 {"https://example.com/a#" + sig, sig, nil},
	"a token in a fragment":      {"https://example.com/a?b=c#x=y&access_token=" + sig, sig, nil},
}

// quotingBodies are the bodies of responses that quote a text.
var quotingBodies = map[string]func(quoted string) string{
	"envelope": func(q string) string {
		return fmt.Sprintf(`{"success":false,"errors":[{"code":1,"message":%[1]s,"documentation_url":%[1]s,"source":{"pointer":%[1]s}}],"messages":[{"code":2,"message":%[1]s}],"result":null}`, asJSON(q))
	},
	"page":          func(q string) string { return "<html>cannot fetch " + q },
	"other JSON":    func(q string) string { return `{"error":` + asJSON(q) + `}` },
	"result":        func(q string) string { return `{"success":true,"result":{"id":7,"url":` + asJSON(q) + `}}` },
	"name":          func(q string) string { return `{"success":true,"result":{` + asJSON(q) + `:[` },
	"invalid value": func(q string) string { return `{"success":true,"result":{"uploaded":` + asJSON(q) + `}}` },
}

func asJSON(s string) string {
	encoded, _ := json.Marshal(s) // strings can be encoded
	return string(encoded)
}

// A server that quotes the URL it was to fetch does not get a secret into an error or a
// log.
func TestUploadFromURLHidesSecrets(t *testing.T) {
	for name, tt := range hiddenSources {
		t.Run(name, func(t *testing.T) {
			for _, form := range append(tt.forms, tt.source) {
				for shape, body := range quotingBodies {
					for _, status := range []int{200, 302, 400, 502} {
						shown, err := shownByUploadFromURL(t, tt.source, canned.Response(status, body(form), "Cf-Ray", form, "Location", form))
						for _, secret := range []string{form, tt.secret} {
							if secret != "" && strings.Contains(shown, secret) {
								t.Errorf("%s, status %d: %s is in %.300s", shape, status, secret, shown)
							}
						}
						assert.Empty(t, err.Body)
						assert.Contains(t, err.RayID, "[redacted]")
						if shape == "envelope" {
							assert.Contains(t, err.Errors[0].Message, "[redacted]")
						}
					}
				}
			}
		})
	}
}

// shownByUploadFromURL returns all that the error and the log of a call show.
func shownByUploadFromURL(t *testing.T, source string, resp *http.Response) (string, *cfimages.Error) {
	t.Helper()
	var out strings.Builder
	var log bytes.Buffer
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	logger := slog.New(slog.NewMultiHandler(slog.NewTextHandler(&log, debug), slog.NewJSONHandler(&log, debug)))
	transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) { return resp, nil })
	_, err := newClient(t, transport, cfimages.WithLogger(logger)).ImagesV1.UploadFromURL(t.Context(), source, cfimages.UploadParams{})
	var e *cfimages.Error
	require.ErrorAs(t, err, &e)
	logger.Error("failed", "err", err)
	fmt.Fprintf(&out, "%v %+v %#v %+v %#v\n%s", err, err, err, *e, *e, log.String())
	for _, info := range append(e.Errors, e.Messages...) {
		fmt.Fprintf(&out, "%s\n%s\n%s\n", info.Message, info.DocumentationURL, info.Pointer)
	}
	return out.String(), e
}

func TestUploadFromURLShowsWhatIsNotSecret(t *testing.T) {
	const source = "https://user:pw7@example.com/pictures/cat.png?width=100&sig=" + sig + "%2b&format=png#top"
	_, err := shownByUploadFromURL(t, source, canned.Response(400, quotingBodies["envelope"]("cannot fetch "+source)))
	assert.Equal(t, "cannot fetch https://user:[redacted]@example.com/pictures/cat.png?width=100&sig=[redacted]&format=png#top", err.Errors[0].Message)
}

// FuzzUploadFromURL lets the server quote any URL that the client accepts.
func FuzzUploadFromURL(f *testing.F) {
	for _, tt := range hiddenSources {
		f.Add(tt.source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) {
			return canned.Response(400, quotingBodies["envelope"]("cannot fetch "+source)), nil
		})
		_, err := newClient(t, transport).ImagesV1.UploadFromURL(t.Context(), source, cfimages.UploadParams{})
		require.Error(t, err)
		u, invalid := url.Parse(source)
		if invalid != nil || len(transport.Requests) == 0 {
			t.Skip()
		}
		password, _ := u.User.Password()
		// A short password may be a word of the error. Spaces and control characters do
		// not remain in an error, so removing them could create a secret.
		changes := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
		for _, secret := range append(u.Query()["sig"], password) {
			if len(secret) >= 16 && !strings.ContainsFunc(secret, changes) {
				require.NotContains(t, err.Error(), secret)
			}
		}
	})
}
