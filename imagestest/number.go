package imagestest

import (
	"cmp"
	"strconv"
	"strings"
)

// number is an exact decimal number of any size: 0.digits × 10^exponent. float64 cannot
// distinguish large integers, and math/big needs gigabytes for 1e999999999.
type number struct {
	negative bool
	digits   string // without zeros at either end; empty means zero
	exponent int64
}

// parseNumber parses a JSON value and returns false if it is not a number. An exponent that
// does not fit in 32 bits is clamped.
func parseNumber(text string) (n number, ok bool) {
	if text == "" || text[0] != '-' && !isDigit(text[0]) {
		return number{}, false
	}
	text, n.negative = strings.CutPrefix(text, "-")
	mantissa, exponent := text, int64(0)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		exponent, _ = strconv.ParseInt(text[i+1:], 10, 32) // the nearest, when it is out of range
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	n.digits = strings.TrimLeft(whole+fraction, "0")
	n.exponent = exponent + int64(len(n.digits)-len(fraction))
	n.digits = strings.TrimRight(n.digits, "0")
	if n.digits == "" {
		return number{}, true
	}
	return n, true
}

// compare returns -1, 0 or +1 as n is less than, equal to or greater than m.
func (n number) compare(m number) int {
	if n.sign() != m.sign() {
		return cmp.Compare(n.sign(), m.sign())
	}
	magnitude := cmp.Compare(n.exponent, m.exponent)
	if magnitude == 0 {
		magnitude = strings.Compare(n.digits, m.digits)
	}
	return magnitude * n.sign()
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
