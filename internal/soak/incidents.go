package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cfimages/cfimages-go/imagestest"
)

// incident is a fault of a request or its connection.
type incident struct {
	name string
	last imagestest.Position // last position at which it can occur
	kind imagestest.Kind
}

// anywhere is the limit of a random position in a body. In a shorter body, the
// incident occurs at the end.
const anywhere = 2000

// drawIncident returns a random incident. Each entry has a probability of a tenth.
func drawIncident(r *rand.Rand) incident {
	code := draw[uint32](r, 0, 1, 2, 11) // HTTP/2 error codes, except REFUSED_STREAM
	closing := r.IntN(2) == 0
	body := imagestest.MidBody(r.IntN(anywhere))
	goAway := incident{"GOAWAY", body, imagestest.GoAway{Code: code}}
	return draw(r,
		goAway, goAway,
		incident{"GOAWAY and close", body, imagestest.GoAway{Code: code, Close: true}},
		incident{"GOAWAY, unprocessed", imagestest.AfterRead, imagestest.GoAway{Code: code, Unprocessed: true, Close: closing}},
		incident{"RST_STREAM", body, imagestest.ResetStream{Code: code}},
		incident{"RST_STREAM, refused", imagestest.AfterRead, imagestest.ResetStream{Code: 7}},
		incident{"connection cut", body, imagestest.Cut{}},
		incident{"connection reset", body, imagestest.Reset{}},
		draw(r,
			incident{"blackhole", imagestest.AfterCommit, imagestest.Blackhole{}},
			incident{"blackhole in a body", body, imagestest.Blackhole{}}),
		draw(r,
			incident{"stall", imagestest.AfterCommit, imagestest.Stall{}}, // not in a body: the idle timeout is 30 s
			incident{"status 503", imagestest.AfterCommit, imagestest.Refusal(503)}),
	)
}

// injector injects incidents.
type injector struct {
	plan    plan
	site    *site
	random  *rand.Rand
	planned map[imagestest.Operation]incident // incidents that wait for a request
	quiet   time.Time                         // no incidents are injected before
	counts  map[string]int                    // incidents that occurred, by name
}

func newInjector(p plan, s *site) *injector {
	return &injector{
		plan: p, site: s, random: newRandom(p.seed, 0),
		planned: make(map[imagestest.Operation]incident), counts: make(map[string]int),
	}
}

// run injects incidents until ctx ends.
func (t *injector) run(ctx context.Context) error {
	incidents := time.NewTicker(t.plan.every)
	defer incidents.Stop()
	restarts := time.NewTicker(t.plan.restart)
	defer restarts.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-incidents.C:
			t.inject()
		case <-restarts.C:
			if err := t.site.network.restart(t.plan.downtime, draw(t.random, true, false)); err != nil {
				return err
			}
			t.counts["restart"]++
		}
	}
}

// inject plans an incident for the next request of an operation, unless another one is
// planned.
func (t *injector) inject() {
	what := drawIncident(t.random)
	op := draw(t.random,
		imagestest.OpList, imagestest.OpList, imagestest.OpGet, imagestest.OpGet, imagestest.OpBlob,
		imagestest.OpCreate, imagestest.OpCreate, imagestest.OpUpload, imagestest.OpUpload, imagestest.OpDelete)
	at := draw(t.random, imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit, what.last)
	t.settle()
	if len(t.planned) == 0 && time.Now().After(t.quiet) {
		t.planned[op] = what
		t.site.server.Inject(imagestest.Fault{Operation: op, At: min(at, what.last), Kind: what.kind})
	}
}

// settle counts the incidents that have occurred. After a blackhole, which makes all
// calls hang, it sets a quiet time: further incidents could use up all attempts of a
// call.
func (t *injector) settle() {
	waiting := make(map[imagestest.Operation]bool)
	for _, fault := range t.site.server.Unused() {
		waiting[fault.Operation] = true
	}
	for op, what := range t.planned {
		if waiting[op] {
			continue
		}
		t.counts[what.name]++
		delete(t.planned, op)
		if _, hangs := what.kind.(imagestest.Blackhole); hangs {
			t.quiet = time.Now().Add(3 * t.plan.timeout)
		}
	}
}

func draw[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// newRandom returns the random number generator of one goroutine.
func newRandom(seed uint64, stream int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(stream)))
}
