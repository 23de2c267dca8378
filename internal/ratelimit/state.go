// Package ratelimit keeps a client within the quota that the Ratelimit headers
// of its replies announce.
package ratelimit

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What is believed of a header. Cloudflare documents 1,200 requests per 5 minutes
// and no bound; these are this package's own, so that a broken header cannot stop a
// client for years.
const (
	maxRequests = math.MaxInt32 // fits an int everywhere
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

// Parse reads the Ratelimit and Ratelimit-Policy headers, received at now:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "default";q=1200;w=300
//
// Of several limits it returns the one with the fewest requests remaining, and of
// those the one that resets last. Quota and Window come from the policy of the
// same name, or else from the only policy there is. A malformed header counts as absent,
// and so does a limit whose numbers are missing, negative, more than 2³¹−1 requests
// or more than a day. ok is false when no limit is left.
func Parse(h http.Header, now time.Time) (state State, ok bool) {
	limits := readLimits(h, "Ratelimit", "r", "t")
	limits = slices.DeleteFunc(limits, func(l limit) bool {
		return l.requests < 0 || l.requests > maxRequests || l.seconds < 0 || l.seconds > maxSeconds
	})
	if len(limits) == 0 {
		return State{}, false
	}
	tightest := slices.MinFunc(limits, func(a, b limit) int {
		return cmp.Or(cmp.Compare(a.requests, b.requests), cmp.Compare(b.seconds, a.seconds))
	})
	state = State{
		Policy:    tightest.name,
		Remaining: int(tightest.requests),
		Reset:     now.Add(seconds(tightest.seconds)),
	}
	state.Quota, state.Window = policyOf(h, tightest.name)
	return state, true
}

// policyOf returns the quota and window of the policy called name, or of the only
// policy; zeros when there is none or its numbers are not believed.
func policyOf(h http.Header, name string) (quota int, window time.Duration) {
	policies := readLimits(h, "Ratelimit-Policy", "q", "w")
	i := slices.IndexFunc(policies, func(p limit) bool { return p.name == name })
	if i < 0 && len(policies) == 1 {
		i = 0
	}
	if i < 0 {
		return 0, 0
	}
	p := policies[i]
	if p.requests < 1 || p.requests > maxRequests || p.seconds < 1 || p.seconds > maxSeconds {
		return 0, 0
	}
	return int(p.requests), seconds(p.seconds)
}

// readLimits reads every line of one header as one list, as RFC 9651 asks.
func readLimits(h http.Header, field, requestsKey, secondsKey string) []limit {
	limits, ok := parseList(strings.Join(h.Values(field), ", "), requestsKey, secondsKey)
	if !ok {
		return nil
	}
	return limits
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
