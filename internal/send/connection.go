package send

import (
	"net"
	"reflect"
	"sync"
	"time"
)

// maxSilence is how long a connection on which a response is overdue may deliver
// nothing before it is closed, or half of the request timeout if that is less.
const maxSilence = time.Second

// connections are those on which attempts are under way. HTTP/2 puts all calls on
// one, and net/http keeps using it when it is dead: a request that times out ends
// its stream, not its connection (golang/go#36026).
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]*connection
}

// connection is one connection, and what the attempts on it know of it together.
type connection struct {
	conn    net.Conn
	timeout time.Duration

	mu      sync.Mutex
	users   map[*attempt]struct{}
	heard   time.Time   // when bytes of a response, or the first attempt, came last
	recheck *time.Timer // a response is overdue: see suspect
	closed  bool        // by this library
	paid    bool        // the loss of it has cost a token of the retry budget
}

// join adds an attempt to those on a connection. It returns nil for one that cannot be
// told from others.
func (cs *connections) join(conn net.Conn, a *attempt) *connection {
	if conn == nil || !reflect.ValueOf(conn).Comparable() {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.open[conn]
	if c == nil {
		c = &connection{conn: conn, timeout: a.attempts.timeout, users: make(map[*attempt]struct{}), heard: time.Now()}
		cs.open[conn] = c
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users[a] = struct{}{}
	return c
}

// leave removes an attempt. A connection without attempts is forgotten, and closed if
// a response on it was overdue: then the next call does not have to find that out.
func (cs *connections) leave(c *connection, a *attempt) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.users, a)
	if len(c.users) > 0 {
		return
	}
	delete(cs.open, c.conn)
	if c.recheck != nil {
		c.close()
	}
}

// hear notes that bytes of a response have arrived: the connection is alive.
func (c *connection) hear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = time.Now()
	if c.recheck != nil {
		c.recheck.Stop()
		c.recheck = nil
	}
}

// suspect says that a response is overdue, and reports whether the connection was
// closed for it. It is closed now or later, unless it delivers bytes of any
// response before: once it has been silent for maxSilence, and no write is under way
// that may just have been sent. Calls that are closed with it are retried on a new
// connection, all together; that would be wrong for a write on a connection that is
// alive, which only the one overdue response does not use.
func (c *connection) suspect() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.recheck != nil || len(c.users) == 0 { // or all have left meanwhile
		return c.closed
	}
	c.check()
	return c.closed
}

// check closes the connection, or sees to it that it is checked again. c.mu is held.
func (c *connection) check() {
	now := time.Now()
	patience := min(maxSilence, c.timeout/2)
	wait := patience - now.Sub(c.heard)
	if wait <= 0 && c.hasYoungWrite(now) {
		wait = patience
	}
	if wait <= 0 {
		c.close()
		return
	}
	c.recheck = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.recheck != nil && !c.closed {
			c.check()
		}
	})
}

// hasYoungWrite reports whether a call that cannot be retried is under way: it is
// being sent, or was less than half of the request timeout ago, and at most one attempt has waited longer
// than that. A response whose body is read slowly does not count: the server waits.
func (c *connection) hasYoungWrite(now time.Time) bool {
	young, waiting := false, 0
	for a := range c.users {
		switch {
		case a.watchdog.waited(now) >= c.timeout/2:
			waiting++
		case a.call.Retry != RetryAlways || a.call.Streamed:
			young = true
		}
	}
	return young && waiting < 2
}

// close breaks the connection. net/http's documentation asks those who trace a
// request to leave closing to the transport, which has no other way to be told that
// a connection is dead while calls wait on it. It takes this for a connection that
// broke. TLS would first send a farewell, and wait for that. c.mu is held.
func (c *connection) close() {
	if c.closed {
		return
	}
	c.closed = true
	if c.recheck != nil {
		c.recheck.Stop()
	}
	conn := c.conn
	for { // TLS may be inside the TLS of a proxy
		secure, ok := conn.(interface{ NetConn() net.Conn })
		if !ok || secure.NetConn() == nil || secure.NetConn() == conn {
			break
		}
		conn = secure.NetConn()
	}
	defer func() {
		if recover() != nil { // quic-go reports connections that must not be closed
			c.closed = false
		}
	}()
	_ = conn.Close() // there is nothing to be saved
}

// isClosed reports whether this library closed the connection.
func (c *connection) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// pay spends a token of the retry budget for the loss of the connection, once for
// all attempts that were on it. It reports whether that was possible.
func (c *connection) pay(spend func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paid = c.paid || spend()
	return c.paid
}
