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
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

const (
	pageSize = 5000
	maxHeap  = 8 << 20 // growth since the start
)

// bigAccount is a transport that generates the page of each request and measures
// the heap at every fifth page.
type bigAccount struct {
	pages int
	heap  uint64 // maximum of the live heap
}

func (e *bigAccount) RoundTrip(r *http.Request) (*http.Response, error) {
	first, _ := strconv.Atoi(r.URL.Query().Get("continuation_token"))
	if e.pages++; e.pages%5 == 0 {
		e.heap = max(e.heap, liveHeap())
	}
	body := io.NopCloser(bytes.NewReader(page(first)))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
}

func page(first int) []byte {
	token := "null"
	if first+pageSize < accountSize {
		token = strconv.Quote(strconv.Itoa(first + pageSize))
	}
	text := make([]byte, 0, 160*pageSize)
	text = fmt.Appendf(text, `{"success":true,"errors":[],"messages":[],"result":{"continuation_token":%s,"images":[`, token)
	for i := range pageSize {
		if i > 0 {
			text = append(text, ',')
		}
		id := imageID(first + i)
		text = append(append(text, `{"id":"`...), id...)
		text = append(append(text, `","uploaded":"2026-01-01T09:00:00Z","meta":{"n":1},"variants":["https://imagedelivery.net/hash/`...), id...)
		text = append(text, `/public"]}`...)
	}
	return append(text, "]}}"...)
}

func imageID(n int) string { return strconv.Itoa(10_000_000 + n) }

func liveHeap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestMemoryIsConstant(t *testing.T) {
	account := new(bigAccount)
	opts := &options{params: cfimages.ListParams{PerPage: pageSize}, out: filepath.Join(t.TempDir(), "images.jsonl"), workers: 1}
	client, err := cfimages.NewClient(append(clientOptions(opts), cfimages.WithAccountID("million"), cfimages.WithAPIToken("token"),
		cfimages.WithHTTPClient(&http.Client{Transport: account}))...)
	require.NoError(t, err)
	before := liveHeap()
	var out bytes.Buffer
	require.NoError(t, export(t.Context(), &connection{Account: &program.Account{Client: client}}, opts, &out, io.Discard))
	assert.Equal(t, accountSize/pageSize, account.pages)
	require.NotZero(t, account.heap)
	assert.Less(t, account.heap, before+maxHeap)
	assert.True(t, strings.HasPrefix(out.String(), "exported "+strconv.Itoa(accountSize)+" images"), out.String())

	file, err := os.Open(opts.out)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	for i := range accountSize {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), `{"id":"`+imageID(i)+`",`) {
			t.Fatalf("line %d is %q", i+1, lines.Text())
		}
	}
	assert.False(t, lines.Scan())
}
