// Package ratelimit keeps a client within the quota that the Ratelimit headers
// of its responses announce.
package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is believed of a header's numbers. Cloudflare documents 1,200 requests per 5
// minutes and no bound; these are this package's own, within which nothing overflows.
const (
	maxRequests = math.MaxInt32
	maxSeconds  = 24 * 60 * 60
)

// State is what is known of a rate limit. With a zero Reset nothing is.
type State struct {
	Policy    string        // the limit's name, such as "default"
	Remaining int           // requests left until Reset
	Reset     time.Time     // when the window ends
	Quota     int           // requests per Window; 0: not known
	Window    time.Duration // 0: not known
}

// limit is one member of a header: a name and two of its parameters.
type limit struct {
	name              string
	requests, seconds int // -1: missing or not believed
}

// Parse reads the Ratelimit and Ratelimit-Policy headers, received at now:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "default";q=1200;w=300
//
// Of several limits it returns the one with the fewest requests remaining, and of
// those the one that resets last. Quota and Window come from the policy of the
// same name, or else from the only policy there is. A limit whose numbers are missing,
// malformed, negative, more than 2³¹−1 requests or more than a day counts as absent.
// ok is false when no limit is left.
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
// policy; zeros when there is none or its numbers are not believed.
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

// parseLimits reads all lines of a header as one list of names with parameters (RFC
// 9651). It reads every list that is well-formed. Of a malformed one it takes what looks
// like a limit, which is safe: a limit is believed only for a while (see [Gate]).
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
			switch key { // of a repeated key, the last value counts
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

// cut returns what comes before and after the first sep that is not inside quotes.
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

// number returns -1 for what is not a number from 0 to most.
func number(s string, most uint64) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n > most {
		return -1
	}
	return int(n)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
