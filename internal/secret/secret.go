// Package secret protects texts that must not be printed by accident: tokens, API
// keys and signing keys.
package secret

import "log/slog"

const redacted = "[redacted]"

// Value is a secret text. Use it by pointer; a nil pointer is an empty secret.
//
// The text is stored in a closure, because printers that read unexported fields and
// follow pointers do not call the methods of Value, but stop at a function.
type Value struct {
	reveal func() string
}

// New returns s as a secret.
func New(s string) *Value {
	return &Value{reveal: func() string { return s }}
}

// Reveal returns the text, or "" for a nil or zero Value.
func (v *Value) Reveal() string {
	if v == nil || v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// String hides the text from fmt.
func (v *Value) String() string { return redacted }

// GoString hides the text from fmt's %#v.
func (v *Value) GoString() string { return redacted }

// LogValue hides the text from slog.
func (v *Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the text from JSON encoders.
func (v *Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the text from every encoder that writes text.
func (v *Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
