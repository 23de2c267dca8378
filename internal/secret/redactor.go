package secret

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// shortest is how long a text must be to be taken out of errors: what is
// shorter is no secret, and part of many words.
const shortest = 8

// Redactor takes secrets out of texts. It holds them in functions, so that
// printers which follow pointers do not find them.
type Redactor struct {
	secrets func() []string // longest first, so that none hides another that contains it
	replace func(string) string
	longest int
}

// NewRedactor returns a Redactor of the given secrets. Those of less than 8
// bytes are left where they are.
func NewRedactor(secrets ...string) *Redactor {
	return newRedactor(slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < shortest }))
}

// With returns a Redactor of more secrets, whatever their length.
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

// Clean makes a text from the server fit for an error: no secrets, no control
// characters, at most limit characters.
func (r *Redactor) Clean(text string, limit int) string { return clean(r.replace(text), limit) }

// CleanStart is Clean for the start of a text that goes on: a secret may have been
// cut at its end, where it cannot be recognized.
func (r *Redactor) CleanStart(text string, limit int) string {
	text = r.replace(text)
	return clean(text[:max(0, len(text)-r.longest)], limit)
}

// Error returns err, or if its text holds secrets an error without them that
// errors.Is knows by the same targets.
func (r *Redactor) Error(err error) error {
	text := err.Error()
	if safe := r.replace(text); safe != text {
		return &redactedError{text: safe, is: func(target error) bool { return errors.Is(err, target) }}
	}
	return err
}

// redactedError is known by the same targets as the error that it stands for,
// which cannot be reached.
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
