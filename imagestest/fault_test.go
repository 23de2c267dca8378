package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// received is the result of one request.
type received struct {
	status int
	proto  string
	header http.Header
	body   string
	err    error // of the request or of reading its body
	took   time.Duration
}

// send sends a request on its own connection: net/http itself retries a GET that fails on a
// reused connection.
func send(srv *imagestest.Server, req *http.Request) received {
	srv.HTTPClient().CloseIdleConnections()
	start := time.Now()
	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		return received{err: err, took: time.Since(start)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return received{resp.StatusCode, resp.Proto, resp.Header, string(body), err, time.Since(start)}
}

// requestOf returns a request of an operation. It uses an image or variant with the ID a.
func requestOf(t testing.TB, srv *imagestest.Server, op imagestest.Operation) *http.Request {
	t.Helper()
	const json, form, options = "application/json", "multipart/form-data; boundary=b", `"options":{"fit":"pad","width":1,"height":2,"metadata":"keep"}`
	field := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + value + "\r\n--b--\r\n"
	}
	requests := map[imagestest.Operation]struct{ method, path, contentType, body string }{
		imagestest.OpList:          {"GET", "v2", "", ""},
		imagestest.OpCreate:        {"POST", "v2/direct_upload", form, field("id", "new")},
		imagestest.OpGet:           {"GET", "v1/a", "", ""},
		imagestest.OpBlob:          {"GET", "v1/a/blob", "", ""},
		imagestest.OpUpdate:        {"PATCH", "v1/a", json, `{"creator":"b"}`},
		imagestest.OpDelete:        {"DELETE", "v1/a", "", ""},
		imagestest.OpUploadImage:   {"POST", "v1", form, field("file; filename=b.png", png)},
		imagestest.OpStats:         {"GET", "v1/stats", "", ""},
		imagestest.OpBatchToken:    {"GET", "v1/batch_token", "", ""},
		imagestest.OpListKeys:      {"GET", "v1/keys", "", ""},
		imagestest.OpCreateKey:     {"PUT", "v1/keys/new", "", ""},
		imagestest.OpDeleteKey:     {"DELETE", "v1/keys/default", "", ""},
		imagestest.OpListVariants:  {"GET", "v1/variants", "", ""},
		imagestest.OpGetVariant:    {"GET", "v1/variants/a", "", ""},
		imagestest.OpCreateVariant: {"POST", "v1/variants", json, `{"id":"new",` + options + `}`},
		imagestest.OpUpdateVariant: {"PATCH", "v1/variants/a", json, `{` + options + `}`},
		imagestest.OpDeleteVariant: {"DELETE", "v1/variants/a", "", ""},
		imagestest.OpConfigure:     {"PATCH", "v1/config", json, `{"flexible_variants":true}`},
	}
	if op == imagestest.OpDeliver {
		return newRequest(t, "GET", srv.Images()[0].Variants[0], nil)
	}
	r, ok := requests[op]
	require.True(t, ok, "no request of %s", op)
	req := newRequest(t, r.method, accountURL(srv)+"/images/"+r.path, strings.NewReader(r.body), "Authorization", "Bearer "+imagestest.APIToken)
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	return req
}

func TestFaultKinds(t *testing.T) {
	const page = 1 << 30 // a position after the whole of any response
	tests := []struct {
		name  string
		fault imagestest.Fault
		check func(t *testing.T, got, whole received)
	}{
		{"refusal", imagestest.Fault{Kind: imagestest.Refusal(503)}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 503, got.status)
			assert.JSONEq(t, `{"errors":[{"code":5999,"message":"Injected fault"}],"messages":[],"result":null,"success":false}`, got.body)
			assert.NotEmpty(t, got.header.Get("Cf-Ray"))
		}},
		{"429 with headers", imagestest.Fault{Kind: imagestest.Refusal(429).With("Retry-After", "7").With("Ratelimit", `"a";r=0;t=7`)}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 429, got.status)
			assert.Equal(t, "7", got.header.Get("Retry-After"))
			assert.Equal(t, `"a";r=0;t=7`, got.header.Get("Ratelimit"))
		}},
		{"edge page", imagestest.Fault{Kind: imagestest.EdgePage(502)}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 502, got.status)
			assert.Equal(t, "text/html; charset=UTF-8", got.header.Get("Content-Type"))
			assert.Contains(t, got.body, "<title>502 Bad Gateway</title>")
		}},
		{"any response", imagestest.Fault{Kind: imagestest.Reply{Body: `{"success":`}}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 200, got.status)
			assert.Equal(t, `{"success":`, got.body)
		}},
		{"bomb", imagestest.Fault{Kind: imagestest.Bomb{Size: 1<<20 + 3}}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 200, got.status)
			assert.Len(t, got.body, 1<<20+3)
			assert.True(t, strings.HasPrefix(got.body, `{"errors":[],"messages":[],"result":{"id":"xxx`))
			assert.True(t, strings.HasSuffix(got.body, `xxx"},"success":true}`))
		}},
		{"smallest bomb", imagestest.Fault{Kind: imagestest.Bomb{Status: 400, Size: 61}}, func(t *testing.T, got, _ received) {
			assert.Equal(t, 400, got.status)
			assert.Equal(t, `{"errors":[],"messages":[],"result":{"id":""},"success":true}`, got.body)
		}},
		{"reset", imagestest.Fault{Kind: imagestest.Reset{}}, func(t *testing.T, got, whole received) {
			isLost(t, got, whole, syscall.ECONNRESET)
		}},
		{"reset in mid body", imagestest.Fault{At: imagestest.MidBody(10), Kind: imagestest.Reset{}}, func(t *testing.T, got, whole received) {
			isLost(t, got, whole, syscall.ECONNRESET)
			assert.Equal(t, whole.body[:10], got.body)
		}},
		{"reset after the body", imagestest.Fault{At: imagestest.MidBody(page), Kind: imagestest.Reset{}}, isWhole},
		{"cut without a response", imagestest.Fault{At: imagestest.AfterRead, Kind: imagestest.Cut{}}, func(t *testing.T, got, whole received) {
			isLost(t, got, whole, io.EOF)
		}},
		{"cut", imagestest.Fault{At: imagestest.MidBody(10), Kind: imagestest.Cut{}}, func(t *testing.T, got, whole received) {
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			assert.Equal(t, whole.header["Content-Length"], got.header["Content-Length"])
			assert.Equal(t, whole.body[:10], got.body)
		}},
		{"cut before the first byte", imagestest.Fault{At: imagestest.MidBody(0), Kind: imagestest.Cut{}}, func(t *testing.T, got, _ received) {
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			assert.Equal(t, 200, got.status)
			assert.Empty(t, got.body)
		}},
		{"cut chunks", imagestest.Fault{At: imagestest.MidBody(10), Kind: imagestest.Cut{Chunked: true}}, func(t *testing.T, got, whole received) {
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			assert.NotContains(t, got.header, "Content-Length")
			assert.Equal(t, whole.body[:10], got.body)
		}},
		{"chunks without the last", imagestest.Fault{At: imagestest.MidBody(page), Kind: imagestest.Cut{Chunked: true}}, func(t *testing.T, got, whole received) {
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			assert.Equal(t, whole.body, got.body)
		}},
		{"length too large", imagestest.Fault{Kind: imagestest.WrongLength{By: 5}}, func(t *testing.T, got, whole received) {
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			assert.Equal(t, fmt.Sprint(len(whole.body)+5), got.header.Get("Content-Length"))
			assert.Equal(t, whole.body, got.body)
		}},
		{"length too small", imagestest.Fault{Kind: imagestest.WrongLength{By: -5}}, func(t *testing.T, got, whole received) {
			require.NoError(t, got.err)
			assert.Equal(t, whole.body[:len(whole.body)-5], got.body)
		}},
		{"slow", imagestest.Fault{At: imagestest.MidBody(80), Kind: imagestest.Slow{Every: 200 * time.Microsecond}}, func(t *testing.T, got, whole received) {
			isWhole(t, got, whole)
			assert.GreaterOrEqual(t, got.took, time.Duration(len(whole.body)-80)*200*time.Microsecond)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onEveryNetwork(t, func(t *testing.T, srv *imagestest.Server) {
				srv.AddImages(cfimages.Image{ID: "a", Uploaded: noon})
				for _, op := range []imagestest.Operation{imagestest.OpGet, imagestest.OpDeliver} {
					whole := send(srv, requestOf(t, srv, op))
					tt.fault.Operation = op
					srv.Inject(tt.fault)
					tt.check(t, send(srv, requestOf(t, srv, op)), whole)
				}
			})
		})
	}
}

// isLost reports whether an error means a lost connection. Over HTTP/2, net/http mostly
// returns an unexpected EOF.
func isLost(t *testing.T, got, whole received, overHTTP1 error) {
	if whole.proto == "HTTP/2.0" && errors.Is(got.err, io.ErrUnexpectedEOF) {
		return
	}
	assert.ErrorIs(t, got.err, overHTTP1)
}

func isWhole(t *testing.T, got, whole received) {
	require.NoError(t, got.err)
	assert.Equal(t, whole.body, got.body)
}

func TestFaultPositions(t *testing.T) {
	kinds := []imagestest.Kind{imagestest.Reset{}, imagestest.Cut{}, imagestest.Refusal(500), imagestest.Bomb{Size: 100}}
	for at, done := range map[imagestest.Position]bool{
		imagestest.BeforeRead: false, imagestest.AfterRead: false, imagestest.AfterCommit: true, imagestest.MidBody(3): true,
	} {
		for i, kind := range kinds {
			if at == imagestest.MidBody(3) && i > 1 {
				continue
			}
			t.Run(fmt.Sprintf("%v %T", at, kind), func(t *testing.T) {
				onEveryNetwork(t, func(t *testing.T, srv *imagestest.Server) {
					srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: at, Kind: kind})
					got := send(srv, requestOf(t, srv, imagestest.OpCreate))
					assert.Equal(t, i < 2, got.err != nil)
					assert.Equal(t, done, len(srv.Images()) == 1)
					require.Len(t, srv.Requests(), 1, "on record before the client can know")
					assert.Equal(t, got.status, srv.Requests()[0].Status)
					assert.False(t, srv.Requests()[0].Time.IsZero())
					if !done {
						assert.Equal(t, 200, send(srv, requestOf(t, srv, imagestest.OpCreate)).status)
					}
				})
			})
		}
	}
}

func TestBodiesAreReadOrNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory())
		defer srv.Close()
		srv.Inject(
			imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.BeforeRead, Kind: imagestest.Reset{}},
			imagestest.Fault{Operation: imagestest.OpCreate, At: imagestest.AfterRead, Call: 1, Kind: imagestest.Reset{}},
		)
		for i, read := range []time.Duration{0, time.Second} {
			start := time.Now()
			body, feed := io.Pipe()
			go func() {
				io.WriteString(feed, "--b--\r\n")
				time.Sleep(time.Second)
				feed.Close()
			}()
			req := requestOf(t, srv, imagestest.OpCreate)
			req.Body, req.ContentLength, req.GetBody = body, -1, nil
			assert.Error(t, send(srv, req).err)
			assert.Equal(t, read, srv.Requests()[i].Time.Sub(start))
		}
	})
}

func TestStallEndsWhenTheClientDisconnects(t *testing.T) {
	for _, at := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterRead, imagestest.AfterCommit, imagestest.MidBody(0), imagestest.MidBody(10)} {
		networks := inMemory
		if at == imagestest.MidBody(10) {
			networks = onEveryNetwork
		}
		t.Run(at.String(), func(t *testing.T) {
			networks(t, func(t *testing.T, srv *imagestest.Server) {
				srv.AddImages(cfimages.Image{ID: "a"})
				srv.Inject(imagestest.Fault{Operation: imagestest.OpGet, At: at, Kind: imagestest.Stall{}})
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				got := send(srv, requestOf(t, srv, imagestest.OpGet).WithContext(ctx))
				require.ErrorIs(t, got.err, context.DeadlineExceeded)
				assert.Equal(t, at >= imagestest.MidBody(0), got.status == 200)
				assert.Equal(t, at == imagestest.MidBody(10), len(got.body) == 10)
				assert.Equal(t, 200, send(srv, requestOf(t, srv, imagestest.OpGet)).status)
			})
		})
	}
}

func TestStallEndsWhenTheServerCloses(t *testing.T) {
	for _, at := range []imagestest.Position{imagestest.BeforeRead, imagestest.AfterCommit, imagestest.MidBody(10)} {
		synctest.Test(t, func(t *testing.T) {
			srv := imagestest.NewServer(imagestest.InMemory())
			srv.Inject(imagestest.Fault{Operation: imagestest.OpCreate, At: at, Kind: imagestest.Stall{}})
			result := make(chan received)
			request := requestOf(t, srv, imagestest.OpCreate)
			go func() { result <- send(srv, request) }()
			time.Sleep(time.Hour)
			srv.Close()
			got := <-result
			assert.Error(t, got.err)
			assert.Equal(t, time.Hour, got.took)
		})
	}
}

func TestSlowIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := imagestest.NewServer(imagestest.InMemory())
		defer srv.Close()
		srv.Inject(
			imagestest.Fault{Operation: imagestest.OpDelete, Kind: imagestest.Slow{Every: time.Minute}},
			imagestest.Fault{Operation: imagestest.OpDelete, Call: 1, At: imagestest.MidBody(40), Kind: imagestest.Slow{Every: time.Minute}},
		)
		whole := send(srv, requestOf(t, srv, imagestest.OpDelete))
		assert.Equal(t, time.Duration(len(whole.body))*time.Minute, whole.took)
		part := send(srv, requestOf(t, srv, imagestest.OpDelete))
		assert.Equal(t, time.Duration(len(whole.body)-40)*time.Minute, part.took)
		assert.Equal(t, whole.body, part.body)
	})
}
