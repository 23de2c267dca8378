package send

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
)

// wrapped is a connection that a caller's transport may create. It is not a pointer,
// so its fields determine whether it is comparable.
type wrapped struct {
	net.Conn
	note any
}

func TestJoinWithoutComparableConnection(t *testing.T) {
	cs := connections{open: make(map[net.Conn]*connection)}
	a := &attempt{attempts: new(attempts), call: new(Call)}
	assert.Nil(t, cs.join(nil, a))
	assert.Nil(t, cs.join(wrapped{note: []string{"not comparable"}}, a))
	assert.NotNil(t, cs.join(wrapped{note: "comparable"}, a))
}

// tunnel is a connection inside another one, like TLS inside the TLS of a proxy.
type tunnel struct {
	net.Conn
	closed int
}

func (c *tunnel) NetConn() net.Conn { return c.Conn }

func (c *tunnel) Close() error {
	c.closed++
	return nil
}

type innermost struct {
	net.Conn
	closed int
}

func (c *innermost) Close() error {
	c.closed++
	return nil
}

func TestCloseSkipsTLSCloseNotify(t *testing.T) {
	raw := new(innermost)
	toProxy := &tunnel{Conn: raw}
	c := &connection{conn: &tunnel{Conn: toProxy}}
	c.close()
	c.close()
	assert.Equal(t, 1, raw.closed)
	assert.Zero(t, toProxy.closed)
}
