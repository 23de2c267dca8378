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

func TestRedactedErrorMatchesItsTargets(t *testing.T) {
	redact := secret.NewRedactor(canary)
	plain := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	assert.Same(t, plain, redact.Error(plain))

	err := redact.Error(fmt.Errorf("with %s: %w", canary, plain))
	assert.EqualError(t, err, "with [redacted]: dial tcp: connection refused")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), canary)
}
