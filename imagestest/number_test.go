package imagestest_test

import (
	"fmt"
	"math/big"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// TestNumbersCompareExactly compares filters with math/big.
func TestNumbersCompareExactly(t *testing.T) {
	numbers := []string{
		"0", "-0", "0e5", "1", "-1", "10", "1e1", "0.1", "100e-3", "-0.1", "0.11", "0.09", "1.0", "1E+2", "-1e2",
		"9007199254740992", "9007199254740993", "-9007199254740993", "18446744073709551615", "18446744073709551616",
		"1e-7", "0.0000001", "123.456e2", "12345.6", "5e-324", "1e309",
	}
	srv := newServer(t)
	for i, n := range numbers {
		srv.AddImages(cfimages.Image{ID: fmt.Sprint(i), Meta: fmt.Appendf(nil, `{"n":%s}`, n)})
	}
	for _, n := range numbers {
		wanted, ok := new(big.Rat).SetString(n)
		require.True(t, ok)
		for operator, holds := range map[string]func(int) bool{
			"eq": func(c int) bool { return c == 0 }, "gt": func(c int) bool { return c > 0 }, "gte": func(c int) bool { return c >= 0 },
			"lt": func(c int) bool { return c < 0 }, "lte": func(c int) bool { return c <= 0 },
		} {
			var expected []string
			for i, m := range numbers {
				stored, _ := new(big.Rat).SetString(m)
				if holds(stored.Cmp(wanted)) {
					expected = append(expected, fmt.Sprint(i))
				}
			}
			resp := list(t, srv, "meta.n["+operator+"]="+url.QueryEscape(n))
			assert.ElementsMatch(t, expected, resp.ids(), "%s %s", operator, n)
		}
	}
}
