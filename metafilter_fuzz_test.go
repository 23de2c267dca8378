package cfimages_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

var (
	allowedField = regexp.MustCompile(`^\w+(\.\w+){0,4}$`)
	plainNumber  = regexp.MustCompile(`^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9])$`)
)

// FuzzMetaFilter: a filter is rejected for a reason, or it is read on the other
// side as it was meant.
func FuzzMetaFilter(f *testing.F) {
	f.Add("status", "active", int64(5), 0.5, true)
	f.Add("region.name", "a&b=c;d", int64(math.MinInt64), math.MaxFloat64, false)
	f.Add("a.b.c.d.e.f", "ü\x00+%7C", int64(-1), 1.0, true)
	f.Add("a", "ü\xff", int64(2), 2.0, true)
	f.Add("p", "x|y", int64(math.MaxInt64), math.Copysign(0, -1), false)
	f.Add("a[eq]", "1", int64(0), math.SmallestNonzeroFloat64, true)
	f.Add("n", "", int64(1), math.Inf(-1), true)
	f.Fuzz(func(t *testing.T, field, s string, n int64, x float64, b bool) {
		filter := cfimages.Where(
			cfimages.Eq(field, s),
			cfimages.Eq(field, n),
			cfimages.Eq(field, b),
			cfimages.Lt(field, x),
			cfimages.In(field, s, "other"),
		)
		isAllowed := allowedField.MatchString(field) && len(field) <= 100 &&
			!strings.Contains(s, "|") && utf8.ValidString(s) && !math.IsNaN(x) && !math.IsInf(x, 0)
		if err := filter.Validate(); !isAllowed {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}

		values := readFilter(t, field, filter)
		assert.Equal(t, []string{s}, values["eq:string"])
		assert.Equal(t, []string{s, "other"}, values["in:string"])
		assert.Equal(t, []string{strconv.FormatInt(n, 10)}, values["eq:number"])
		assert.Equal(t, []string{map[bool]string{true: "true", false: "false"}[b]}, values["eq:boolean"])
		require.Len(t, values["lt:number"], 1)
		assert.Regexp(t, plainNumber, values["lt:number"][0])
		got, err := strconv.ParseFloat(values["lt:number"][0], 64)
		require.NoError(t, err)
		assert.True(t, got == x, "%v became %v", x, got) // as numbers: 0 is -0
		assert.Len(t, values, 5)
	})
}

// readFilter reads a filter on one field from the wire: its values by operator.
func readFilter(t *testing.T, field string, filter cfimages.MetaFilter) map[string][]string {
	t.Helper()
	read := make(map[string][]string)
	for name, values := range filterParameters(t, filter) {
		require.Len(t, values, 1, name)
		operator, isMeta := strings.CutPrefix(name, "meta."+field+"[")
		operator, isClosed := strings.CutSuffix(operator, "]")
		require.True(t, isMeta && isClosed, name)
		if strings.HasPrefix(operator, "in") {
			values = strings.Split(values[0], "|")
		}
		read[operator] = values
	}
	return read
}
