package imagestest_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// rootRequest is the HPACK header of GET https://x/, to which the server responds with 404.
const rootRequest = "\x82\x87\x84\x41\x01x"

// frame returns an HTTP/2 frame.
func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))[1:]
	head = append(head, kind, flags)
	return string(binary.BigEndian.AppendUint32(head, stream)) + payload
}

// dialHTTP2 returns a connection for sending frames.
func dialHTTP2(t testing.TB, srv *imagestest.Server) *tls.Conn {
	transport := srv.HTTPClient().Transport.(*http.Transport)
	address, err := url.Parse(srv.URL())
	require.NoError(t, err)
	dial := transport.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	raw, err := dial(t.Context(), "tcp", address.Host)
	require.NoError(t, err)
	config := transport.TLSClientConfig.Clone()
	config.ServerName, config.NextProtos = address.Hostname(), []string{"h2"}
	return tls.Client(raw, config)
}

// TestFaultsAffectTheRightStream has headers in every form that clients may send.
func TestFaultsAffectTheRightStream(t *testing.T) {
	const headers, resetStream, continuation = 1, 3, 9
	const endStream, endHeaders, padded, priority = 1, 4, 8, 32
	for name, request := range map[string]string{
		"one frame":         frame(headers, endStream|endHeaders, 5, rootRequest),
		"padded":            frame(headers, endStream|endHeaders|padded, 5, "\x03"+rootRequest+"\x00\x00\x00"),
		"with a priority":   frame(headers, endStream|endHeaders|priority, 5, "\x00\x00\x00\x00\x10"+rootRequest),
		"padded with both":  frame(headers, endStream|endHeaders|padded|priority, 5, "\x02\x00\x00\x00\x00\x10"+rootRequest+"\x00\x00"),
		"many frames":       frame(headers, endStream, 5, rootRequest[:2]) + frame(continuation, 0, 5, "") + frame(continuation, endHeaders, 5, rootRequest[2:]),
		"an empty last one": frame(headers, endStream, 5, rootRequest) + frame(continuation, endHeaders, 5, ""),
		"with a trailer":    frame(headers, endHeaders, 5, rootRequest) + frame(headers, endStream|endHeaders, 5, "\x00\x01a\x01b"),
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, imagestest.WithHTTP2())
			srv.Inject(imagestest.Fault{Operation: imagestest.OpUnknown, Kind: imagestest.ResetStream{Code: 8}})
			conn := dialHTTP2(t, srv)
			defer conn.Close()
			_, err := io.WriteString(conn, preface+frame(4, 0, 0, "")+request)
			require.NoError(t, err)
			assert.Equal(t, frame(resetStream, 0, 5, "\x00\x00\x00\x08"), nextOfStream(t, conn, 5))
			assert.Empty(t, srv.Unused())
		})
	}
}

// nextOfStream returns the next frame of a stream.
func nextOfStream(t testing.TB, r io.Reader, stream uint32) string {
	for {
		head := make([]byte, 9)
		_, err := io.ReadFull(r, head)
		require.NoError(t, err)
		payload := make([]byte, binary.BigEndian.Uint32(append([]byte{0}, head[:3]...)))
		_, err = io.ReadFull(r, payload)
		require.NoError(t, err)
		if binary.BigEndian.Uint32(head[5:]) == stream {
			return string(head) + string(payload)
		}
	}
}

// FuzzFrames has clients that send arbitrary bytes: the server keeps running, and ends
// their requests when they disconnect.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(1, 5, 1, rootRequest)))
	f.Add([]byte(frame(1, 13, 1, "\xff")))
	f.Add([]byte(frame(1, 13, 1, "")))
	f.Add([]byte(frame(1, 1, 1, "") + frame(9, 4, 1, rootRequest) + frame(9, 4, 1, "")))
	f.Add([]byte(frame(1, 5, 1, rootRequest) + frame(3, 0, 1, "\x00\x00\x00\x08") + frame(1, 5, 3, rootRequest)))
	f.Add([]byte(frame(0, 0, 1, "x") + "\xff\xff\xff\x01\x04\x00\x00\x00\x09"))
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, imagestest.InMemory(), imagestest.WithHTTP2())
			srv.Inject(imagestest.Fault{Operation: imagestest.OpUnknown, Times: imagestest.Always, Kind: imagestest.GoAway{Unprocessed: true}})
			conn := dialHTTP2(t, srv)
			go io.Copy(io.Discard, conn)
			conn.Write(append([]byte(preface+frame(4, 0, 0, "")), data...)) // the server may close it before the end
			time.Sleep(time.Minute)
			conn.Close()
			assert.Equal(t, 200, list(t, srv, "").Status)
		})
	})
}
