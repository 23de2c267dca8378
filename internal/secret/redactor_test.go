package secret_test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go/internal/secret"
)

func TestCleanMakesATextSafeForAnError(t *testing.T) {
	redact := secret.NewRedactor(canary, "short", "")
	tests := map[string]string{
		"":                                      "",
		"plain":                                 "plain",
		"two\r\n lines\t":                       "two lines",
		"bell\a and \x1b[31m":                   "bell and [31m",
		"not UTF-8: \xff":                       "not UTF-8: \uFFFD",
		"a " + canary + " b " + canary + canary: "a [redacted] b [redacted][redacted]",
		"what is short stays":                   "what is short stays",
		strings.Repeat("ä", 60):                 strings.Repeat("ä", 50) + "…",
	}
	for text, want := range tests {
		assert.Equal(t, want, redact.Clean(text, 50), "%q", text)
	}
}

func TestCleanStartLeavesNoPartOfASecret(t *testing.T) {
	redact := secret.NewRedactor(canary)
	for cut := range len(canary) {
		assert.NotContains(t, redact.CleanStart(strings.Repeat(" x", 20)+canary[:cut], 100), canary[:max(cut, 1)], cut)
	}
	assert.Contains(t, redact.CleanStart(canary+strings.Repeat("x", 20), 100), "[redacted]")
}

func TestWithRedactsSecretsOfAnyLength(t *testing.T) {
	first := secret.NewRedactor(canary, "short")
	both := first.With("pw", "", "longer than "+canary)
	assert.Equal(t, "[redacted], [redacted], [redacted] and short", both.Clean("longer than "+canary+", "+canary+", pw and short", 100))
	assert.Equal(t, "[redacted] and pw", first.Clean(canary+" and pw", 100), "the first one is as before")
	assert.Same(t, first, first.With())
	assert.NotContains(t, fmt.Sprintf("%+v %#v", both, both), canary)
}

func TestEscapedSecretsAreRedacted(t *testing.T) {
	redact := secret.NewRedactor("short").With(`p+/"ä🐈`, "a%2fb%zz", "re")
	tests := map[string]string{
		`is p+/"ä🐈`:                        "is [redacted]",
		`is p /"ä🐈`:                        "is [redacted]",
		"is p%2B%2F%22%C3%A4%F0%9F%90%88":  "is [redacted]",
		"is p%2b%2f%22%c3%a4%f0%9f%90%88!": "is [redacted]!",
		"is p%252B%25252F%22ä🐈":            "is [redacted]",
		`is p+\/\"\u00e4\ud83d\udc08`:      "is [redacted]",
		`is p\\u002B\\/\\\"ä🐈`:             "is [redacted]",
		"is p+/&quot;&auml;&#128008;":      "is [redacted]",
		"is p+/&#34;&#xE4;&#X1f408;":       "is [redacted]",
		"is p+/&amp;#34;ä🐈":                "is [redacted]",
		`is p+/\u0026quot;ä🐈`:              "is [redacted]",
		"a%2fb%zz, a%2Fb%zz, a/b%zz":       "[redacted], [redacted], [redacted]",
		"a%252Fb%25zz":                     "[redacted]",
		"50%25 &amp; short":                "50%25 &amp; short",
		"50%25 &amp; p%2B/%22ä🐈":           "50% & [redacted]",
		`100% \ \x \u12 &; &amp &nosuch;`:  `100% \ \x \u12 &; &amp &nosuch;`,
		"re, %72%65":                       "[redacted], [redacted]",
	}
	for text, want := range tests {
		assert.Equal(t, want, redact.Clean(text, 100), "%q", text)
	}
	assert.Equal(t, "%61%61", secret.NewRedactor("%61%61%61").Clean("%61%61", 10))
	assert.Equal(t, "aaa", secret.NewRedactor("%61%61%61").Clean("aaa", 10), "a form that is too short")
}

func TestRedactedErrorMatchesItsTargets(t *testing.T) {
	redact := secret.NewRedactor(canary)
	plain := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	assert.Same(t, plain, redact.Error(plain))

	err := redact.Error(fmt.Errorf("with %s: %w", canary, plain))
	assert.EqualError(t, err, "with [redacted]: dial tcp: connection refused")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), canary)
}
