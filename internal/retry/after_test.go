package retry_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/stretchr/testify/assert"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestAfter(t *testing.T) {
	tests := map[string]struct {
		header string
		want   time.Duration // 0: not ok
	}{
		"seconds":                 {"7", 7 * time.Second},
		"leading zeros":           {"007", 7 * time.Second},
		"a day":                   {"86400", 24 * time.Hour},
		"largest":                 {"9223372036", 9223372036 * time.Second},
		"date":                    {"Mon, 23 Nov 2026 10:00:30 GMT", 30 * time.Second},
		"date, RFC 850":           {"Monday, 23-Nov-26 10:00:30 GMT", 30 * time.Second},
		"date, asctime":           {"Mon Nov 23 10:00:30 2026", 30 * time.Second},
		"empty":                   {"", 0},
		"zero":                    {"0", 0},
		"negative":                {"-5", 0},
		"plus sign":               {"+5", 0},
		"fraction":                {"1.5", 0},
		"exponent":                {"1e3", 0},
		"hexadecimal":             {"0x10", 0},
		"digit separator":         {"1_000", 0},
		"NaN":                     {"NaN", 0},
		"infinity":                {"Inf", 0},
		"two values":              {"5, 10", 0},
		"unit":                    {"5s", 0},
		"other digits":            {"٣", 0},
		"words":                   {"soon", 0},
		"overflows Duration":      {"9223372037", 0},
		"overflows int64":         {"9223372036854775808", 0},
		"overflows uint64":        {"18446744073709551616", 0},
		"date now":                {"Mon, 23 Nov 2026 10:00:00 GMT", 0},
		"date past":               {"Mon, 23 Nov 2026 09:59:59 GMT", 0},
		"date overflows Duration": {"Fri, 31 Dec 9999 23:59:59 GMT", 0},
		"date that is none":       {"Mon, 31 Feb 2027 10:00:00 GMT", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, retry.After(tt.header, now))
		})
	}
}

func FuzzAfter(f *testing.F) {
	for _, header := range []string{"", "1", "-1", "9223372036", "1e9", "NaN", now.Add(time.Hour).Format(http.TimeFormat)} {
		f.Add(header, now.Unix())
	}
	f.Fuzz(func(t *testing.T, header string, unix int64) {
		d := retry.After(header, time.Unix(unix, 0))
		if d < 0 || d == math.MaxInt64 {
			t.Fatalf("After(%q) = %d: a wait that is negative, or overflowed", header, d)
		}
	})
}
