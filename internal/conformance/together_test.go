package conformance_test

import (
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// togetherCases are many reads on one connection that is lost. That is one event, and
// takes one token of the retry budget, which holds ten, and one new connection.
func togetherCases() []testCase {
	const reads = 90
	var cases []testCase
	add := func(name string, kind imagestest.Kind, position imagestest.Position, n int, took time.Duration) {
		cases = append(cases, testCase{
			name:   title(reads, "reads at once on a connection that", name, position),
			only:   http2, // HTTP/1.1 has a connection for each
			server: []imagestest.Option{imagestest.WithLatency(100 * time.Millisecond)},
			client: []cfimages.Option{cfimages.WithRequestTimeout(requestTimeout)},
			faults: faults(on(imagestest.OpGet, kind, at(position), call(n))),
			call:   then(doList, atOnce(reads, doGet)),
			want:   outcome{requests: 1 + reads, resent: reads, dials: 2, took: took, atMost: took + time.Second},
		})
	}
	const atFirst, soon = 200 * time.Millisecond, 300 * time.Millisecond
	for _, position := range []imagestest.Position{imagestest.AfterRead, imagestest.AfterCommit} {
		add("is closed", imagestest.Cut{}, position, 0, soon)
		add("is reset", imagestest.Reset{}, position, 0, soon)
		add("dies", imagestest.Blackhole{}, position, 0, requestTimeout)
		for _, code := range []uint32{0, 2, 11} {
			goAway := imagestest.GoAway{Code: code, Close: true}
			name := title("is closed by a GOAWAY with code", code)
			add(name+" that names the last read", goAway, position, reads-1, atFirst)
			// net/http resends the others by itself, and dials for each of them until
			// the first dial has succeeded. The library cannot make it wait.
			add(name+" that names the first read", goAway, position, 0, atFirst)
			cases[len(cases)-1].want.dials = 0
		}
	}
	return cases
}
