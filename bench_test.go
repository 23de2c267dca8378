package cfimages_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// largePage is a page of n images like those of the API reference, 544 bytes each.
func largePage(n int) []byte {
	var page bytes.Buffer
	page.WriteString(`{"errors":[],"messages":[],"result":{"continuation_token":null,"images":[`)
	for i := range n {
		if i > 0 {
			page.WriteByte(',')
		}
		id := fmt.Sprintf("107b9558-dd06-4bbd-5fef-%012x", i)
		fmt.Fprintf(&page, `{"id":%q,"creator":"user-%06d","filename":"holiday-%06d.png","meta":{"status":"active","priority":%d,"region":{"name":"eu-west"}},`+
			`"requireSignedURLs":false,"uploaded":"2026-11-02T02:20:%02d.123Z","variants":[`, id, i%1000, i, i%10, i%60)
		for j, variant := range []string{"thumbnail", "hero", "original"} {
			if j > 0 {
				page.WriteByte(',')
			}
			fmt.Fprintf(&page, `"https://imagedelivery.net/MTt4OTd0b0w5aj/%s/%s"`, id, variant)
		}
		page.WriteString(`]}`)
	}
	page.WriteString(`]},"success":true}`)
	return page.Bytes()
}

// BenchmarkPage is one page of 1000 images end to end over loopback, compared to the
// same bytes read and discarded.
func BenchmarkPage(b *testing.B) {
	body := largePage(1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	}))
	defer server.Close()
	client, err := cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithAPIToken("token"), cfimages.WithBaseURL(server.URL))
	require.NoError(b, err)

	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			resp, err := http.Get(server.URL)
			require.NoError(b, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(b, err)
			resp.Body.Close()
		}
	})
	b.Run("List", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			page, err := client.ImagesV2.List(b.Context(), cfimages.ListParams{})
			require.NoError(b, err)
			require.Len(b, page.Images, 1000)
		}
	})
	b.Run("All", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			n := 0
			for _, err := range client.ImagesV2.All(b.Context(), cfimages.ListParams{}) {
				require.NoError(b, err)
				n++
			}
			require.Equal(b, 1000, n)
		}
	})
}

// BenchmarkCall is the overhead of a whole call, on a transport that responds at once.
func BenchmarkCall(b *testing.B) {
	client := newClient(b, stub(canned.Image))
	b.ReportAllocs()
	for b.Loop() {
		_, err := client.ImagesV1.Get(b.Context(), "img")
		require.NoError(b, err)
	}
}

// BenchmarkManyGoroutines is 10,000 goroutines on one client. For a million calls:
//
//	go test -run '^$' -bench ManyGoroutines -benchtime 1000000x .
func BenchmarkManyGoroutines(b *testing.B) {
	const goroutines = 10_000
	server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(1<<30, time.Hour))
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "img"})
	transport := server.HTTPClient().Transport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 100
	defer transport.CloseIdleConnections()
	client := server.Client(cfimages.WithHTTPClient(&http.Client{Transport: transport}))
	b.ReportAllocs()
	var calls atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for calls.Add(1) <= int64(b.N) {
				img, err := client.ImagesV1.Get(b.Context(), "img")
				if err != nil || img.ID != "img" {
					b.Errorf("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := server.Count(imagestest.OpGet); n != b.N {
		b.Errorf("%d calls, %d requests served", b.N, n)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapSys)/(1<<20), "MiB-heap")
}

type stub string

func (s stub) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(s)))}, nil
}
