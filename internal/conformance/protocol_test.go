package conformance_test

import (
	"testing"
	"testing/synctest"

	"github.com/cfimages/cfimages-go/imagestest"
)

// protocol is the version of HTTP that a fixture's client and server use.
type protocol string

const (
	http1 protocol = "http1"
	http2 protocol = "http2" // with TLS
)

var protocols = []protocol{http1, http2}

// server returns the options of a server in memory that speaks the protocol.
func (p protocol) server() []imagestest.Option {
	if p == http2 {
		return []imagestest.Option{imagestest.InMemory(), imagestest.WithHTTP2()}
	}
	return []imagestest.Option{imagestest.InMemory()}
}

// over runs a test in virtual time, once over each protocol.
func over(t *testing.T, protocols []protocol, test func(t *testing.T, p protocol)) {
	for _, p := range protocols {
		t.Run(string(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, p) })
		})
	}
}

// protocols returns those that a case runs over.
func (c testCase) protocols() []protocol {
	if c.only != "" {
		return []protocol{c.only}
	}
	return protocols
}
