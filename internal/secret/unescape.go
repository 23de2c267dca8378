package secret

import (
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is how many layers of escapes are removed: a server may quote a text that
// is escaped already. More are not expected, and each costs time.
const maxLayers = 4

// unescape removes one layer of the escapes of URLs, JSON and HTML. What is not a
// valid escape remains.
func unescape(text string) string {
	if !strings.ContainsAny(text, `+%\&`) {
		return text
	}
	b := make([]byte, 0, len(text))
	for text != "" {
		b, text = appendFirst(b, text)
	}
	return string(b)
}

// appendFirst appends the first character of text, unescaped, and returns the rest of
// text.
func appendFirst(b []byte, text string) (appended []byte, rest string) {
	switch text[0] {
	case '+': // in a query
		return append(b, ' '), text[1:]
	case '%':
		if c, ok := hexAfter("%", 2, text); ok {
			return append(b, byte(c)), text[3:]
		}
	case '\\':
		if r, size := unescapeJSON(text); size > 0 {
			return utf8.AppendRune(b, r), text[size:]
		}
	case '&':
		if c, size := unescapeHTML(text); size > 0 {
			return append(b, c...), text[size:]
		}
	}
	return append(b, text[0]), text[1:]
}

// unescapeJSON returns the character whose JSON escape text starts with, and the size
// of the escape; 0 if there is none.
func unescapeJSON(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, text[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := hexAfter(`\u`, 4, text)
	if !ok {
		return 0, 0
	}
	if low, ok := hexAfter(`\u`, 4, text[6:]); ok && utf16.IsSurrogate(r) {
		return utf16.DecodeRune(r, low), 12
	}
	return r, 6
}

// unescapeHTML returns the character whose HTML escape text starts with, and the size
// of the escape; 0 if there is none.
func unescapeHTML(text string) (c string, size int) {
	const longest = len("&CounterClockwiseContourIntegral;")
	size = 2 + strings.IndexAny(text[1:min(len(text), longest)], "&;")
	if size < 2 || text[size-1] == '&' {
		return "", 0
	}
	c = html.UnescapeString(text[:size])
	if len(c) > 1 && c[len(c)-1] == ';' { // not an escape, or only the start of it
		return "", 0
	}
	return c, size
}

// hexAfter returns the number whose hexadecimal digits follow prefix in text.
func hexAfter(prefix string, digits int, text string) (n rune, ok bool) {
	text, ok = strings.CutPrefix(text, prefix)
	if !ok || len(text) < digits {
		return 0, false
	}
	for i := range digits {
		digit := strings.IndexByte("0123456789abcdef0123456789ABCDEF", text[i])
		if digit < 0 {
			return 0, false
		}
		n = n<<4 | rune(digit&15)
	}
	return n, true
}
