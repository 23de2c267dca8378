package imagestest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Fault is a failure to inject with [Server.Inject]. For example, the next creation of
// a direct upload is completed, but its response is lost:
//
//	srv.Inject(imagestest.Fault{
//		Operation: imagestest.OpCreate,
//		At:        imagestest.AfterCommit,
//		Kind:      imagestest.Reset{},
//	})
type Fault struct {
	// Operation selects the requests by their operation. It is required.
	Operation Operation

	// Call is the number of matching requests after Inject that pass before this fault
	// is applied: with 1, it is applied to the second one. The default 0 selects the
	// next request. Retries, prefetched pages, and requests that fail by other faults
	// count, too: use cfimages.WithPrefetch(false) in a test that counts the pages of a
	// list.
	Call int

	// Times is the number of consecutive requests to which the fault is applied. 0
	// means 1. With Always, the fault is applied to all further requests, until
	// [Server.RemoveFaults]. Retries and prefetched pages count here, too: a page that
	// the test never reads may use one of the times. cfimages.WithPrefetch(false)
	// avoids that.
	Times int

	// At is the position at which the request fails. The default is BeforeRead, or
	// AfterCommit for Slow, WrongLength, RepeatToken and EmptyPage.
	At Position

	// Kind is the kind of failure. It is required.
	Kind Kind
}

// Always is the value of Fault.Times for a fault that is applied to all further
// requests.
const Always = math.MaxInt

// Position is a point in the processing of a request.
type Position int

// The positions before the response. See [MidBody] for positions in its body.
const (
	// BeforeRead is the position after the header of the request was read. The body
	// was not read, and the operation was not performed. Over HTTP/1.1, net/http reads
	// up to 256 KB of the body before it sends a response: a client whose body blocks
	// does not get it.
	BeforeRead Position = iota + 1
	// AfterRead is the position after the whole request was read. The operation was
	// not performed.
	AfterRead
	// AfterCommit is the position after the operation was performed. Nothing of the
	// response was sent.
	AfterCommit

	bodyStart
)

// MidBody returns the position after n bytes of the response body were sent, or after
// the whole body if it is shorter. Then a fault such as [Cut] is applied, but comes too
// late to make the call fail. The operation was performed. MidBody panics if n is
// negative.
func MidBody(n int) Position {
	if n < 0 {
		panic(fmt.Sprintf("imagestest: MidBody(%d): must not be negative", n))
	}
	return bodyStart + Position(n)
}

// String returns the name of the position, such as "AfterRead" or "MidBody(100)".
func (p Position) String() string {
	switch {
	case p >= bodyStart:
		return fmt.Sprintf("MidBody(%d)", int(p-bodyStart))
	case BeforeRead <= p && p <= AfterCommit:
		return [...]string{"BeforeRead", "AfterRead", "AfterCommit"}[p-BeforeRead]
	}
	return fmt.Sprintf("Position(%d)", int(p))
}

// Inject adds faults to the server. At most one fault can apply to a request.
//
// Inject panics, and adds none of the faults, if a fault is invalid, if its kind does
// not support its position or the server's protocol, or if another fault already
// applies to one of the same requests.
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

// RemoveFaults removes all faults injected so far that have not been used up. It ends
// an outage that was injected with [Always]. [Server.Unused] then returns no faults: to
// check that they were applied, call it before.
//
// Requests that have already been selected by a fault are not changed. Those that
// [Stall], [Slow] or [Blackhole] is holding at the moment are still held, and a
// connection that Blackhole has stopped stays stopped.
func (s *Server) RemoveFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.plans = nil
}

// Unused returns the faults that were not applied as often as requested, with Times set
// to the remaining number. A fault with [Always] is unused until it is applied once.
// Check at the end of a test that no faults are left: otherwise the test did not
// exercise the failures that it describes.
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

// String returns a description of the fault for test output.
func (f Fault) String() string {
	return fmt.Sprintf("%s: call %d, times %d, %v, %#v", f.Operation, f.Call, f.Times, f.At, f.Kind)
}

// faultPlans selects the fault that is applied to a request.
type faultPlans struct {
	mu    sync.Mutex
	seen  map[Operation]int // requests so far
	plans []plan
}

// plan is a fault whose defaults are set, and the numbers of the requests of its
// operation that it applies to: p.from is included, p.to is not.
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

// problem returns why the fault is invalid or conflicts with the others, or "".
func (p *plan) problem(others []plan) string {
	switch {
	case !p.Operation.known():
		return fmt.Sprintf("unknown Operation: %q", string(p.Operation))
	case p.Call < 0 || p.Times < 0:
		return "Call and Times must not be negative"
	case p.Kind == nil:
		return "Kind is required"
	}
	if first, last := p.Kind.positions(); p.At < first || p.At > last {
		return fmt.Sprintf("At must be %s for this kind", positionRange(first, last))
	}
	for _, other := range others {
		if other.Operation == p.Operation && other.from < p.to && p.from < other.to {
			return fmt.Sprintf("another fault already applies to the same request: %v", other.Fault)
		}
	}
	return p.Kind.problem(p.Operation)
}

// protocolProblem returns why this server does not support the kind, or "".
func (s *Server) protocolProblem(kind Kind) string {
	switch kind.(type) {
	case GoAway, ResetStream:
		if !s.http2 {
			return "this kind requires a server with WithHTTP2"
		}
	}
	return ""
}

// next counts a request and returns the fault to apply to it, or nil.
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

// positionRange formats a range of positions. A range that ends in the body has no
// upper limit.
func positionRange(first, last Position) string {
	switch {
	case first == last:
		return first.String()
	case last >= bodyStart:
		return first.String() + " or later"
	}
	return fmt.Sprintf("from %v to %v", first, last)
}
