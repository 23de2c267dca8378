package conformance_test

import (
	"net/http"
	"slices"
)

var (
	passingStatuses = []int{408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
	lastingStatuses = []int{301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 423, 451, 501, 505, 507, 519, 525, 526, 530}
)

// statusCases are every status that may pass, and many that do not, for every
// call: once, and every time.
func statusCases() []testCase {
	var cases []testCase
	for _, o := range operations {
		for _, status := range append(slices.Clone(passingStatuses), lastingStatuses...) {
			again := o.isRetriedAfter(status)
			fault := on(o.op, refusalOf(status))
			lasting := testCase{
				name:   title(status, "for", o),
				faults: faults(fault),
				call:   o.call,
				want:   outcome{is: o.sentinelsAfter(status), status: status, attempts: 1, requests: 1},
			}
			switch {
			case status == http.StatusUnauthorized && o.retry == always:
				lasting.want.atMost = backoffs(1) // before a token source is asked once more
			case again:
				lasting.faults[0].Times = 4
				lasting.want.attempts, lasting.want.requests, lasting.want.atMost = 4, 4, backoffs(3)
				cases = append(cases, testCase{
					name:   title("one", status, "for", o),
					faults: faults(fault),
					call:   o.call,
					want:   outcome{requests: 2, stored: o.after, atMost: backoffs(1)},
				})
			}
			cases = append(cases, lasting)
		}
	}
	return cases
}

// isRetriedAfter reports whether a call is retried after a status.
func (o operation) isRetriedAfter(status int) bool {
	switch o.retry {
	case unsent:
		return false
	case unprocessed:
		return status == http.StatusTooManyRequests
	}
	return slices.Contains(passingStatuses, status)
}

// sentinelsAfter returns what errors.Is finds after a status that does not pass.
func (o operation) sentinelsAfter(status int) []error {
	if status >= 500 || status == http.StatusRequestTimeout {
		return o.unknown()
	}
	return sentinelOf(status)
}
