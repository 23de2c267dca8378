package imagestest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Fault makes one or more requests fail:
//
//	srv.Inject(imagestest.Fault{
//		Operation: imagestest.OpCreate,
//		At:        imagestest.AfterCommit,
//		Kind:      imagestest.Reset{},
//	})
type Fault struct {
	// Operation is the operation of the requests. It is required.
	Operation Operation

	// Call is the number of requests of the operation to skip, counted from Inject: 0
	// means that the next request fails. Requests with other faults count, too, and so
	// do prefetched pages: use cfimages.WithPrefetch(false) to count the pages of a list.
	Call int

	// Times is the number of consecutive requests that fail. 0 means 1. Use [Always]
	// for an outage.
	Times int

	// At is the position in the request or response at which it fails. The zero value
	// means BeforeRead, or AfterCommit for kinds that change the server's response.
	At Position

	// Kind is the kind of failure. It is required.
	Kind Kind
}

// Always is the Times of a fault that does not end.
const Always = math.MaxInt

// Position is a position in the processing of a request, at which a fault happens.
type Position int

// The positions, besides [MidBody].
const (
	// BeforeRead is after the request's headers were read, and before its body.
	BeforeRead Position = iota + 1
	// AfterRead is after the request was read, and before it is processed.
	AfterRead
	// AfterCommit is after the request was processed, and before the response.
	AfterCommit

	bodyStart
)

// MidBody returns the position after the first n bytes of the response's body, or at its
// end if the body is shorter. The request was processed before. MidBody panics if n is
// negative.
func MidBody(n int) Position {
	if n < 0 {
		panic(fmt.Sprintf("imagestest: MidBody(%d): must not be negative", n))
	}
	return bodyStart + Position(n)
}

// String returns the position in Go syntax.
func (p Position) String() string {
	switch {
	case p >= bodyStart:
		return fmt.Sprintf("MidBody(%d)", int(p-bodyStart))
	case BeforeRead <= p && p <= AfterCommit:
		return [...]string{"BeforeRead", "AfterRead", "AfterCommit"}[p-BeforeRead]
	}
	return fmt.Sprintf("Position(%d)", int(p))
}

// Inject adds faults. It panics, and adds none of them, if one is invalid: see [Fault] and
// the kinds. Two faults for the same request are invalid, too.
func (s *Server) Inject(faults ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	plans := slices.Clone(s.faults.plans)
	plans = slices.DeleteFunc(plans, func(p plan) bool { return p.to <= s.faults.seen[p.Operation] })
	for _, f := range faults {
		p := newPlan(f, s.faults.seen[f.Operation])
		if problem := cmp.Or(p.problem(plans), s.protocolProblem(f.Kind)); problem != "" {
			panic(fmt.Sprintf("imagestest: Inject(%v): %s", p.Fault, problem))
		}
		plans = append(plans, p)
	}
	s.faults.plans = plans
}

// Unused returns the faults that have not happened yet, or not as often as their Times,
// with the remaining Times. A fault with Always counts as used after the first time. Check
// at the end of a test that Unused is empty: otherwise the test did not meet its faults.
func (s *Server) Unused() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var unused []Fault
	for _, p := range s.faults.plans {
		used := max(0, s.faults.seen[p.Operation]-p.from)
		if p.Times == Always && used > 0 || p.Times <= used {
			continue
		}
		left := p.Fault
		if left.Times != Always {
			left.Times -= used
		}
		unused = append(unused, left)
	}
	return unused
}

// String returns the fields of the fault as text.
func (f Fault) String() string {
	return fmt.Sprintf("%s: call %d, times %d, %v, %#v", f.Operation, f.Call, f.Times, f.At, f.Kind)
}

// faultPlans has the requests that fail, and their faults.
type faultPlans struct {
	mu    sync.Mutex
	seen  map[Operation]int // requests so far
	plans []plan
}

// plan is a fault with nothing left to default, and the requests of its
// operation that it strikes: from the one numbered from to the one before to.
type plan struct {
	Fault
	from, to int
}

func newPlan(f Fault, seen int) plan {
	if f.Times == 0 {
		f.Times = 1
	}
	if f.At == 0 && f.Kind != nil {
		f.At, _ = f.Kind.positions()
	}
	p := plan{Fault: f, from: seen + f.Call}
	p.to = p.from + min(f.Times, Always-p.from)
	return p
}

// problem says why the fault cannot be, or not beside the others; "" if it can.
func (p *plan) problem(others []plan) string {
	switch {
	case !p.Operation.known():
		return fmt.Sprintf("no such Operation: %q", string(p.Operation))
	case p.Call < 0 || p.Times < 0:
		return "Call and Times must not be negative"
	case p.Kind == nil:
		return "no Kind was given"
	}
	if first, last := p.Kind.positions(); p.At < first || p.At > last {
		return fmt.Sprintf("At must be %s for this kind", positionRange(first, last))
	}
	for _, other := range others {
		if other.Operation == p.Operation && other.from < p.to && p.from < other.to {
			return fmt.Sprintf("there is a fault for the same request already: %v", other.Fault)
		}
	}
	return p.Kind.problem(p.Operation)
}

// protocolProblem says why the kind cannot be on this server.
func (s *Server) protocolProblem(kind Kind) string {
	switch kind.(type) {
	case GoAway, ResetStream:
		if !s.http2 {
			return "this kind needs a server WithHTTP2"
		}
	}
	return ""
}

// next counts a request and returns the fault that strikes it, or nil.
func (fp *faultPlans) next(op Operation) *Fault {
	fp.mu.Lock()
	defer fp.mu.Unlock()
	n := fp.seen[op]
	fp.seen[op]++
	for i := range fp.plans {
		if p := &fp.plans[i]; p.Operation == op && p.from <= n && n < p.to {
			return &p.Fault
		}
	}
	return nil
}

// positionRange writes a range of positions; one without an end stands for all
// of the body.
func positionRange(first, last Position) string {
	switch {
	case first == last:
		return first.String()
	case last >= bodyStart:
		return first.String() + " or later"
	}
	return fmt.Sprintf("from %v to %v", first, last)
}
