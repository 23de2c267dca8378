package cfimages_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-querystring/query"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

var _ query.Encoder = cfimages.MetaFilter{}

// filterParameters returns the parameters of a filter as they are read on the other side.
func filterParameters(t *testing.T, filter cfimages.MetaFilter) url.Values {
	t.Helper()
	values, err := query.Values(struct {
		Meta cfimages.MetaFilter `url:"meta,omitempty"`
	}{filter})
	require.NoError(t, err)
	decoded, err := url.ParseQuery(values.Encode())
	require.NoError(t, err)
	return decoded
}

func TestMetaFilterOnTheWire(t *testing.T) {
	type (
		status  string
		enabled bool
		cents   int64
		ratio   float32
	)
	for _, test := range []struct {
		condition cfimages.Condition
		want      string
	}{
		// The examples of the specification.
		{cfimages.Eq("status", "active"), "meta.status[eq:string]=active"},
		{cfimages.InUntyped("status", "pending", "deleted", "flagged"), "meta.status[in]=pending|deleted|flagged"},
		{cfimages.In("ratings", 4, 5), "meta.ratings[in:number]=4|5"},
		{cfimages.EqUntyped("region.name", "eu-west"), "meta.region.name[eq]=eu-west"},
		{cfimages.EqUntyped("status", "active"), "meta.status[eq]=active"},
		{cfimages.Eq("priority", 5), "meta.priority[eq:number]=5"},
		{cfimages.Eq("enabled", true), "meta.enabled[eq:boolean]=true"},
		{cfimages.InUntyped("region", "us-east", "us-west", "eu-west"), "meta.region[in]=us-east|us-west|eu-west"},
		{cfimages.Eq("first.second.third.fourth.fifth", 1), "meta.first.second.third.fourth.fifth[eq:number]=1"},

		// The other operators.
		{cfimages.In("status", "a", "b"), "meta.status[in:string]=a|b"},
		{cfimages.Gt("p", 1), "meta.p[gt:number]=1"},
		{cfimages.Gte("p", 1), "meta.p[gte:number]=1"},
		{cfimages.Lt("p", 1), "meta.p[lt:number]=1"},
		{cfimages.Lte("p", 1), "meta.p[lte:number]=1"},

		// Values.
		{cfimages.Eq("s", ""), "meta.s[eq:string]="},
		{cfimages.EqUntyped("s", ""), "meta.s[eq]="},
		{cfimages.In("s", "", "a", ""), "meta.s[in:string]=|a|"},
		{cfimages.Eq("s", "a|\ufffd\u2028😀"), "meta.s[eq:string]=a|\ufffd\u2028😀"},
		{cfimages.Eq("s", "a&b=c|d%20 +#ü\x00"), "meta.s[eq:string]=a&b=c|d%20 +#ü\x00"},
		{cfimages.Eq("b", false), "meta.b[eq:boolean]=false"},
		{cfimages.Eq("n", int64(math.MinInt64)), "meta.n[eq:number]=-9223372036854775808"},
		{cfimages.Eq("n", uint64(math.MaxUint64)), "meta.n[eq:number]=18446744073709551615"},
		{cfimages.Eq("n", int8(-128)), "meta.n[eq:number]=-128"},
		{cfimages.Eq("n", 0.1), "meta.n[eq:number]=0.1"},
		{cfimages.Eq("n", float32(0.1)), "meta.n[eq:number]=0.1"},
		{cfimages.Eq("n", 1e21), "meta.n[eq:number]=1000000000000000000000"},
		{cfimages.Eq("n", 1.5e-7), "meta.n[eq:number]=0.00000015"},
		{cfimages.Eq("n", math.Copysign(0, -1)), "meta.n[eq:number]=0"},
		{cfimages.In("n", float32(16777216), -0.25), "meta.n[in:number]=16777216|-0.25"},
		{cfimages.Eq("s", status("NaN")), "meta.s[eq:string]=NaN"},
		{cfimages.In("s", status("a"), "+Inf"), "meta.s[in:string]=a|+Inf"},
		{cfimages.Eq("b", enabled(true)), "meta.b[eq:boolean]=true"},
		{cfimages.Gt("n", cents(199)), "meta.n[gt:number]=199"},
		{cfimages.Lt("n", ratio(0.7)), "meta.n[lt:number]=0.7"},
		{cfimages.EqUntyped("s", "NaN"), "meta.s[eq]=NaN"},

		// Limits that are just kept.
		{cfimages.In("n", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "meta.n[in:number]=1|2|3|4|5|6|7|8|9|10"},
		{cfimages.Eq(strings.Repeat("a", 100), 1), "meta." + strings.Repeat("a", 100) + "[eq:number]=1"},
		{cfimages.Eq("A_z.0_9", 1), "meta.A_z.0_9[eq:number]=1"},
	} {
		name, value, _ := strings.Cut(test.want, "=")
		assert.Equal(t, url.Values{name: {value}}, filterParameters(t, cfimages.Where(test.condition)))
	}
}

func TestMetaFilterSendsEveryCondition(t *testing.T) {
	filter := cfimages.Where(
		cfimages.EqUntyped("status", "active"),
		cfimages.Eq("priority", 5),
		cfimages.Gte("size", 10),
		cfimages.Lte("size", 20),
		cfimages.Eq("status", "active"), // another operator on the same field
	)
	assert.False(t, filter.IsZero())
	assert.Equal(t, url.Values{
		"meta.status[eq]":          {"active"},
		"meta.priority[eq:number]": {"5"},
		"meta.size[gte:number]":    {"10"},
		"meta.size[lte:number]":    {"20"},
		"meta.status[eq:string]":   {"active"},
	}, filterParameters(t, filter))
}

func TestMetaFilterWithoutConditions(t *testing.T) {
	for _, filter := range []cfimages.MetaFilter{{}, cfimages.Where()} {
		assert.True(t, filter.IsZero())
		require.NoError(t, filter.Validate())
		assert.Empty(t, filterParameters(t, filter))
	}
}

func TestMetaFilterEncodesIntoNilValues(t *testing.T) {
	var values url.Values
	require.NoError(t, cfimages.Where(cfimages.Eq("a", 1)).EncodeValues("meta", &values))
	assert.Equal(t, url.Values{"meta.a[eq:number]": {"1"}}, values)
}

func TestMetaFilterDoesNotChange(t *testing.T) {
	names := []string{"a", "b"}
	conditions := []cfimages.Condition{cfimages.In("name", names...), cfimages.InUntyped("tag", names...)}
	filter := cfimages.Where(conditions...)

	names[0], conditions[1] = "changed|", cfimages.Condition{}

	assert.Equal(t, url.Values{
		"meta.name[in:string]": {"a|b"},
		"meta.tag[in]":         {"a|b"},
	}, filterParameters(t, filter))
}

func TestMetaFilterRejects(t *testing.T) {
	type (
		ratio  float32
		status string
	)
	eleven := make([]int, 11)
	for _, test := range []struct {
		condition cfimages.Condition
		reason    string
	}{
		{cfimages.Condition{}, "condition 1 is a zero Condition"},
		{cfimages.Eq("", 1), "operator eq:number has no field"},
		{cfimages.Eq("a.b.c.d.e.f", 1), `field "a.b.c.d.e.f" has 6 levels, at most 5`},
		{cfimages.Eq(strings.Repeat("a", 101), 1), "has 101 characters, at most 100"},
		{cfimages.Eq(".a", 1), `field ".a" has an empty segment`},
		{cfimages.Eq("a.", 1), `field "a." has an empty segment`},
		{cfimages.Eq("a..b", 1), `field "a..b" has an empty segment`},
		{cfimages.Eq(".", 1), `field "." has an empty segment`},
		{cfimages.Eq("re-gion", 1), `field "re-gion" contains '-', only letters, digits and underscores`},
		{cfimages.Eq("a[eq]=1&meta.b", 1), `contains '['`},
		{cfimages.Eq("größe", 1), `contains 'ö'`},
		{cfimages.Eq("a\xff", 1), `contains '�'`},
		{cfimages.Gt("a\x00", 1), `contains '\x00'`},
		{cfimages.EqUntyped("a b", "x"), `contains ' '`},
		{cfimages.In[int]("a"), `field "a" has an empty list for in:number`},
		{cfimages.InUntyped("a"), `field "a" has an empty list for in`},
		{cfimages.In("a", eleven...), `field "a" has 11 values for in:number, at most 10`},
		{cfimages.In("a", "x", "y|z"), `field "a" has a pipe in value 2 of its list, "y|z"`},
		{cfimages.InUntyped("a", "|"), `field "a" has a pipe in value 1`},
		{cfimages.Eq("a", "x\xff"), `field "a" cannot be compared to "x\xff", which is not valid UTF-8: give a string in UTF-8`},
		{cfimages.Eq("a", status("\xed\xa0\x80")), `which is not valid UTF-8`},
		{cfimages.EqUntyped("a", "\xc3"), `which is not valid UTF-8`},
		{cfimages.In("a", "x", status("\xff")), `cannot be compared to "\xff", which is not valid UTF-8`},
		{cfimages.InUntyped("a", "\xc0\x80", "x"), `which is not valid UTF-8`},
		{cfimages.Eq("a", math.NaN()), `field "a" cannot be compared to NaN`},
		{cfimages.Eq("a", ratio(math.Inf(1))), `field "a" cannot be compared to +Inf`},
		{cfimages.Gt("a", math.NaN()), `cannot be compared to NaN`},
		{cfimages.Gte("a", math.Inf(1)), `cannot be compared to +Inf`},
		{cfimages.Lt("a", math.Inf(-1)), `cannot be compared to -Inf`},
		{cfimages.Lte("a", math.NaN()), `cannot be compared to NaN`},
		{cfimages.In("a", 1, math.NaN()), `cannot be compared to NaN`},
	} {
		filter := cfimages.Where(test.condition)
		err := filter.Validate()
		require.ErrorContains(t, err, test.reason)
		require.ErrorIs(t, err, cfimages.ErrInvalidParams)
		assert.Len(t, paramErrors(t, err), 1, "%v", err)

		values := url.Values{"kept": {"1"}}
		require.EqualError(t, filter.EncodeValues("meta", &values), err.Error())
		assert.Equal(t, url.Values{"kept": {"1"}}, values)
	}
}

func TestMetaFilterReportsAllViolationsInOrder(t *testing.T) {
	err := cfimages.Where(
		cfimages.Eq("same", 1),
		cfimages.In("b-d..x.y.z", "p|q", "ok", "r|s"),
		cfimages.Condition{},
		cfimages.Eq("same", 2),
		cfimages.Condition{},
		cfimages.Gt("n", math.NaN()),
	).Validate()

	var got []string
	for _, e := range paramErrors(t, err) {
		assert.Equal(t, "Meta", e.Param)
		reason, _, _ := strings.Cut(e.Reason, ": ")
		got = append(got, reason)
	}
	assert.Equal(t, []string{
		"has 6 conditions, at most 5 are allowed in one request",
		`field "b-d..x.y.z" has an empty segment`,
		`field "b-d..x.y.z" contains '-', only letters, digits and underscores are allowed`,
		`field "b-d..x.y.z" has a pipe in value 1 of its list, "p|q", but the pipe separates values`,
		`field "b-d..x.y.z" has a pipe in value 3 of its list, "r|s", but the pipe separates values`,
		"condition 3 is a zero Condition",
		`field "same" has the operator eq:number twice, in conditions 1 and 4, and one would silently replace the other`,
		"condition 5 is a zero Condition",
		`field "n" cannot be compared to NaN, only finite numbers are allowed`,
	}, got)
}

func TestMetaFilterErrorsQuoteLittle(t *testing.T) {
	long := strings.Repeat("x", 5000)
	err := cfimages.Where(cfimages.Eq(long, 1), cfimages.In("a", long+"|", "|"+long), cfimages.Eq("b", "\xff"+long)).Validate()
	assert.Less(t, len(err.Error()), 1000)
}

// TestMetaFilterTypes checks expressions against the declarations of
// metafilter.go. Function bodies and imports are left out to be quick.
func TestMetaFilterTypes(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "metafilter.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	config := types.Config{IgnoreFuncBodies: true, Importer: emptyImporter{}, Error: func(error) {}}
	pkg, _ := config.Check("cfimages", fset, []*ast.File{file}, nil) // url.Values is unknown, and not needed here

	for _, expression := range []string{
		`Where(Eq("s", "a"), Eq("b", true), Eq("n", 1), Eq("f", 1.5), In("l", "a", "b"), In("n", uint8(1)))`,
		`Where(Gt("n", 1), Gte("n", 1.5), Lt("n", int64(1)), Lte("n", float32(1)), EqUntyped("u", "1"), InUntyped("u", "1"))`,
	} {
		_, err := types.Eval(fset, pkg, token.NoPos, expression)
		require.NoError(t, err, expression)
	}
	for _, expression := range []string{
		`Gt("priority", "high")`,
		`Gte("priority", true)`,
		`Lt("priority", "1")`,
		`Lte("priority", nil)`,
		`In("enabled", true, false)`,
		`In("mixed", 1, "a")`,
		`In("nested", []string{"a"})`,
		`Eq("nothing", nil)`,
		`Eq("list", []string{"a"})`,
		`Eq("pointer", new(string))`,
		`Eq("complex", 1i)`,
		`Eq("address", uintptr(1))`,
		`EqUntyped("number", 5)`,
		`InUntyped("numbers", 4, 5)`,
		`Where("status=active")`,
	} {
		_, err := types.Eval(fset, pkg, token.NoPos, expression)
		assert.Error(t, err, expression)
	}
}

type emptyImporter struct{}

func (emptyImporter) Import(path string) (*types.Package, error) {
	pkg := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	pkg.MarkComplete()
	return pkg, nil
}

func BenchmarkMetaFilter(b *testing.B) {
	filter := cfimages.Where(
		cfimages.Eq("status", "active"),
		cfimages.Eq("enabled", true),
		cfimages.Gte("priority", 1),
		cfimages.Lte("priority", 5),
		cfimages.In("region.name", "eu-west", "us-east"),
	)
	b.ReportAllocs()
	for b.Loop() {
		values := make(url.Values)
		if err := filter.EncodeValues("meta", &values); err != nil {
			b.Fatal(err)
		}
	}
}
