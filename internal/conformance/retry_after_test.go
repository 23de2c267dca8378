package conformance_test

import (
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// retryAfterCases are what a server may say of when to retry, and what of
// it is used: an invalid value means the default wait, never no wait. The virtual
// clock begins with the year 2000.
func retryAfterCases() []testCase {
	limited := func(header string) imagestest.Reply { return imagestest.Refusal(429).With("Retry-After", header) }
	var cases []testCase
	for header, wait := range map[string]time.Duration{
		"1":                                time.Second,
		"7":                                7 * time.Second,
		"10":                               10 * time.Second,
		"Sat, 01 Jan 2000 00:00:05 GMT":    5 * time.Second,
		"Saturday, 01-Jan-00 00:00:05 GMT": 5 * time.Second,
		"Sat Jan  1 00:00:05 2000":         5 * time.Second,
	} {
		cases = append(cases, testCase{
			name:   title("Retry-After is waited for:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{requests: 2, took: wait},
		})
	}
	for _, header := range []string{
		"", "0", "-1", "+1", "1.5", "NaN", "Inf", "1e3", "0x10", "soon", "7 s", "5, 6", "99999999999999999999", "9223372037",
		"Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", "Sat, 99 Jan 2000 00:00:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		cases = append(cases, testCase{
			name:   title("Retry-After is nonsense:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{requests: 2, took: 1, atMost: backoffs(1)},
		})
	}
	for header, wait := range map[string]time.Duration{
		"11":                            11 * time.Second,
		"86400":                         24 * time.Hour,
		"9223372036":                    9223372036 * time.Second,
		"Sat, 01 Jan 2000 01:00:00 GMT": time.Hour,
	} {
		cases = append(cases, testCase{
			name:   title("Retry-After is too long:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: wait, requests: 1},
		})
	}
	cases = append(cases, testCase{
		name:      "Retry-After has spaces around it, which HTTP/2 does not allow",
		faults:    faults(on(imagestest.OpList, limited(" 7 "))),
		call:      doList,
		want:      outcome{requests: 2, took: 7 * time.Second},
		overHTTP2: func(want *outcome) { want.took, want.atMost = 1, backoffs(1) },
	})
	return append(cases, retryAfterElsewhere(limited)...)
}

func retryAfterElsewhere(limited func(string) imagestest.Reply) []testCase {
	return []testCase{
		{
			name:   "Retry-After of a 503",
			faults: faults(on(imagestest.OpGet, imagestest.EdgePage(503).With("Retry-After", "3"), times(2))),
			call:   doGet,
			want:   outcome{requests: 3, took: 6 * time.Second},
		},
		{
			name:   "Retry-After of a create",
			faults: faults(on(imagestest.OpCreate, limited("2"))),
			call:   doCreate,
			want:   outcome{requests: 2, stored: before + " (new)", took: 2 * time.Second},
		},
		{
			name:   "Retry-After of an upload is returned",
			faults: faults(on(imagestest.OpUpload, limited("2"))),
			call:   doUpload,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: 2 * time.Second, requests: 1},
		},
		{
			name:   "Retry-After beyond the caller's deadline",
			faults: faults(on(imagestest.OpList, limited("7"))),
			call:   within(5*time.Second, doList),
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: 7 * time.Second, requests: 1},
		},
		{
			name:   "Retry-After without retries",
			client: once(),
			faults: faults(on(imagestest.OpDelete, limited("1"))),
			call:   doDelete,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: time.Second, requests: 1},
		},
		{
			name:   "Retry-After within a custom policy",
			client: []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, MaxWait: time.Hour})},
			faults: faults(on(imagestest.OpList, limited("3600"))),
			call:   doList,
			want:   outcome{requests: 2, took: time.Hour},
		},
	}
}
