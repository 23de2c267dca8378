package send

import (
	"context"
	"sync"
)

// maxSharedLosses is how many connections in a row may be lost with one retry budget
// token each: a server that restarts may accept a connection and reset it.
const maxSharedLosses = 2

// dialGate limits the dials to a host: while one attempt makes the first connection,
// later attempts wait. net/http would dial once for each of them; over HTTP/2, a
// hundred calls whose connection was lost need one new connection.
type dialGate struct {
	mu          sync.Mutex
	losses      int           // lost connections
	consecutive int           // lost connections since the last successful call
	shared      bool          // the attempts on the last lost connection share one retry budget token
	connected   int           // attempts that got a connection since the last loss
	dialing     chan struct{} // closed when the first attempt has a connection or has ended; nil: none is dialing
}

// dialState is the state of one attempt at a dialGate. Without a gate, its methods do
// nothing.
type dialState struct {
	gate *dialGate

	// guarded by gate.mu
	first, connected bool
	losses           int // when the attempt got its connection
}

// wait waits while another attempt makes the first connection, which takes at most
// the request timeout.
func (s *dialState) wait(ctx context.Context) error {
	g := s.gate
	if g == nil {
		return nil
	}
	g.mu.Lock()
	dialing := g.dialing
	g.mu.Unlock()
	if dialing == nil {
		return nil
	}
	select {
	case <-dialing:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin records that the attempt requests a connection from the transport. With a
// transport that does not report this, no attempt waits.
func (s *dialState) begin() {
	if s.gate == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	if s.gate.connected == 0 && s.gate.dialing == nil {
		s.first, s.gate.dialing = true, make(chan struct{})
	}
}

// connect records that the attempt has a connection.
func (s *dialState) connect() {
	if s.gate == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.disconnect()
	s.connected, s.losses = true, s.gate.losses
	s.gate.connected++
	s.release()
}

// lost records that the connection of the attempt was lost. The other attempts on it
// will report the same loss. first reports whether this attempt is the first to do so.
// shared reports whether they share one retry budget token; after maxSharedLosses
// losses without a successful call in between, each attempt takes its own.
func (s *dialState) lost() (first, shared bool) {
	g := s.gate
	if g == nil {
		return true, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.connected && s.losses == g.losses {
		g.shared = g.consecutive < maxSharedLosses
		g.consecutive++
		g.losses++
		g.connected = 0
		first = true
	}
	return first, g.shared && s.connected && s.losses == g.losses-1
}

// succeeded records that the attempt succeeded.
func (s *dialState) succeeded() {
	if s.gate == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.gate.consecutive = 0
}

// end removes the attempt from the gate.
func (s *dialState) end() {
	if s.gate == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.disconnect()
	s.release()
}

// disconnect removes the attempt from the connected ones. s.gate.mu is held.
func (s *dialState) disconnect() {
	if s.connected && s.losses == s.gate.losses {
		s.gate.connected--
	}
	s.connected = false
}

// release lets the waiting attempts continue, if the attempt is the first. s.gate.mu
// is held.
func (s *dialState) release() {
	if s.first {
		s.first = false
		close(s.gate.dialing)
		s.gate.dialing = nil
	}
}
