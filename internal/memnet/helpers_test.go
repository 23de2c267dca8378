package memnet_test

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/memnet"
)

// pair returns the two ends of a new connection, the dialling one first.
func pair(t *testing.T) (client, server *memnet.Conn) {
	t.Helper()
	l := memnet.Listen()
	dialled, err := l.Dial(context.Background())
	require.NoError(t, err)
	accepted, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return dialled.(*memnet.Conn), accepted.(*memnet.Conn)
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
}

// readAll is io.ReadAll that also returns io.EOF.
func readAll(r io.Reader) (string, error) {
	var text []byte
	for {
		p := make([]byte, 3)
		n, err := r.Read(p)
		text = append(text, p[:n]...)
		if err != nil {
			return string(text), err
		}
	}
}

// assertIs also requires the wrapping that errors of TCP have.
func assertIs(t *testing.T, want, err error) {
	t.Helper()
	if want == nil {
		assert.NoError(t, err)
		return
	}
	assert.ErrorIs(t, err, want)
	if want != io.EOF {
		var opErr *net.OpError
		assert.ErrorAs(t, err, &opErr)
	}
	if _, ok := want.(syscall.Errno); ok {
		var syscallErr *os.SyscallError
		assert.ErrorAs(t, err, &syscallErr)
	}
}

func pattern(size, period int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i % period)
	}
	return p
}
