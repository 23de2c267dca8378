package send

import (
	"context"
	"sync"
)

// maxTogether is how many connections may be lost one after another, each as one event:
// a server that restarts may accept a connection and break it.
const maxTogether = 2

// door lets one attempt make the first connection to a host while those that come
// after it wait: net/http dials for each of them, and over HTTP/2 a hundred calls whose
// connection broke need one.
type door struct {
	mu        sync.Mutex
	losses    int           // of connections
	unhealed  int           // of them, since a call succeeded last
	together  bool          // those of the last one cost the retry budget one token
	connected int           // attempts that have had a connection since the last loss
	opening   chan struct{} // closed when the first attempt has one, or has ended; nil: nobody asks for the first
}

// visit is what an attempt has to do with a door; without one it does nothing.
type visit struct {
	door *door

	// guarded by door.mu
	first, connected bool
	losses           int // when it connected
}

// enter waits while another attempt makes the first connection. That one is bounded by
// the request timeout.
func (v *visit) enter(ctx context.Context) error {
	d := v.door
	if d == nil {
		return nil
	}
	d.mu.Lock()
	opening := d.opening
	d.mu.Unlock()
	if opening == nil {
		return nil
	}
	select {
	case <-opening:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask says that the attempt asks the transport for a connection. Transports that
// do not tell so make nobody wait.
func (v *visit) ask() {
	if v.door == nil {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	if v.door.connected == 0 && v.door.opening == nil {
		v.first, v.door.opening = true, make(chan struct{})
	}
}

// connect says that the attempt has a connection.
func (v *visit) connect() {
	if v.door == nil {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.disconnect()
	v.connected, v.losses = true, v.door.losses
	v.door.connected++
	v.open()
}

// lose says that the connection of the attempt broke: those that still seem to have
// one are about to find that out. first is true for the first who says so. together
// tells whether the loss is one event for all of them: more than maxTogether, one after
// another without a call that succeeds in between, are an outage, in which each call counts.
func (v *visit) lose() (first, together bool) {
	d := v.door
	if d == nil {
		return true, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if v.connected && v.losses == d.losses {
		d.together = d.unhealed < maxTogether
		d.unhealed++
		d.losses++
		d.connected = 0
		first = true
	}
	return first, d.together && v.connected && v.losses == d.losses-1
}

// succeed says that the attempt got what it asked for.
func (v *visit) succeed() {
	if v.door == nil {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.door.unhealed = 0
}

// leave ends the visit.
func (v *visit) leave() {
	if v.door == nil {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.disconnect()
	v.open()
}

// disconnect takes the attempt off those that have a connection. v.door.mu is held.
func (v *visit) disconnect() {
	if v.connected && v.losses == v.door.losses {
		v.door.connected--
	}
	v.connected = false
}

// open lets the others in, if the attempt is the first. v.door.mu is held.
func (v *visit) open() {
	if v.first {
		v.first = false
		close(v.door.opening)
		v.door.opening = nil
	}
}
