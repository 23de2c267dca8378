package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// network is the address at which clients reach the server. It passes bytes on, and
// goes down when the server restarts: the server of package imagestest keeps what it
// stores only while it runs.
type network struct {
	address  string
	upstream *net.TCPAddr

	accepting sync.WaitGroup
	passing   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	pipes    map[*pipe]struct{}
	made     int // connections
}

// pipe is a connection from a client, and the one to the server that belongs to it.
type pipe struct{ client, server *net.TCPConn }

func newNetwork(upstream string) (*network, error) {
	address, err := net.ResolveTCPAddr("tcp", upstream)
	if err != nil {
		return nil, err
	}
	n := &network{address: "127.0.0.1:0", upstream: address, pipes: make(map[*pipe]struct{})}
	if err := n.up(); err != nil {
		return nil, err
	}
	n.address = n.listener.Addr().String()
	return n, nil
}

// up accepts connections.
func (n *network) up() error {
	listener, err := net.Listen("tcp", n.address)
	if err != nil {
		return fmt.Errorf("the network can not come up again: %w", err)
	}
	n.listener = listener
	n.accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n.passing.Go(func() { n.connect(conn.(*net.TCPConn)) })
		}
	})
	return nil
}

// down refuses connections and breaks those that are open.
func (n *network) down(reset bool) {
	n.listener.Close()
	n.accepting.Wait()
	n.breakAll(reset)
}

// breakAll breaks the connections that are open, in order or by a reset: a server that
// ends does either, depending on what it has read.
func (n *network) breakAll(reset bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.pipes {
		if reset {
			p.client.SetLinger(0)
		}
		p.client.Close()
		p.server.Close()
	}
}

// restart breaks all connections, and refuses new ones for a while. Without a
// downtime none is refused, as when something before the server holds the address.
func (n *network) restart(downtime time.Duration, reset bool) error {
	if downtime == 0 {
		n.breakAll(reset)
		return nil
	}
	n.down(reset)
	time.Sleep(downtime)
	return n.up()
}

func (n *network) close() {
	n.down(false)
	n.passing.Wait()
}

// connections returns how many connections were made, and how many are open.
func (n *network) connections() (made, open int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.made, len(n.pipes)
}

func (n *network) connect(client *net.TCPConn) {
	defer client.Close()
	server, err := net.DialTCP("tcp", nil, n.upstream)
	if err != nil {
		return
	}
	defer server.Close()
	p := &pipe{client, server}
	n.mu.Lock()
	n.made++
	n.pipes[p] = struct{}{}
	n.mu.Unlock()
	p.pass()
	n.mu.Lock()
	delete(n.pipes, p)
	n.mu.Unlock()
}

// pass passes bytes in both directions until both have ended.
func (p *pipe) pass() {
	var upstream sync.WaitGroup
	upstream.Go(func() { passOn(p.server, p.client) })
	passOn(p.client, p.server)
	upstream.Wait()
}

// passOn passes bytes, and then how the direction ended: in order, or by a reset.
func passOn(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err == nil {
		to.CloseWrite()
		return
	}
	to.SetLinger(0)
	to.Close()
	from.SetLinger(0)
	from.Close()
}
