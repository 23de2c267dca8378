package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

const (
	pageSize = 1000
	maxHeap  = 8 << 20 // over that at the start
)

// endless is an account that makes its pages as they are asked for, and looks at
// the heap then.
type endless struct {
	pages int
	heap  uint64 // live, at most
}

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	first, _ := strconv.Atoi(r.URL.Query().Get("continuation_token"))
	if e.pages++; e.pages%100 == 0 {
		e.heap = max(e.heap, liveHeap())
	}
	body, w := io.Pipe()
	go func() { w.CloseWithError(writePage(w, first)) }()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
}

func writePage(w io.Writer, first int) error {
	buf := bufio.NewWriterSize(w, 32<<10)
	token := "null"
	if first+pageSize < accountSize {
		token = strconv.Quote(strconv.Itoa(first + pageSize))
	}
	fmt.Fprintf(buf, `{"success":true,"errors":[],"messages":[],"result":{"continuation_token":%s,"images":[`, token)
	for i := range pageSize {
		if i > 0 {
			buf.WriteByte(',')
		}
		fmt.Fprintf(buf, `{"id":"%07d","uploaded":"2026-01-01T09:00:00Z","meta":{"n":%d},"variants":["https://imagedelivery.net/hash/%07d/public"]}`, first+i, first+i, first+i)
	}
	buf.WriteString("]}}")
	return buf.Flush()
}

func liveHeap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestMemoryIsConstant(t *testing.T) {
	account := new(endless)
	opts := &options{out: filepath.Join(t.TempDir(), "images.jsonl"), workers: 1}
	client, err := cfimages.NewClient(append(clientOptions(opts), cfimages.WithAccountID("million"), cfimages.WithAPIToken("token"),
		cfimages.WithHTTPClient(&http.Client{Transport: account}))...)
	require.NoError(t, err)
	before := liveHeap()
	var out bytes.Buffer
	require.NoError(t, export(t.Context(), &connection{client: client}, opts, &out, io.Discard))
	assert.Equal(t, accountSize/pageSize, account.pages)
	require.NotZero(t, account.heap)
	assert.Less(t, account.heap, before+maxHeap)
	assert.True(t, strings.HasPrefix(out.String(), strconv.Itoa(accountSize)+" images"), out.String())

	file, err := os.Open(opts.out)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	for i := range accountSize {
		require.True(t, lines.Scan())
		if want := fmt.Sprintf(`{"id":"%07d",`, i); !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("line %d is %s", i+1, lines.Text())
		}
	}
	assert.False(t, lines.Scan())
}
