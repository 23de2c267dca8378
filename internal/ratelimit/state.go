// Package ratelimit keeps a client within the quota that the Ratelimit headers of the
// responses report.
package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The largest numbers that are accepted in a header. Cloudflare documents 1,200 requests
// per 5 minutes and no maximum; these limits prevent overflows.
const (
	maxRequests = math.MaxInt32
	maxSeconds  = 24 * 60 * 60
)

// State is the known state of a rate limit. If Reset is zero, no limit is known.
type State struct {
	Policy    string        // the limit's name, such as "default"
	Remaining int           // requests left until Reset
	Reset     time.Time     // when the window ends
	Quota     int           // requests per Window; 0: unknown
	Window    time.Duration // 0: unknown
}

// limit is one member of a header: a name and two of its parameters.
type limit struct {
	name              string
	requests, seconds int // -1: missing or invalid
}

// Parse reads the Ratelimit and Ratelimit-Policy headers, received at now:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "default";q=1200;w=300
//
// If there are several limits, it returns the one with the fewest requests remaining,
// and of those the one that resets last. Quota and Window are taken from the policy with
// the same name, or from the only policy. A limit is ignored if its numbers are missing,
// malformed or negative, or if they exceed 2³¹−1 requests or a day. ok is false if no
// limit remains.
func Parse(h http.Header, now time.Time) (state State, ok bool) {
	var tightest limit
	for _, l := range parseLimits(h.Values("Ratelimit"), "r", "t") {
		if l.requests < 0 || l.seconds < 0 {
			continue
		}
		if !ok || l.requests < tightest.requests || l.requests == tightest.requests && l.seconds > tightest.seconds {
			tightest, ok = l, true
		}
	}
	if !ok {
		return State{}, false
	}
	state = State{Policy: tightest.name, Remaining: tightest.requests, Reset: now.Add(seconds(tightest.seconds))}
	state.Quota, state.Window = policyOf(h, tightest.name)
	return state, true
}

// policyOf returns the quota and window of the policy called name, or of the only
// policy. They are zero if there is no policy or its numbers are invalid.
func policyOf(h http.Header, name string) (quota int, window time.Duration) {
	policies := parseLimits(h.Values("Ratelimit-Policy"), "q", "w")
	for _, p := range policies {
		if p.name != name && len(policies) > 1 {
			continue
		}
		if p.requests < 1 || p.seconds < 1 {
			return 0, 0
		}
		return p.requests, seconds(p.seconds)
	}
	return 0, 0
}

// parseLimits parses all lines of a header as one list of names with parameters (RFC
// 9651). It accepts every well-formed list. In a malformed list, it uses the parts that
// look like limits, which is safe: a limit is trusted only for a limited time (see
// [Gate]).
func parseLimits(lines []string, requestsKey, secondsKey string) []limit {
	var limits []limit
	for list := strings.Join(lines, ","); list != ""; {
		var member, parameter string
		member, list = cut(list, ',')
		name, parameters := cut(member, ';')
		l := limit{name: strings.Trim(name, " \t\""), requests: -1, seconds: -1}
		for parameters != "" {
			parameter, parameters = cut(parameters, ';')
			key, value, _ := strings.Cut(strings.Trim(parameter, " \t"), "=")
			switch key { // the last value of a repeated key is used
			case requestsKey:
				l.requests = number(value, maxRequests)
			case secondsKey:
				l.seconds = number(value, maxSeconds)
			}
		}
		limits = append(limits, l)
	}
	return limits
}

// cut returns the text before and after the first sep that is not inside quotes.
func cut(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == sep && !quoted:
			return s[:i], s[i+1:]
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++ // an escaped character
		}
	}
	return s, ""
}

// number parses a number from 0 to most. It returns -1 for any other text.
func number(s string, most uint64) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n > most {
		return -1
	}
	return int(n)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
