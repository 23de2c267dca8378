package ratelimit_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/stretchr/testify/assert"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestParseLimit(t *testing.T) {
	type limit struct {
		policy           string
		remaining, reset int // reset in seconds from now
	}
	tests := map[string]struct {
		lines []string
		want  limit
	}{
		"Cloudflare's example":       {[]string{`"default";r=50;t=30`}, limit{"default", 50, 30}},
		"nothing left":               {[]string{`"default";r=0;t=0`}, limit{"default", 0, 0}},
		"a token for a name":         {[]string{`*a/b:c!~;r=1;t=2`}, limit{"*a/b:c!~", 1, 2}},
		"an empty name":              {[]string{`"";r=1;t=2`}, limit{"", 1, 2}},
		"separators in a name":       {[]string{`"a\"b\\;r=9,";r=1;t=2`}, limit{`a\"b\\;r=9,`, 1, 2}},
		"spaces where allowed":       {[]string{`  "a";  r=1; t=2  `}, limit{"a", 1, 2}},
		"the last of a repeated key": {[]string{`"a";r=9;t=9;r=1;t=2`}, limit{"a", 1, 2}},
		"leading zeros":              {[]string{`"a";r=000000000000001;t=2`}, limit{"a", 1, 2}},
		"other parameters": {
			[]string{`"a";s="\",;r=9";k=tok/en;y=?1;n=?0;d=-1.125;b=:cGFydA==:;e=::;at=@-1659578233;u=%"%22;";bare;*x_-.*=1;r=1;t=2`},
			limit{"a", 1, 2},
		},
		"an inner list for a name":     {[]string{`("a" "b");r=1;t=2`}, limit{`("a" "b")`, 1, 2}},
		"fewest remaining":             {[]string{`"a";r=7;t=1, "b";r=3;t=2,"c";r=5;t=3`}, limit{"b", 3, 2}},
		"latest reset of equals":       {[]string{`"a";r=3;t=1` + "\t,\t" + `"b";r=3;t=9, "c";r=3;t=5`}, limit{"b", 3, 9}},
		"several lines":                {[]string{`"a";r=7;t=1`, `"b";r=3;t=2`}, limit{"b", 3, 2}},
		"a limit without reset":        {[]string{`"a";r=0, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a limit without remaining":    {[]string{`"a";t=1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a negative limit":             {[]string{`"a";r=-1;t=1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a negative reset":             {[]string{`"a";r=1;t=-1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a decimal limit":              {[]string{`"a";r=1.0;t=1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a string limit":               {[]string{`"a";r="1";t=1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a bare limit":                 {[]string{`"a";r;t=1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a date for a reset":           {[]string{`"a";r=1;t=@1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"a number undone by a boolean": {[]string{`"a";r=1;t=1;r=?1, "b";r=3;t=2`}, limit{"b", 3, 2}},
		"too many requests":            {[]string{`"a";r=2147483648;t=9, "b";r=2147483647;t=2`}, limit{"b", math.MaxInt32, 2}},
		"too late":                     {[]string{`"a";r=1;t=86401, "b";r=3;t=86400`}, limit{"b", 3, 86400}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := ratelimit.Parse(http.Header{"Ratelimit": tt.lines}, now)
			assert.True(t, ok)
			reset := now.Add(time.Duration(tt.want.reset) * time.Second)
			assert.Equal(t, ratelimit.State{Policy: tt.want.policy, Remaining: tt.want.remaining, Reset: reset}, got)
		})
	}
}

func TestParseRejectsInvalidLimits(t *testing.T) {
	tests := map[string]string{
		"empty":                "",
		"blank":                "  ",
		"only commas":          ",,",
		"no numbers":           `"a"`,
		"no requests":          `"a";t=2`,
		"no reset":             `"a";r=1`,
		"open string":          `"a;r=1;t=2`,
		"open escape":          `"a\`,
		"no name":              `r=1;t=2`,
		"upper-case key":       `"a";R=1;t=2`,
		"space before equals":  `"a";r =1;t=2`,
		"space after equals":   `"a";r= 1;t=2`,
		"no value":             `"a";r=;t=2`,
		"no value at the end":  `"a";t=2;r=`,
		"plus sign":            `"a";r=+1;t=2`,
		"only a sign":          `"a";r=-;t=2`,
		"digits and letters":   `"a";r=1x;t=2`,
		"digits of other kind": `"a";r=١;t=2`,
		"many digits":          `"a";r=99999999999999999999999999;t=2`,
		"two with one each":    `"a";r=1, "a";t=2`,
	}
	for name, field := range tests {
		t.Run(name, func(t *testing.T) {
			state, ok := ratelimit.Parse(http.Header{"Ratelimit": {field}}, now)
			assert.False(t, ok)
			assert.Zero(t, state)
		})
	}
}

func TestParseFindsTheLimitInAMalformedHeader(t *testing.T) {
	const good = `"a";r=1;t=2`
	tests := map[string]string{
		"trailing comma":         good + ",",
		"leading comma":          "," + good,
		"trailing semicolon":     good + ";",
		"space before semicolon": `"a" ;r=1;t=2`,
		"tabs":                   "\t\"a\"\t;\tr=1\t;\tt=2\t",
		"no quotes":              `a;r=1;t=2`,
		"open value":             good + `;x="`,
		"a broken limit":         good + `, "b";r=x;t=2`,
	}
	for name, field := range tests {
		t.Run(name, func(t *testing.T) {
			state, ok := ratelimit.Parse(http.Header{"Ratelimit": {field}}, now)
			assert.True(t, ok)
			assert.Equal(t, ratelimit.State{Policy: "a", Remaining: 1, Reset: now.Add(2 * time.Second)}, state)
		})
	}
}

func TestParsePolicy(t *testing.T) {
	tests := map[string]struct {
		lines  []string
		quota  int
		window time.Duration
	}{
		"absent":                        {nil, 0, 0},
		"the only one":                  {[]string{`"burst";q=100;w=60`}, 100, time.Minute},
		"same name":                     {[]string{`"burst";q=100;w=60`, `"default";q=1200;w=300`}, 1200, 5 * time.Minute},
		"several, none of the name":     {[]string{`"burst";q=100;w=60, "hourly";q=9;w=3600`}, 0, 0},
		"first of the name":             {[]string{`"default";q=1;w=2, "default";q=3;w=4`}, 1, 2 * time.Second},
		"malformed":                     {[]string{`"default";q=100;w=`}, 0, 0},
		"no window":                     {[]string{`"default";q=100`}, 0, 0},
		"no quota":                      {[]string{`"default";w=60`}, 0, 0},
		"quota of zero":                 {[]string{`"default";q=0;w=60`}, 0, 0},
		"window of zero":                {[]string{`"default";q=100;w=0`}, 0, 0},
		"negative quota":                {[]string{`"default";q=-1;w=60`}, 0, 0},
		"quota too large":               {[]string{`"default";q=2147483648;w=60`}, 0, 0},
		"window too long":               {[]string{`"default";q=1;w=86401`}, 0, 0},
		"largest quota, longest window": {[]string{`"default";q=2147483647;w=86400`}, math.MaxInt32, 24 * time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Ratelimit": {`"default";r=50;t=30`}, "Ratelimit-Policy": tt.lines}
			state, ok := ratelimit.Parse(h, now)
			assert.True(t, ok)
			assert.Equal(t, "default", state.Policy)
			assert.Equal(t, tt.quota, state.Quota)
			assert.Equal(t, tt.window, state.Window)
		})
	}
}

func TestParseNeedsTheLimitNotOnlyThePolicy(t *testing.T) {
	_, ok := ratelimit.Parse(http.Header{"Ratelimit-Policy": {`"default";q=1200;w=300`}}, now)
	assert.False(t, ok)
}

func FuzzParse(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"default";q=100;w=60`)
	f.Add(`a;r=1;t=2, "b\"";r=0;t=9;x=?1;y=:aGk=:;z=@1;d=-1.5`, `"c";q=1;w=1,`)
	f.Add(`"a";r=999999999999999;t=-1`, `(1 2);q=1`)
	f.Fuzz(func(t *testing.T, limits, policies string) {
		h := http.Header{"Ratelimit": {limits}, "Ratelimit-Policy": {policies}}
		state, ok := ratelimit.Parse(h, now)
		if !ok {
			if state != (ratelimit.State{}) {
				t.Fatalf("not ok, but %+v", state)
			}
			return
		}
		switch {
		case state.Remaining < 0, state.Remaining > math.MaxInt32:
			t.Fatalf("remaining out of bounds: %+v", state)
		case state.Reset.Before(now), state.Reset.After(now.Add(24 * time.Hour)):
			t.Fatalf("reset out of bounds: %+v", state)
		case (state.Quota == 0) != (state.Window == 0), state.Quota < 0, state.Window < 0, state.Window > 24*time.Hour:
			t.Fatalf("policy out of bounds: %+v", state)
		}
	})
}
