package imagestest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Fault is a failure that the server is to have, once or several times:
//
//	srv.Inject(imagestest.Fault{
//		Operation: imagestest.OpCreate,
//		At:        imagestest.AfterCommit,
//		Kind:      imagestest.Reset{},
//	})
type Fault struct {
	// Operation is what must be asked for. It has to be given.
	Operation Operation

	// Call is which request of the operation is struck, counted from Inject: 0 is
	// the next one. Requests that other faults strike count too.
	Call int

	// Times is how many requests in a row are struck; 0 means 1. Always is an
	// outage without an end.
	Times int

	// At is when. The zero value means BeforeRead, or AfterCommit for the kinds
	// that change the server's own response.
	At Position

	// Kind is what happens. It has to be given.
	Kind Kind
}

// Always is the Times of a fault that strikes for ever.
const Always = math.MaxInt

// Position is a point on a request's way through the server.
type Position int

// The positions. See MidBody for another.
const (
	// BeforeRead: the request's header was read, nothing of its body, and
	// nothing was done.
	BeforeRead Position = iota + 1
	// AfterRead: the request was read, and nothing done.
	AfterRead
	// AfterCommit: what was asked is done, and nothing of the response was sent.
	AfterCommit

	bodyStart
)

// MidBody is the position at which n bytes of the response's body were sent, or
// all of it if there are fewer. What was asked is done then. It panics when n
// is negative.
func MidBody(n int) Position {
	if n < 0 {
		panic(fmt.Sprintf("imagestest: MidBody(%d): must not be negative", n))
	}
	return bodyStart + Position(n)
}

// String returns the position as it is written in Go.
func (p Position) String() string {
	switch {
	case p >= bodyStart:
		return fmt.Sprintf("MidBody(%d)", int(p-bodyStart))
	case BeforeRead <= p && p <= AfterCommit:
		return [...]string{"BeforeRead", "AfterRead", "AfterCommit"}[p-BeforeRead]
	}
	return fmt.Sprintf("Position(%d)", int(p))
}

// Inject makes the server fail. It panics, and injects nothing, when a fault
// cannot be: its comment and that of its kind say what can. At most one fault
// strikes a request, so two for the same request are refused too.
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

// Unused returns the faults that have not struck as often as they were to,
// each with the Times that are left. One that is to strike Always is used once
// it has struck. A test that ends with unused faults has not tested what it says.
func (s *Server) Unused() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var unused []Fault
	for _, p := range s.faults.plans {
		struck := max(0, s.faults.seen[p.Operation]-p.from)
		if p.Times == Always && struck > 0 || p.Times <= struck {
			continue
		}
		left := p.Fault
		if left.Times != Always {
			left.Times -= struck
		}
		unused = append(unused, left)
	}
	return unused
}

// String returns what the fault does, when and to whom.
func (f Fault) String() string {
	return fmt.Sprintf("%s: call %d, times %d, %v, %#v", f.Operation, f.Call, f.Times, f.At, f.Kind)
}

// faultPlans knows which request is to be struck by which fault.
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
