package memnet_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/memnet"
)

func TestTransferBothWaysAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		data := [2][]byte{pattern(1_000_001, 251), pattern(700_003, 241)}
		var got [2][]byte
		var wg sync.WaitGroup
		for i, ends := range [][2]*memnet.Conn{{a, b}, {b, a}} {
			wg.Go(func() {
				n, err := ends[0].Write(data[i])
				assert.Equal(t, len(data[i]), n)
				assert.NoError(t, err)
				assert.NoError(t, ends[0].CloseWrite())
			})
			wg.Go(func() {
				var err error
				got[i], err = io.ReadAll(ends[1])
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.True(t, bytes.Equal(data[0], got[0]))
		assert.True(t, bytes.Equal(data[1], got[1]))
	})
}

func TestWritesAreNotMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		const writers, size = 8, 70_000
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				_, err := a.Write(bytes.Repeat([]byte{byte(i)}, size))
				assert.NoError(t, err)
			})
		}
		got := make([]byte, writers*size)
		_, err := io.ReadFull(b, got)
		require.NoError(t, err)
		wg.Wait()
		for i := range writers {
			one := got[i*size : (i+1)*size]
			assert.Equal(t, size, bytes.Count(one, one[:1]))
		}
	})
}

func TestCapacityIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		require.NoError(t, a.SetWriteDeadline(time.Now().Add(time.Hour)))
		n, err := a.Write(make([]byte, 100_000))
		assert.Equal(t, 64<<10, n)
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)

		n, err = io.ReadFull(b, make([]byte, 64<<10))
		assert.Equal(t, 64<<10, n)
		assert.NoError(t, err)
	})
}

// The results of calls by the peer and by the end itself after each way to close.
func TestEndings(t *testing.T) {
	tests := []struct {
		name                string
		end                 func(c *memnet.Conn) error
		peerReads           string
		peerRead, peerWrite error
		ownRead, ownWrite   error
		endAgain            error
	}{
		{
			"Close", (*memnet.Conn).Close,
			"left", io.EOF, syscall.EPIPE, net.ErrClosed, net.ErrClosed, net.ErrClosed,
		},
		{
			"Reset", (*memnet.Conn).Reset,
			"", syscall.ECONNRESET, syscall.ECONNRESET, net.ErrClosed, net.ErrClosed, net.ErrClosed,
		},
		{
			"CloseWrite", (*memnet.Conn).CloseWrite,
			"left", io.EOF, nil, nil, syscall.EPIPE, nil,
		},
		{
			"Close after CloseWrite",
			func(c *memnet.Conn) error { _ = c.CloseWrite(); return c.Close() },
			"left", io.EOF, syscall.EPIPE, net.ErrClosed, net.ErrClosed, net.ErrClosed,
		},
		{
			"Reset after CloseWrite",
			func(c *memnet.Conn) error { _ = c.CloseWrite(); return c.Reset() },
			"", syscall.ECONNRESET, syscall.ECONNRESET, net.ErrClosed, net.ErrClosed, net.ErrClosed,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own, peer := pair(t)
				send(t, own, "left")
				send(t, peer, "for own")
				require.NoError(t, tt.end(own))

				left, err := readAll(peer)
				assert.Equal(t, tt.peerReads, left)
				assertIs(t, tt.peerRead, err)
				_, err = peer.Write([]byte("x"))
				assertIs(t, tt.peerWrite, err)
				_, err = own.Read(make([]byte, 1))
				assertIs(t, tt.ownRead, err)
				_, err = own.Write([]byte("x"))
				assertIs(t, tt.ownWrite, err)
				assertIs(t, tt.endAgain, tt.end(own))
				assert.NoError(t, peer.Close())
			})
		})
	}
}

func TestEndingAfterThePeerKeepsItsErrors(t *testing.T) {
	for name, end := range map[string]func(*memnet.Conn) error{
		"Close": (*memnet.Conn).Close,
		"Reset": (*memnet.Conn).Reset,
	} {
		own, peer := pair(t)
		require.NoError(t, peer.Close())
		require.NoError(t, end(own), name)
		_, err := peer.Read(make([]byte, 1))
		assertIs(t, net.ErrClosed, err)
		_, err = peer.Write([]byte("x"))
		assertIs(t, net.ErrClosed, err)
	}
}

func TestEndingsWakeWhoWaits(t *testing.T) {
	type outcome struct{ read, write error }
	tests := []struct {
		name      string
		end       func(own, peer *memnet.Conn) error
		own, peer outcome
	}{
		{"Close", func(own, _ *memnet.Conn) error { return own.Close() },
			outcome{net.ErrClosed, net.ErrClosed}, outcome{io.EOF, syscall.EPIPE}},
		{"Reset", func(own, _ *memnet.Conn) error { return own.Reset() },
			outcome{net.ErrClosed, net.ErrClosed}, outcome{syscall.ECONNRESET, syscall.ECONNRESET}},
		{"Reset by the peer", func(_, peer *memnet.Conn) error { return peer.Reset() },
			outcome{syscall.ECONNRESET, syscall.ECONNRESET}, outcome{net.ErrClosed, net.ErrClosed}},
	}
	// A read waits on an empty pipe, a write on a full one, so each needs a pair.
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var wg sync.WaitGroup
				read := func(c *memnet.Conn, want error) {
					_, err := c.Read(make([]byte, 1))
					assertIs(t, want, err)
				}
				write := func(c *memnet.Conn, want error) {
					_, err := c.Write(make([]byte, 1<<20))
					assertIs(t, want, err)
				}
				emptyOwn, emptyPeer := pair(t)
				wg.Go(func() { read(emptyOwn, tt.own.read) })
				wg.Go(func() { read(emptyPeer, tt.peer.read) })
				fullOwn, fullPeer := pair(t)
				wg.Go(func() { write(fullOwn, tt.own.write) })
				wg.Go(func() { write(fullPeer, tt.peer.write) })
				synctest.Wait()
				require.NoError(t, tt.end(emptyOwn, emptyPeer))
				require.NoError(t, tt.end(fullOwn, fullPeer))
				wg.Wait()
			})
		})
	}
}

func TestDeadlines(t *testing.T) {
	full := make([]byte, 1<<20)
	read := func(c *memnet.Conn) error { _, err := c.Read(make([]byte, 1)); return err }
	write := func(c *memnet.Conn) error { _, err := c.Write(full); return err }
	tests := []struct {
		name string
		set  func(c *memnet.Conn, t time.Time) error
		call func(c *memnet.Conn) error
	}{
		{"read", (*memnet.Conn).SetReadDeadline, read},
		{"write", (*memnet.Conn).SetWriteDeadline, write},
		{"both, read", (*memnet.Conn).SetDeadline, read},
		{"both, write", (*memnet.Conn).SetDeadline, write},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := pair(t)
				start := time.Now()
				timedOutAt := func(want time.Duration) {
					t.Helper()
					err := tt.call(c)
					assertIs(t, os.ErrDeadlineExceeded, err)
					var netErr net.Error
					require.ErrorAs(t, err, &netErr)
					assert.True(t, netErr.Timeout())
					assert.Equal(t, want, time.Since(start))
				}
				require.NoError(t, tt.set(c, start.Add(time.Hour)))
				timedOutAt(time.Hour)
				timedOutAt(time.Hour)

				require.NoError(t, tt.set(c, start.Add(2*time.Hour)))
				moved := time.AfterFunc(30*time.Minute, func() { _ = tt.set(c, start.Add(5*time.Hour)) })
				defer moved.Stop()
				timedOutAt(5 * time.Hour)

				require.NoError(t, tt.set(c, time.Time{}))
				time.AfterFunc(time.Hour, func() { _ = tt.set(c, time.Unix(1, 0)) })
				timedOutAt(6 * time.Hour)
			})
		})
	}
}

func TestDeadlineBeatsDataAndTheOtherEndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		send(t, a, "data")
		require.NoError(t, b.SetReadDeadline(time.Now()))
		_, err := b.Read(make([]byte, 4))
		assertIs(t, os.ErrDeadlineExceeded, err)

		send(t, b, "response")
		require.NoError(t, b.SetReadDeadline(time.Time{}))
		got := make([]byte, 4)
		_, err = io.ReadFull(b, got)
		require.NoError(t, err)
		assert.Equal(t, "data", string(got), "nothing was lost")

		require.NoError(t, b.Close())
		assertIs(t, net.ErrClosed, b.SetDeadline(time.Now()))
	})
}

func TestZeroLengthCallsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		n, err := b.Read(nil)
		assert.Zero(t, n)
		assert.NoError(t, err)
		send(t, a, string(make([]byte, 64<<10)))
		n, err = a.Write(nil)
		assert.Zero(t, n)
		assert.NoError(t, err)
	})
}
