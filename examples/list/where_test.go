package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// wire returns the query parameter of a condition.
func wire(t *testing.T, condition cfimages.Condition) (name, value string) {
	t.Helper()
	query := url.Values{}
	require.NoError(t, cfimages.Where(condition).EncodeValues("meta", &query))
	require.Len(t, query, 1)
	for name, values := range query {
		require.Len(t, values, 1)
		return name, values[0]
	}
	return "", ""
}

func TestParseWhere(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"status=active", "meta.status[eq]=active"},
		{"status=active|pending", "meta.status[in]=active|pending"},
		{"region.name=eu-west", "meta.region.name[eq]=eu-west"},
		{"code:string=5", "meta.code[eq:string]=5"},
		{"code:string=5|6", "meta.code[in:string]=5|6"},
		{"priority:number=4", "meta.priority[eq:number]=4"},
		{"priority:number=4|5|0.5", "meta.priority[in:number]=4|5|0.5"},
		{"enabled:boolean=true", "meta.enabled[eq:boolean]=true"},
		{"enabled:boolean=false", "meta.enabled[eq:boolean]=false"},
		{"priority>4", "meta.priority[gt:number]=4"},
		{"priority>=4", "meta.priority[gte:number]=4"},
		{"priority<4.5", "meta.priority[lt:number]=4.5"},
		{"priority:number<=-4", "meta.priority[lte:number]=-4"},

		// The first operator ends the field; everything after it is the value.
		{"status=", "meta.status[eq]="},
		{"status=|", "meta.status[in]=|"},
		{"formula=a=b>c:d ü", "meta.formula[eq]=a=b>c:d ü"},
		{"status= spaced ", "meta.status[eq]= spaced "},

		// Integers are exact to 64 bits.
		{"n:number=9223372036854775807", "meta.n[eq:number]=9223372036854775807"},
		{"n:number=9007199254740993|-9007199254740993", "meta.n[in:number]=9007199254740993|-9007199254740993"},
		{"n>=-9223372036854775808", "meta.n[gte:number]=-9223372036854775808"},
	} {
		t.Run(test.text, func(t *testing.T) {
			condition, err := parseWhere(test.text)
			require.NoError(t, err)
			name, value := wire(t, condition)
			assert.Equal(t, test.want, name+"="+value)
		})
	}
}

func TestParseWhereMarksThePositionOfAnError(t *testing.T) {
	for _, test := range []struct{ text, reason, place string }{
		{"", "the operator is missing, one of = > >= < <=", ` ^`},
		{"status", "the operator is missing, one of = > >= < <=", `       ^`},
		{"=active", "the field is missing, such as status or region.name", ` ^`},
		{":number=5", "the field is missing, such as status or region.name", ` ^`},
		{"code:text=5", "the type must be string, number or boolean", `      ^`},
		{"code:=5", "the type must be string, number or boolean", `      ^`},
		{"code:string>5", "only numbers can be compared with >", `      ^`},
		{"on:boolean<=1", "only numbers can be compared with <=", `    ^`},
		{"on:boolean=1", "the value must be true or false", `            ^`},
		{"on:boolean=true|false", "the value must be true or false", `            ^`},
		{"region>eu", "a number is expected here", `        ^`},
		{"p>=", "a number is expected here", `    ^`},
		{"p<NaN", "a number is expected here", `   ^`},
		{"p<Inf", "a number is expected here", `   ^`},
		{"p:number=4|five|6", "a number is expected here", `            ^`},
		{"p:number=4||6", "a number is expected here", `            ^`},
		{"p>1e400", "the number is too large to be exact", `   ^`},
		{"p:number=0.5|9007199254740993", "the number is too large to be exact", `              ^`},
		{"\tü:number=x", "a number is expected here", `            ^`},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := parseWhere(test.text)
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, 3, "reason, condition, place")
			assert.Equal(t, test.reason, lines[0])
			assert.Equal(t, "  "+test.place, lines[2])
		})
	}
}

func TestParseWhereReportsTheLimitsOfTheLibrary(t *testing.T) {
	for text, want := range map[string]string{
		"a.b.c.d.e.f=1":           "6 levels",
		"a b=1":                   "contains ' '",
		"s=1|2|3|4|5|6|7|8|9|0|1": "11 values",
	} {
		_, err := parseWhere(text)
		assert.ErrorContains(t, err, want, text)
	}
}

// FuzzParseWhere checks that an accepted condition is sent as it was written, and
// that the position of a syntax error is inside the text.
func FuzzParseWhere(f *testing.F) {
	for _, seed := range []string{
		"status=active|pending", "region.name=eu-west", "code:string=5", "p:number=4|0.5", "on:boolean=true",
		"p>=-4", "p<1e3", "=", ":", "a:b=c", "a=|", "\xff=\xff", "a>=\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		condition, err := parseWhere(text)
		if invalid, ok := err.(*syntaxError); ok {
			require.LessOrEqual(t, invalid.at, len(text))
			require.NotEmpty(t, invalid.Error())
		}
		if err != nil {
			return
		}
		name, value := wire(t, condition)
		operatorAt := strings.IndexAny(text, "=<>")
		field, kind, _ := strings.Cut(text[:operatorAt], ":")
		require.True(t, strings.HasPrefix(name, "meta."+field+"["), name)
		if text[operatorAt] != '=' {
			require.True(t, strings.HasSuffix(name, ":number]"), name)
			return
		}
		written := text[operatorAt+1:]
		require.Equal(t, strings.Contains(written, "|"), strings.Contains(name, "[in"), name)
		require.True(t, kind == "" || strings.HasSuffix(name, ":"+kind+"]"), name)
		if kind != "number" {
			require.Equal(t, written, value)
		}
	})
}
