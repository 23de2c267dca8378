package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cfimages/cfimages-go"
	v7option "github.com/cloudflare/cloudflare-go/v7/option"
)

// goroutines is the number of goroutines that request details concurrently.
const goroutines = 64

// production measures a page, details and an upload as in production: over HTTP/2,
// TLS and gzip.
func production(p plan, s *server) (*table, error) {
	pages, pageTable, err := productionPage(p, s)
	if err != nil {
		return nil, err
	}
	details, detailTable, err := productionDetails(p, s)
	if err != nil {
		return nil, err
	}
	uploads, uploadTable, err := productionUpload(p, s)
	if err != nil {
		return nil, err
	}
	plain := newPage().whole()
	packed, err := pack(plain)
	if err != nil {
		return nil, err
	}
	title := fmt.Sprintf("HTTP/2, TLS and gzip: one page of 1000 images, %.0f KB (%.0f KB compressed), details by %d goroutines, and an upload of 10 MB",
		float64(len(plain))/1e3, float64(len(packed))/1e3, goroutines)
	t := newTable(title, slices.Concat(pages, details, uploads), timeColumn, rateColumn, cpuColumn, bytesColumn, objectsColumn)
	t.figures = slices.Concat(pageTable.figures, detailTable.figures, uploadTable.figures)
	t.bars = append(pageTable.bars, detailTable.bars...)
	return t, nil
}

func productionPage(p plan, s *server) ([]result, table, error) {
	client, err := newClient(s.secure, cfimages.WithHTTPClient(s.secureClient()))
	if err != nil {
		return nil, table{}, err
	}
	raw := rawWalk(s.secureClient(), s.secure).named("page: raw read and unpack, discarded")
	all := allWalk("page: cfimages All", client)
	v7 := v7Walk(newV7(s.secure, v7option.WithHTTPClient(s.secureClient()))).named("page: cloudflare-go v7.9.0")
	j := job{
		contestants: []contestant{raw, listWalk(client).named("page: cfimages List"), all, v7},
		rounds:      p.rounds,
		repeat:      p.pick(50, 1),
		images:      imagesPerPage,
	}
	results, err := j.run()
	if err != nil {
		return nil, table{}, err
	}
	var t table
	wire, ours, theirs := find(results, raw), find(results, all), find(results, v7)
	t.atLeast("production page, v7 ÷ `All`", ratio(theirs.time, ours.time), 5, 8, "")
	t.atMost("production page, `All` ÷ raw", ratio(ours.time, wire.time), 2.0, 1.4, "")
	t.bars = []bar{timeBar("List a page over HTTP/2, TLS and gzip", ours, theirs)}
	return results, t, nil
}

// productionDetails compares calls per second: the inverse of a call's share of the time.
func productionDetails(p plan, s *server) ([]result, table, error) {
	client, err := newClient(s.secure, cfimages.WithHTTPClient(s.secureClient()))
	if err != nil {
		return nil, table{}, err
	}
	calls := p.pick(20_000, 2*goroutines)
	raw := rawGet(s.secureClient(), s.secure).concurrently(calls)
	get := ourGet(client).concurrently(calls)
	v7 := v7Get(newV7(s.secure, v7option.WithHTTPClient(s.secureClient()))).concurrently(calls)
	j := job{contestants: []contestant{raw, get, v7}, rounds: p.rounds, repeat: 1}
	results, err := j.run()
	if err != nil {
		return nil, table{}, err
	}
	for i := range results {
		results[i].sample = results[i].per(calls)
	}
	var t table
	wire, ours, theirs := find(results, raw), find(results, get), find(results, v7)
	t.atLeast("details by 64 goroutines, calls per second, ours ÷ raw", ratio(wire.time, ours.time), 0.8, 0.92, "")
	t.atLeast("details by 64 goroutines, calls per second, ours ÷ v7", ratio(theirs.time, ours.time), 1.4, 2, "")
	t.bars = []bar{rateBar(fmt.Sprintf("Get by %d goroutines over HTTP/2", goroutines), ours, theirs)}
	return results, t, nil
}

func productionUpload(p plan, s *server) ([]result, table, error) {
	name, err := newUploadFile()
	if err != nil {
		return nil, table{}, err
	}
	defer os.Remove(name)
	client, err := newClient(s.secure, cfimages.WithHTTPClient(s.secureClient()))
	if err != nil {
		return nil, table{}, err
	}
	raw := rawPost(s.secureClient(), s.secure+"/accounts/"+account+"/images/v1", name,
		func(f *os.File) io.Reader { return f }).named("upload: raw POST of the file")
	upload := ourUpload(client, name).named("upload: cfimages ImagesV1.Upload")
	v7 := v7Upload(newV7(s.secure, v7option.WithHTTPClient(s.secureClient())), name).named("upload: cloudflare-go v7.9.0")
	j := job{contestants: []contestant{raw, upload, v7}, rounds: p.rounds, repeat: p.pick(10, 1)}
	results, err := j.run()
	if err != nil {
		return nil, table{}, err
	}
	var t table
	t.atLeast("production upload of 10 MB, ours ÷ raw POST of the file (throughput)",
		ratio(find(results, raw).time, find(results, upload).time), 0.80, 0.90, "")
	return results, t, nil
}

// rawGet reads details and decodes nothing.
func rawGet(client *http.Client, base string) contestant {
	return contestant{name: "raw read and unpack, discarded", do: func(*probe) error {
		req, err := newGet(base)
		if err != nil {
			return err
		}
		_, err = exchange(client, req, func(body io.Reader) (int64, error) { return io.Copy(io.Discard, body) })
		return err
	}}
}

// concurrently returns a contestant that makes that many calls, by all goroutines together.
// c.do must not use its probe.
func (c contestant) concurrently(calls int) contestant {
	return contestant{name: "details: " + c.name, do: func(p *probe) error {
		var left atomic.Int64
		left.Store(int64(calls))
		errs := make([]error, goroutines)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				for errs[i] == nil && left.Add(-1) >= 0 {
					errs[i] = c.do(p)
				}
			})
		}
		group.Wait()
		return cmp.Or(errs...)
	}}
}
