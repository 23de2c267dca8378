package cfimages

import (
	"errors"
	"strings"
	"unicode"
)

const (
	// shortestSecret is how long a text must be to be taken out of errors: what is
	// shorter is no secret, and part of many words.
	shortestSecret = 8

	redacted = "[redacted]"
)

// redactor takes the secrets out of a text. It is a function so that printers
// which follow pointers do not find them.
type redactor func(string) string

func newRedactor(secrets ...string) redactor {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= shortestSecret {
			pairs = append(pairs, s, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// clean makes a text from the server fit for an error: no secrets, no control
// characters, at most limit characters.
func (redact redactor) clean(text string, limit int) string {
	text = redact(text)
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

// error returns err, behind a text without secrets if it holds any.
func (redact redactor) error(err error) error {
	text := err.Error()
	if safe := redact(text); safe != text {
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
