package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// network is a TCP proxy before the server. It is restarted instead of the server,
// because the server of package imagestest stores its data in memory.
type network struct {
	address  string
	upstream *net.TCPAddr

	accepting sync.WaitGroup
	passing   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	pipes    map[*pipe]struct{}
	made     int // number of connections
}

// pipe is a connection from a client and its connection to the server.
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

// up starts to accept connections.
func (n *network) up() error {
	listener, err := net.Listen("tcp", n.address)
	if err != nil {
		return fmt.Errorf("restart the network: %w", err)
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

// down refuses new connections and closes open ones.
func (n *network) down(reset bool) {
	n.listener.Close()
	n.accepting.Wait()
	n.breakAll(reset)
}

// breakAll closes all open connections, with or without a reset: when a server ends,
// this depends on the data that it has read.
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

// restart closes all connections and refuses new ones for the downtime. If downtime is
// 0, no connection is refused, as with a load balancer before the server.
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

// pass copies bytes in both directions until both have ended.
func (p *pipe) pass() {
	var upstream sync.WaitGroup
	upstream.Go(func() { passOn(p.server, p.client) })
	passOn(p.client, p.server)
	upstream.Wait()
}

// passOn copies bytes, and then closes the direction as its source did: normally or by
// a reset.
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
