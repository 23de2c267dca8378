package conformance_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cfimages/cfimages-go/imagestest"
)

// readCases are connections that fail at every position of every call that may be
// repeated: the call succeeds at its second attempt.
func readCases() []testCase {
	var cases []testCase
	for _, o := range operations {
		if o.retry != always {
			continue
		}
		positions := []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit}
		if o.op != imagestest.OpBlob { // what was read of it is the caller's
			positions = append(positions, imagestest.MidBody(0), imagestest.MidBody(10))
		}
		cases = append(cases,
			o.failsAt(positions, "reset", imagestest.Reset{}, 0),
			o.failsAt(positions, "cut", imagestest.Cut{}, 0),
			o.failsAt(positions, "stall", imagestest.Stall{}, 30*time.Second))
	}
	return cases
}

// failsAt is a call for each position at which its connection fails, after a time.
func (o operation) failsAt(positions []imagestest.Position, name string, kind imagestest.Kind, wait time.Duration) testCase {
	n := len(positions)
	took := time.Duration(n) * wait
	return testCase{
		name: title(o, "at every position:", name),
		call: func(ctx context.Context, f *fixture) error {
			for i, position := range positions {
				f.server.Inject(on(o.op, kind, at(position)))
				if err := o.call(ctx, f); err != nil {
					return fmt.Errorf("%v: %w", position, err)
				}
				if i < n-1 {
					o.restore(f)
				}
			}
			return nil
		},
		want: outcome{requests: 2 * n, stored: o.after, took: took, atMost: took + time.Duration(n)*(backoffs(1)+time.Second)},
	}
}
