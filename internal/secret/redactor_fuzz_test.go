package secret_test

import (
	"bytes"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/secret"
)

// escapers are what a server may do to a text that it quotes.
var escapers = []func(string) string{
	strings.Clone,
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return lowerHex(url.QueryEscape(s)) },
	func(s string) string { return strings.ReplaceAll(s, "/", "%2f") },
	html.EscapeString,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "/", "&#x2F;", ";", "&semi;").Replace,
	func(s string) string { return toJSON(s, true) },
	func(s string) string { return toJSON(s, false) },
	func(s string) string { return strings.ReplaceAll(toJSON(s, false), "/", `\/`) },
}

var percentEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerHex(s string) string { return percentEscape.ReplaceAllStringFunc(s, strings.ToLower) }

func toJSON(s string, escapeHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(s) // strings can be encoded
	return strings.TrimSuffix(strings.TrimPrefix(out.String(), `"`), "\"\n")
}

// FuzzRedactor escapes a secret up to three times. It does not remain in a text. A
// backslash in a secret may join with what another layer leaves: such secrets are escaped
// twice at most, and runs of backslashes, which need more than maxLayers, are left out.
func FuzzRedactor(f *testing.F) {
	for _, s := range []string{canary, "%2f+&quot;", `hun\ter"2'<pass>&`, "ü\n/猫 +=🐈", "%25%zz%", `\u0026\\`, "&amp;lt;&lt", "a;b&c"} {
		for i := range len(escapers) * len(escapers) {
			f.Add(s, uint(i))
		}
	}
	f.Fuzz(func(t *testing.T, s string, chain uint) {
		layers, backslashes := 3, strings.Count(s, `\`)
		switch {
		case s == "" || !utf8.ValidString(s) || backslashes > 3:
			t.Skip()
		case backslashes > 0:
			layers = 2
		}
		quoted := s
		for range layers {
			quoted = escapers[chain%uint(len(escapers))](quoted)
			chain /= uint(len(escapers))
		}
		safe := secret.NewRedactor().With(s).Clean(quoted, 1000)
		rest := strings.Split(safe, "[redacted]")
		require.Greater(t, len(rest), 1, "%q of %q: %q", quoted, s, safe)
		for _, text := range rest {
			require.NotContains(t, text, s, "%q", quoted)
			require.NotContains(t, text, quoted, "%q", s)
		}
	})
}
