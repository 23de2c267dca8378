package envelope

import (
	"strconv"
	"strings"
)

// maxDigits is the number of decimal digits of the largest int64.
const maxDigits = 19

// parseInt returns the integral value of a JSON number that a decoder has accepted, such
// as 1366, 1366.0 or 1e5. It returns false if the value has a fraction or is not an int64.
// It takes linear time: the exponent is not computed if the result would be too large.
func parseInt(text string) (n int64, ok bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	mantissa, exponent := text, int64(0)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		exponent, _ = strconv.ParseInt(text[i+1:], 10, 32) // the nearest, when it is out of range
	}
	mantissa, isNegative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return 0, true
	}
	zeros := exponent - int64(len(fraction)) + int64(len(digits)-len(significant))
	if zeros < 0 || zeros+int64(len(significant)) > maxDigits {
		return 0, false
	}
	if isNegative {
		significant = "-" + significant
	}
	n, err := strconv.ParseInt(significant+strings.Repeat("0", int(zeros)), 10, 64)
	return n, err == nil
}
