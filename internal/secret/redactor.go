package secret

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// shortest is the minimum length of a secret that is redacted: a shorter text is
// not secret, and occurs in many words.
const shortest = 8

// hidden stands for a secret while further ones are looked for: they may occur in the
// word redacted. It is a Unicode noncharacter, which no text should contain.
const hidden = "\uFFFF"

// Redactor removes secrets from texts, as they are or escaped for URLs, JSON or HTML,
// also repeatedly. It stores them in closures, so that printers that follow pointers do
// not print them.
type Redactor struct {
	secrets func() []string       // longest first, so that none hides another that contains it
	replace []func(string) string // of the long secrets, then of the short ones, which may occur in them
	longest int                   // in bytes, in a URL
}

// NewRedactor returns a Redactor for secrets. Secrets shorter than 8 bytes are not
// redacted.
func NewRedactor(secrets ...string) *Redactor { return newRedactor(formsOf(secrets, shortest)) }

// With returns a Redactor for additional secrets of any length.
func (r *Redactor) With(secrets ...string) *Redactor {
	if len(secrets) == 0 {
		return r
	}
	return newRedactor(append(r.secrets(), formsOf(secrets, 1)...))
}

// formsOf returns the forms of the secrets that have a minimum length: as given, and
// without the escapes that they contain.
func formsOf(secrets []string, minLength int) []string {
	var forms []string
	for _, s := range secrets {
		for range 1 + maxLayers {
			if len(s) >= minLength {
				forms = append(forms, s)
			}
			inner := unescape(s)
			if inner == s {
				break
			}
			s = inner
		}
	}
	return forms
}

func newRedactor(secrets []string) *Redactor {
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	r := &Redactor{secrets: func() []string { return slices.Clone(secrets) }}
	var long, short []string
	for _, s := range secrets {
		if len(s) < shortest {
			short = append(short, s, hidden)
		} else {
			long = append(long, s, hidden)
		}
		r.longest = max(r.longest, len(url.QueryEscape(s)))
	}
	for _, pairs := range [][]string{long, short} {
		if len(pairs) > 0 {
			r.replace = append(r.replace, strings.NewReplacer(pairs...).Replace)
		}
	}
	return r
}

// redact returns text without secrets.
func (r *Redactor) redact(text string) string {
	for _, replace := range r.replace {
		text = replaceEscaped(text, replace)
	}
	return strings.ReplaceAll(text, hidden, redacted)
}

// replaceEscaped replaces secrets in text. To find one that is escaped, it removes the
// escapes from the whole text, at most maxLayers times.
func replaceEscaped(text string, replace func(string) string) string {
	safe := replace(text)
	layer := safe
	for range maxLayers {
		inner := unescape(layer)
		if inner == layer {
			break
		}
		layer = replace(inner)
		if layer != inner {
			safe = layer
		}
	}
	return safe
}

// Clean returns a text from the server in a form that is safe in an error: without
// secrets and control characters, and with at most limit characters.
func (r *Redactor) Clean(text string, limit int) string { return clean(r.redact(text), limit) }

// CleanStart is like Clean, for the start of a longer text. It also removes the end,
// where a truncated secret cannot be recognized.
func (r *Redactor) CleanStart(text string, limit int) string {
	text = r.redact(text)
	return clean(text[:max(0, len(text)-r.longest)], limit)
}

// Error returns err if its text has no secrets. Otherwise it returns an error with a
// redacted text that matches the same targets of errors.Is.
func (r *Redactor) Error(err error) error {
	text := err.Error()
	if safe := r.redact(text); safe != text {
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
