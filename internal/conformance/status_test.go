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
// call: once, and for ever.
func statusCases() []testCase {
	var cases []testCase
	for _, o := range operations {
		for _, status := range append(slices.Clone(passingStatuses), lastingStatuses...) {
			again := isRepeated(o.op, status)
			fault := on(o.op, refusalOf(status))
			lasting := testCase{
				name:   title(status, "for", o.op),
				faults: faults(fault),
				call:   o.call,
				want:   outcome{is: errorsOf(o.op, status), status: status, attempts: 1, requests: 1},
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

// isRepeated reports whether a call is sent again after a status.
func isRepeated(op imagestest.Operation, status int) bool {
	switch op {
	case imagestest.OpUpload:
		return false
	case imagestest.OpCreate:
		return status == http.StatusTooManyRequests
	}
	return slices.Contains(passingStatuses, status)
}

// errorsOf returns what errors.Is finds after a status that came to stay.
func errorsOf(op imagestest.Operation, status int) []error {
	is := sentinelOf(status)
	writes := op == imagestest.OpCreate || op == imagestest.OpUpload
	if writes && (status >= 500 || status == http.StatusRequestTimeout) {
		is = append(is, cfimages.ErrOutcomeUnknown)
	}
	return is
}
