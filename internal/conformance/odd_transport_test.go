package conformance_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// transportFunc is a transport of the caller's own.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// hooks returns the hooks that a transport calls.
func hooks(req *http.Request) *httptrace.ClientTrace {
	return httptrace.ContextClientTrace(req.Context())
}

// unclosable is a connection that must not be closed, as quic-go shows to hooks.
type unclosable struct{ net.Conn }

func (*unclosable) Close() error { panic("this connection must not be closed") }

// incomparable is a connection that cannot be a key of a map.
type incomparable struct {
	net.Conn
	tags []string
}

func TestOddConnectionsCauseNoPanic(t *testing.T) {
	for name, conn := range map[string]net.Conn{
		"Close panics":   &unclosable{},
		"not comparable": incomparable{tags: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				silent := false
				client := newClient(t, transportFunc(func(req *http.Request) (*http.Response, error) {
					hooks(req).GetConn("api.example:443")
					hooks(req).GotConn(httptrace.GotConnInfo{Conn: conn})
					if silent {
						<-req.Context().Done()
						return nil, req.Context().Err()
					}
					return canned.Response(200, canned.Image), nil
				}))
				for _, silent = range []bool{false, true, true, false} {
					_, err := client.ImagesV1.Get(t.Context(), "image")
					if silent {
						require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					} else {
						require.NoError(t, err)
					}
				}
			})
		})
	}
}

// TestLateHooksBlockNoOtherCall shows that a transport may call a hook, or send the
// request again, after it has returned.
func TestLateHooksBlockNoOtherCall(t *testing.T) {
	for name, late := range map[string]func(*http.Request){
		"asks for a connection": func(req *http.Request) { hooks(req).GetConn("api.example:443") },
		"revalidates, without a connection": func(req *http.Request) {
			transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("refused")
			}}
			_, _ = transport.RoundTrip(req.WithContext(context.WithoutCancel(req.Context())))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, transportFunc(func(req *http.Request) (*http.Response, error) {
					go func() {
						time.Sleep(time.Second)
						late(req)
					}()
					return canned.Response(200, canned.Image), nil
				}))
				for range 3 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					_, err := client.ImagesV1.Get(ctx, "image")
					cancel()
					require.NoError(t, err)
					time.Sleep(2 * time.Second)
				}
			})
		})
	}
}

// watchedConn is a connection that counts how often it is closed.
type watchedConn struct {
	net.Conn
	closed atomic.Int64
}

func (c *watchedConn) Close() error {
	c.closed.Add(1)
	return nil
}

// TestClientIsUsableAfterAPanicOfItsTransport shows that a call which panicked does
// not delay other calls, and does not close its connection later.
func TestClientIsUsableAfterAPanicOfItsTransport(t *testing.T) {
	for name, connected := range map[string]bool{"before a connection": false, "on a connection": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				panicked, conn := false, new(watchedConn)
				client := newClient(t, transportFunc(func(req *http.Request) (*http.Response, error) {
					hooks(req).GetConn("api.example:443")
					if connected {
						hooks(req).GotConn(httptrace.GotConnInfo{Conn: conn})
					}
					if !panicked {
						panicked = true
						panic("once")
					}
					return canned.Response(200, canned.Image), nil
				}))
				assert.PanicsWithValue(t, "once", func() { _, _ = client.ImagesV1.Get(t.Context(), "image") })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := client.ImagesV1.Get(ctx, "image")
				require.NoError(t, err)
				time.Sleep(time.Hour)
				assert.Zero(t, conn.closed.Load())
			})
		})
	}
}

// TestCreateOfATransportWithHalfTheHooksIsNotRepeated shows that a hook which was not
// called proves nothing once the body was read.
func TestCreateOfATransportWithHalfTheHooksIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		client := newClient(t, transportFunc(func(req *http.Request) (*http.Response, error) {
			requests++
			hooks(req).GetConn("api.example:443") // and no GotConn
			_, err := io.Copy(io.Discard, req.Body)
			assert.NoError(t, err)
			return nil, io.ErrUnexpectedEOF
		}), cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
		_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		assert.Equal(t, 1, requests)
	})
}

// switching responds to each connection with a 101, and then sends a byte each second.
func switching(_ context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		_, _ = server.Read(make([]byte, 4096))
		_, err := io.WriteString(server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		for range 600 {
			if err != nil {
				return
			}
			time.Sleep(time.Second)
			_, err = server.Write([]byte("x"))
		}
	}()
	return client, nil
}

func TestResponseOfAnotherProtocolEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, &http.Transport{DialContext: switching}, cfimages.WithBaseURL("http://127.0.0.1/client/v4"))
		start := time.Now()
		_, err := client.ImagesV1.Get(t.Context(), "image")
		var failed *cfimages.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, http.StatusSwitchingProtocols, failed.StatusCode)
		assert.Less(t, time.Since(start), time.Second)
		time.Sleep(2 * time.Second) // until the server has found the connection closed
	})
}

func TestResponseReturnedWithAnErrorIsClosed(t *testing.T) {
	var open atomic.Int64
	client := newClient(t, transportFunc(func(*http.Request) (*http.Response, error) {
		resp := canned.Response(200, canned.Image)
		open.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, open: &open}
		return resp, io.ErrUnexpectedEOF
	}))
	_, err := client.ImagesV1.Get(t.Context(), "image")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Zero(t, open.Load())
}

// undialed is a transport that cannot connect. It counts how often it must close its
// idle connections.
type undialed struct{ closed int }

func (u *undialed) CloseIdleConnections() { u.closed++ }

func (u *undialed) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
}

func TestDialTimeoutsLeaveIdleConnectionsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(undialed)
		uploader := cfimages.Uploader{HTTPClient: &http.Client{Transport: transport}}
		_, err := uploader.Upload(t.Context(), "https://upload.example/hash/img", cfimages.File{Body: strings.NewReader(canned.PNG)})
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Zero(t, transport.closed, "of an uploader")

		_, err = newClient(t, transport).ImagesV1.Get(t.Context(), "image")
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Zero(t, transport.closed, "of a client")
	})
}

// TestFallbackAfterALargeRejection shows that the batch host rejects a call even if the
// body of its response is too large to be read.
func TestFallbackAfterALargeRejection(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hosts := &twoHosts{life: time.Hour, onBatch: func(int, string) *http.Response {
					return canned.Response(status, strings.Repeat("x", 70<<10))
				}}
				get(t, hosts.client(t))
				assert.NotEmpty(t, hosts.batch)
				assert.Len(t, hosts.standard, 1)
			})
		})
	}
}
