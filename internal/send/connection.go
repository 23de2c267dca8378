package send

import (
	"net"
	"reflect"
	"sync"
	"time"
)

// maxIdle is how long a connection with an overdue response may deliver no bytes
// before it is closed, or half of the request timeout if that is less.
const maxIdle = time.Second

// connections are the connections with attempts in flight. HTTP/2 sends all calls on
// one connection, and net/http keeps using it when it is lost: a request that times
// out ends its stream, not its connection (golang/go#36026).
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]*connection
}

// connection is one connection and the state that its attempts share.
type connection struct {
	conn    net.Conn
	timeout time.Duration

	mu           sync.Mutex
	users        map[*attempt]struct{}
	lastReceived time.Time   // last bytes of a response, or the start of the first attempt
	recheck      *time.Timer // a response is overdue: see suspect
	closed       bool        // by this library
	spent        bool        // its loss has taken a token of the retry budget
}

// join adds an attempt to a connection. It returns nil if the connection cannot be
// used as a map key.
func (cs *connections) join(conn net.Conn, a *attempt) *connection {
	if conn == nil || !reflect.ValueOf(conn).Comparable() {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.open[conn]
	if c == nil {
		c = &connection{conn: conn, timeout: a.attempts.timeout, users: make(map[*attempt]struct{}), lastReceived: time.Now()}
		cs.open[conn] = c
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users[a] = struct{}{}
	return c
}

// leave removes an attempt. A connection without attempts is removed, and closed if a
// response on it was overdue, so that the next call does not use it.
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

// received records that bytes of a response were received: the connection works.
func (c *connection) received() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastReceived = time.Now()
	if c.recheck != nil {
		c.recheck.Stop()
		c.recheck = nil
	}
}

// suspect records that a response is overdue, and reports whether the connection was
// closed as a result. The connection is closed, now or later, when it has delivered
// no bytes of any response for maxIdle and no recent write is in flight. The calls on
// a closed connection are retried on a new one; a write cannot be retried, and its
// connection may still work although one response is overdue.
func (c *connection) suspect() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.recheck != nil || len(c.users) == 0 { // no users: all attempts have ended
		return c.closed
	}
	c.check()
	return c.closed
}

// check closes the connection or schedules the next check. c.mu is held.
func (c *connection) check() {
	now := time.Now()
	limit := min(maxIdle, c.timeout/2)
	wait := limit - now.Sub(c.lastReceived)
	if wait <= 0 && c.hasRecentWrite(now) {
		wait = limit
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

// hasRecentWrite reports whether the connection should stay open for a call that
// cannot be retried. Such a call is recent while its request is sent, and for half of
// the request timeout after that. It is ignored if two or more attempts have waited
// longer for their headers.
func (c *connection) hasRecentWrite(now time.Time) bool {
	recent, overdue := false, 0
	for a := range c.users {
		switch {
		case a.watchdog.waited(now) >= c.timeout/2:
			overdue++
		case a.call.Retry != RetryAlways || a.call.Streamed:
			recent = true
		}
	}
	return recent && overdue < 2
}

// close closes the connection below TLS: TLS would first send a close_notify alert
// and wait for that. The documentation of net/http reserves closing for the
// transport, but there is no other way to report a lost connection to it while calls
// are in flight. The transport treats this like a connection reset. c.mu is held.
func (c *connection) close() {
	if c.closed {
		return
	}
	c.closed = true
	if c.recheck != nil {
		c.recheck.Stop()
	}
	conn := c.conn
	for { // a TLS connection may be inside the TLS connection to a proxy
		secure, ok := conn.(interface{ NetConn() net.Conn })
		if !ok || secure.NetConn() == nil || secure.NetConn() == conn {
			break
		}
		conn = secure.NetConn()
	}
	defer func() {
		if recover() != nil { // quic-go passes connections that must not be closed
			c.closed = false
		}
	}()
	_ = conn.Close() // the connection is lost: its error does not matter
}

// isClosed reports whether this library closed the connection.
func (c *connection) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// spendOnce spends one token of the retry budget for all attempts that were on the
// connection. It reports whether a token was available.
func (c *connection) spendOnce(spend func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spent = c.spent || spend()
	return c.spent
}
