package conformance_test

import (
	"net/http"
	"slices"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
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
			again := isRetried(o.op, status)
			fault := on(o.op, refusalOf(status))
			lasting := testCase{
				name:   title(status, "for", o.op),
				faults: faults(fault),
				call:   o.call,
				want:   outcome{is: sentinelsAfter(o.op, status), status: status, attempts: 1, requests: 1},
			}
			if again {
				lasting.faults[0].Times = 4
				lasting.want.attempts, lasting.want.requests, lasting.want.atMost = 4, 4, backoffs(3)
				cases = append(cases, testCase{
					name:   title("one", status, "for", o.op),
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

// isRetried reports whether a call is retried after a status.
func isRetried(op imagestest.Operation, status int) bool {
	switch op {
	case imagestest.OpUpload:
		return false
	case imagestest.OpCreate:
		return status == http.StatusTooManyRequests
	}
	return slices.Contains(passingStatuses, status)
}

// sentinelsAfter returns what errors.Is finds after a status that does not pass.
func sentinelsAfter(op imagestest.Operation, status int) []error {
	is := sentinelOf(status)
	writes := op == imagestest.OpCreate || op == imagestest.OpUpload
	if writes && (status >= 500 || status == http.StatusRequestTimeout) {
		is = append(is, cfimages.ErrOutcomeUnknown)
	}
	return is
}
