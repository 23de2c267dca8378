package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// boundCases are responses that are too large, and connections that are kept.
func boundCases() []testCase {
	hundredTimes := func(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
		return func(ctx context.Context, f *fixture) error {
			for range 99 {
				if call(ctx, f) == nil {
					return fmt.Errorf("a success that was not to be")
				}
			}
			return call(ctx, f)
		}
	}
	tooLarge := targets(cfimages.ErrResponseTooLarge)
	largeHeader := imagestest.Refusal(200).With("X-Large", strings.Repeat("x", 2<<20))
	return []testCase{
		{
			name:   "a bomb for a read",
			faults: faults(on(imagestest.OpGet, imagestest.Bomb{Size: 512 << 20})),
			call:   doGet,
			want:   outcome{is: tooLarge, status: 200, attempts: 1, requests: 1},
		},
		{
			name:   "a bomb as an error",
			faults: faults(on(imagestest.OpList, imagestest.Bomb{Status: 403, Size: 512 << 20})),
			call:   doList,
			want:   outcome{is: append(tooLarge, cfimages.ErrForbidden), status: 403, attempts: 1, requests: 1},
		},
		{
			name:   "an error of 64 KiB",
			faults: faults(on(imagestest.OpGet, imagestest.Reply{Status: 400, Body: strings.Repeat("x", 64<<10)})),
			call:   doGet,
			want:   outcome{is: targets(cfimages.ErrBadRequest), status: 400, attempts: 1, requests: 1},
		},
		{
			name:   "an error of 64 KiB and a byte",
			faults: faults(on(imagestest.OpGet, imagestest.Reply{Status: 400, Body: strings.Repeat("x", 64<<10+1)})),
			call:   doGet,
			want:   outcome{is: append(tooLarge, cfimages.ErrBadRequest), status: 400, attempts: 1, requests: 1},
		},
		{
			name:   "headers of 2 MiB",
			faults: faults(on(imagestest.OpGet, largeHeader)),
			call:   doGet,
			want:   outcome{is: tooLarge, requests: 1},
			// net/http breaks the connection and does not say why, so the read is retried.
			overHTTP2: func(want *outcome) { *want = outcome{requests: 2, dials: 2, atMost: backoffs(1)} },
		},
		{
			name:      "headers of 2 MiB for a create",
			faults:    faults(on(imagestest.OpCreate, largeHeader)),
			call:      doCreate,
			want:      outcome{is: targets(cfimages.ErrResponseTooLarge, cfimages.ErrOutcomeUnknown), requests: 1},
			overHTTP2: func(want *outcome) { want.is = targets(cfimages.ErrOutcomeUnknown) },
		},
		{
			name:   "100 small errors in a row use one connection",
			faults: faults(on(imagestest.OpGet, imagestest.Refusal(404), times(50)), on(imagestest.OpGet, imagestest.EdgePage(403), call(50), times(50))),
			call:   hundredTimes(doGet),
			want:   outcome{is: targets(cfimages.ErrForbidden), status: 403, attempts: 1, requests: 100, dials: 1},
		},
		{
			name:   "100 failures that may pass use one connection",
			client: once(),
			faults: faults(on(imagestest.OpDelete, imagestest.EdgePage(503), times(100))),
			call:   hundredTimes(doDelete),
			want:   outcome{status: 503, attempts: 1, requests: 100, dials: 1},
		},
	}
}

// A bomb of half a gigabyte costs only what is read of it, far less than its size. The
// memory that the server needs to make it is counted, too.
func TestCompressedBombsAreCheap(t *testing.T) {
	for status, limit := range map[int]uint64{200: 32 << 20, 503: 4 << 20} {
		f := newFixture(t, http1, nil, once())
		f.server.Inject(on(imagestest.OpGet, imagestest.Bomb{Status: status, Size: 512 << 20}))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := doGet(t.Context(), f)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, cfimages.ErrResponseTooLarge)
		t.Log(after.TotalAlloc - before.TotalAlloc)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, limit, "bytes allocated at status %d", status)
		f.server.Close()
	}
}

// What a bomb makes the library allocate, freed or not, is within the promised heap.
func TestBombsAreCheap(t *testing.T) {
	const page = `{"success":true,"result":{"images":[`
	tests := []struct {
		name, start, part string
		status            int
		limit             uint64
	}{
		{"an error", "", "x", 502, 1 << 20},
		{"an error of errors", `{"success":false,"errors":[`, `{},`, 502, 1 << 20},
		{"a string", page + `{"id":"`, "x", 200, 80 << 20},
		{"images", page, `{"id":"a"},`, 200, 80 << 20},
		{"fields that nobody knows", page + `{`, `"x":1,`, 200, 80 << 20},
	}
	for _, tt := range tests {
		transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) {
			body := &endless{tt.start, tt.part, 512 << 20}
			return &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(body)}, nil
		})
		client := newClient(t, transport)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, cfimages.ErrResponseTooLarge, tt.name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, tt.limit, tt.name)
	}
}

// endless is a response of 512 MiB that repeats a part, as a few kilobytes of gzip can.
type endless struct {
	start, part string
	left        int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	if e.start == "" {
		e.start = strings.Repeat(e.part, 1000)
	}
	n := copy(p, e.start)
	e.start = e.start[n:]
	e.left -= n
	return n, nil
}

// A response of few bytes must not fill the memory with many small things.
func TestResponsesOfManyParts(t *testing.T) {
	many := func(part string) string { return strings.Repeat(part+",", 20_000) + part }
	for name, body := range map[string]string{
		"images":   `{"success":true,"result":{"images":[` + many(`{"id":"a"}`) + `]}}`,
		"variants": `{"success":true,"result":{"images":[{"id":"a","variants":[` + many(`""`) + `]}]}}`,
		"a value":  `{"success":true,"result":{"images":[{"id":"` + strings.Repeat("x", 5<<20) + `"}]}}`,
	} {
		_, err := newClient(t, canned.JSON(body)).ImagesV2.List(t.Context(), cfimages.ListParams{})
		assert.ErrorIs(t, err, cfimages.ErrResponseTooLarge, name)
	}
	_, err := newClient(t, canned.JSON(canned.Page(`"`+strings.Repeat("t", 2000)+`"`, "a"))).ImagesV2.List(t.Context(), cfimages.ListParams{})
	assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, "a token")
	_, err = newClient(t, canned.JSON(`{"success":false,"errors":[`+many(`{"code":1,"message":"m"}`)+`]}`)).ImagesV1.Get(t.Context(), "img")
	refused, ok := errors.AsType[*cfimages.Error](err)
	require.True(t, ok)
	assert.Len(t, refused.Errors, 100)
	assert.Contains(t, err.Error(), "and 95 more")
}
