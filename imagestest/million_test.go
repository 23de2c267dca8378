package imagestest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// BenchmarkPageOfAMillion lists 1000 of 1,000,000 images. It calls the handler directly to
// measure the store without the network.
func BenchmarkPageOfAMillion(b *testing.B) {
	srv := newServer(b, imagestest.InMemory())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	srv.Seed(1_000_000, func(i int) cfimages.Image {
		return cfimages.Image{
			Creator:  fmt.Sprint("user", i%100),
			Filename: fmt.Sprintf("image-%06d.png", i),
			Meta:     fmt.Appendf(nil, `{"status":"%s","priority":%d,"region":{"name":"eu-west"}}`, []string{"active", "done"}[i%2], i),
		}
	})
	runtime.GC()
	runtime.ReadMemStats(&after)
	stored := float64(after.HeapAlloc-before.HeapAlloc) / 1e6

	middle := list(b, srv, "per_page=10&sort_order=asc&meta.priority[gte]=500000")
	for _, bench := range []struct{ name, query string }{
		{"newest", "sort_order=desc"},
		{"oldest", "sort_order=asc"},
		{"middle", "sort_order=asc&meta.priority[gte]=500000&continuation_token=" + *middle.Result.ContinuationToken},
		{"creator", "creator=user7"},
		{"half match", "meta.status[eq:string]=active&sort_order=asc"},
		{"range", "meta.priority[gte]=990000&meta.priority[lt]=995000"},
		{"one of a million", "meta.priority[eq:number]=999999&sort_order=asc"},
		{"none", "meta.region.name[in]=us|asia"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			handler := srv.Handler()
			req := httptest.NewRequest("GET", accountURL(srv)+"/images/v2?"+bench.query, nil)
			req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
			for b.Loop() {
				w := discard{header: http.Header{}}
				handler.ServeHTTP(&w, req)
				require.Equal(b, 200, w.status)
			}
			b.ReportMetric(stored, "MB-stored")
		})
	}
}

// discard is a ResponseWriter that stores only the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
