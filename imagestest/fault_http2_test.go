package imagestest_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const afterLastByte = imagestest.Position(1 << 30) // of any response

var positions = []imagestest.Position{
	imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit,
	imagestest.MidBody(0), imagestest.MidBody(10), afterLastByte,
}

// onEveryPosition applies a fault to a creation at every valid position over HTTP/2. It
// sends a list request with the same client before and after.
func onEveryPosition(t *testing.T, last imagestest.Position, kind imagestest.Kind, check func(t *testing.T, srv *imagestest.Server, at imagestest.Position, got received)) {
	for _, at := range positions {
		if at > last {
			continue
		}
		t.Run(at.String(), func(t *testing.T) {
			overHTTP2(t, func(t *testing.T, srv *imagestest.Server) {
				list(t, srv, "")
				srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: at, Kind: kind})
				req := requestOf(t, srv, imagestest.OpCreate)
				req.GetBody = nil // so that net/http does not retry it
				got := sendOn(srv.HTTPClient(), req)
				assert.Equal(t, at >= imagestest.MidBody(0) && got.err != nil, got.err != nil && got.status != 0)
				check(t, srv, at, got)
				assert.Equal(t, 200, list(t, srv, "").Status)
			})
		})
	}
}

// sendOn is send on existing connections.
func sendOn(client *http.Client, req *http.Request) received {
	resp, err := client.Do(req)
	if err != nil {
		return received{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return received{status: resp.StatusCode, proto: resp.Proto, header: resp.Header, body: string(body), err: err}
}

func TestGoAwayGraceful(t *testing.T) {
	for _, code := range []uint32{0, 11} {
		onEveryPosition(t, afterLastByte, imagestest.GoAway{Code: code}, func(t *testing.T, srv *imagestest.Server, _ imagestest.Position, got received) {
			require.NoError(t, got.err)
			assert.Equal(t, 200, got.status)
			assert.Len(t, srv.Images(), 1)
			require.Len(t, srv.Requests(), 2)
			assert.Equal(t, 200, srv.Requests()[1].Status)
			list(t, srv, "")
			assert.Greater(t, srv.Connections(), 1, "the first takes no more requests")
		})
	}
}

func TestGoAwayAndClose(t *testing.T) {
	for code, says := range map[uint32]string{0: "", 2: "INTERNAL_ERROR", 11: "ENHANCE_YOUR_CALM"} {
		onEveryPosition(t, afterLastByte, imagestest.GoAway{Code: code, Close: true}, func(t *testing.T, srv *imagestest.Server, at imagestest.Position, got received) {
			if at == afterLastByte {
				require.NoError(t, got.err)
			} else {
				require.Error(t, got.err)
				assert.ErrorContains(t, got.err, says)
			}
			assert.Equal(t, at == imagestest.MidBody(10), len(got.body) == 10)
			assert.Equal(t, at >= imagestest.AfterCommit, len(srv.Images()) == 1)
			list(t, srv, "")
			assert.Greater(t, srv.Connections(), 1)
		})
	}
}

func TestGoAwayUnprocessed(t *testing.T) {
	for _, closed := range []bool{false, true} {
		kind := imagestest.GoAway{Unprocessed: true, Close: closed}
		onEveryPosition(t, imagestest.AfterRead, kind, func(t *testing.T, srv *imagestest.Server, _ imagestest.Position, got received) {
			require.ErrorContains(t, got.err, "GOAWAY")
			assert.Empty(t, srv.Images())
			require.Len(t, srv.Requests(), 2)
			assert.Zero(t, srv.Requests()[1].Status)
			list(t, srv, "")
			assert.Greater(t, srv.Connections(), 1)

			srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, Kind: kind})
			again := sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpCreate))
			require.NoError(t, again.err, "net/http retries what is proven unprocessed")
			assert.Equal(t, 200, again.status)
			assert.Len(t, srv.Images(), 1)
		})
	}
}

// TestGoAwayKeepsProcessedRequests has many requests in progress when a GOAWAY announces
// that one of them and all later ones were not processed.
func TestGoAwayKeepsProcessedRequests(t *testing.T) {
	for _, at := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead} {
		for _, call := range []int{0, 5, 15} {
			synctest.Test(t, func(t *testing.T) {
				srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
				defer srv.Close()
				srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, Call: call, At: at, Kind: imagestest.GoAway{Unprocessed: true}})
				var calls sync.WaitGroup
				for range 20 {
					calls.Go(func() { assert.Equal(t, 200, create(t, srv).Status) })
				}
				calls.Wait()
				assert.Len(t, srv.Images(), 20, "each was done once")
				assert.Empty(t, srv.Unused())
			})
		}
	}
}

// slowly returns a creation whose body is sent slowly.
func slowly(t *testing.T, srv *imagestest.Server, d time.Duration) *http.Request {
	req := requestOf(t, srv, imagestest.OpCreate)
	whole := req.Body
	body, feed := io.Pipe()
	time.AfterFunc(d, func() {
		io.Copy(feed, whole)
		feed.Close()
	})
	req.Body, req.GetBody, req.ContentLength = body, nil, -1
	return req
}

func TestGoAwayAmongOtherRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others func(t *testing.T, srv *imagestest.Server)
		says   string
		images int
	}{
		{"a later one is done", func(t *testing.T, srv *imagestest.Server) {
			assert.Equal(t, 200, create(t, srv).Status)
		}, "REFUSED_STREAM", 1},
		{"a later one is under way", func(t *testing.T, srv *imagestest.Server) {
			assert.ErrorContains(t, sendOn(srv.HTTPClient(), slowly(t, srv, time.Hour)).err, "GOAWAY")
		}, "GOAWAY", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, imagestest.InMemory(), imagestest.WithHTTP2())
				srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterRead, Kind: imagestest.GoAway{Unprocessed: true}})
				req := slowly(t, srv, time.Minute)
				var affected sync.WaitGroup
				affected.Go(func() { assert.ErrorContains(t, sendOn(srv.HTTPClient(), req).err, tt.says) })
				synctest.Wait()
				tt.others(t, srv)
				affected.Wait()
				time.Sleep(2 * time.Hour)
				assert.Len(t, srv.Images(), tt.images)
				assert.Equal(t, 200, list(t, srv, "").Status)
				assert.Equal(t, 2, srv.Connections())
			})
		})
	}
}

func TestResetStream(t *testing.T) {
	for code, says := range map[uint32]string{0: "NO_ERROR", 1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 8: "CANCEL", 11: "ENHANCE_YOUR_CALM", 77: "0x4d"} {
		onEveryPosition(t, afterLastByte, imagestest.ResetStream{Code: code}, func(t *testing.T, srv *imagestest.Server, at imagestest.Position, got received) {
			require.ErrorContains(t, got.err, says)
			assert.Equal(t, at == imagestest.MidBody(10), len(got.body) == 10)
			assert.Equal(t, at >= imagestest.AfterCommit, len(srv.Images()) == 1)
			list(t, srv, "")
			if code != 1 { // after which net/http takes a new one
				assert.Equal(t, 1, srv.Connections(), "the connection is not affected")
			}
		})
	}
}

func TestResetStreamWithRefusedStream(t *testing.T) {
	kind := imagestest.ResetStream{Code: 7}
	onEveryPosition(t, imagestest.AfterRead, kind, func(t *testing.T, srv *imagestest.Server, _ imagestest.Position, got received) {
		require.ErrorContains(t, got.err, "REFUSED_STREAM")
		assert.Empty(t, srv.Images())
		srv.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: kind})
		assert.Equal(t, 200, list(t, srv, "").Status, "net/http retries what is proven unprocessed")
		assert.Equal(t, 1, srv.Connections())
	})
}

func TestConnectionFaultsAffectAllRequests(t *testing.T) {
	for _, kind := range []imagestest.Kind{imagestest.Cut{}, imagestest.Reset{}, imagestest.GoAway{Code: 2, Close: true}} {
		t.Run(fmt.Sprintf("%T", kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := imagestest.NewServer(imagestest.InMemory(), imagestest.WithHTTP2())
				defer srv.Close()
				srv.AddImages(cfimages.Image{ID: "a"})
				srv.Inject(
					imagestest.Fault{Operation: imagestest.OpGet, At: imagestest.MidBody(5), Kind: imagestest.Slow{Every: time.Second}},
					imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterCommit, Kind: kind},
				)
				var other received
				var calls sync.WaitGroup
				calls.Go(func() { other = sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpGet)) })
				time.Sleep(3500 * time.Millisecond)
				assert.Error(t, sendOn(srv.HTTPClient(), requestOf(t, srv, imagestest.OpCreate)).err)
				calls.Wait()
				assert.Error(t, other.err)
				assert.Len(t, other.body, 8)
				assert.Equal(t, 200, list(t, srv, "").Status)
				assert.Equal(t, 2, srv.Connections())
			})
		})
	}
}
