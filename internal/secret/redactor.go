package secret

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// shortest is the minimum length of a secret that is redacted: a shorter text is
// not secret, and occurs in many words.
const shortest = 8

// Redactor removes secrets from texts. It stores them in closures, so that printers
// that follow pointers do not print them.
type Redactor struct {
	secrets func() []string // longest first, so that none hides another that contains it
	replace func(string) string
	longest int
}

// NewRedactor returns a Redactor for secrets. Secrets shorter than 8 bytes are not
// redacted.
func NewRedactor(secrets ...string) *Redactor {
	return newRedactor(slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < shortest }))
}

// With returns a Redactor for additional secrets of any length.
func (r *Redactor) With(secrets ...string) *Redactor {
	if len(secrets) == 0 {
		return r
	}
	return newRedactor(slices.DeleteFunc(append(r.secrets(), secrets...), func(s string) bool { return s == "" }))
}

func newRedactor(secrets []string) *Redactor {
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	r := &Redactor{secrets: func() []string { return slices.Clone(secrets) }}
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, redacted)
		r.longest = max(r.longest, len(s))
	}
	r.replace = strings.NewReplacer(pairs...).Replace
	return r
}

// Clean returns a text from the server in a form that is safe in an error: without
// secrets and control characters, and with at most limit characters.
func (r *Redactor) Clean(text string, limit int) string { return clean(r.replace(text), limit) }

// CleanStart is like Clean, for the start of a longer text. It also removes the end,
// where a truncated secret cannot be recognized.
func (r *Redactor) CleanStart(text string, limit int) string {
	text = r.replace(text)
	return clean(text[:max(0, len(text)-r.longest)], limit)
}

// Error returns err if its text has no secrets. Otherwise it returns an error with a
// redacted text that matches the same targets of errors.Is.
func (r *Redactor) Error(err error) error {
	text := err.Error()
	if safe := r.replace(text); safe != text {
		return &redactedError{text: safe, is: func(target error) bool { return errors.Is(err, target) }}
	}
	return err
}

// redactedError replaces an error. It matches the same targets, but does not unwrap to
// that error.
type redactedError struct {
	text string
	is   func(target error) bool
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return e.is(target) }

func clean(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	for i := range text {
		if limit == 0 {
			return text[:i] + "…"
		}
		limit--
	}
	return text
}
