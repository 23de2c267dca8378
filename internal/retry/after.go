package retry

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// After parses a Retry-After header: whole seconds or an HTTP date (RFC 9110, section
// 10.2.3). It returns 0 if the header is empty or invalid, zero, negative, a fraction,
// a date that is not after now, or more than a [time.Duration] can hold (292 years).
// The caller then backs off as if there were no header.
func After(header string, now time.Time) time.Duration {
	if header == "" {
		return 0 // the usual case: avoid the cost of two parse errors
	}
	// ParseUint, because RFC 9110 allows digits only: no sign.
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		if seconds == 0 || seconds > uint64(math.MaxInt64/time.Second) {
			return 0
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	d := date.Sub(now)
	if d <= 0 || d == math.MaxInt64 { // Sub returns the largest Duration in place of a larger one
		return 0
	}
	return d
}
