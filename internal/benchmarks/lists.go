package main

import (
	"fmt"

	"github.com/cfimages/cfimages-go"
)

// onePage is a page end to end over loopback.
func onePage(p plan, s *server) (*table, error) {
	base := s.walk(1)
	client, err := newClient(base)
	if err != nil {
		return nil, err
	}
	raw, all, v7 := rawWalk(newHTTPClient(), base), allWalk("cfimages All", client), v7Walk(newV7(base))
	j := job{
		contestants: []contestant{raw, jsonWalk(base), listWalk(client), all, v7, v0Decode(base)},
		rounds:      p.rounds,
		repeat:      p.pick(20, 1),
		images:      imagesPerPage,
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	t := newTable("One page of 1000 images, 544 KB", results, timeColumn, cpuColumn, bytesColumn, objectsColumn)
	wire, ours, theirs := find(results, raw), find(results, all), find(results, v7)
	t.atLeast("one page, cloudflare-go v7 ÷ `All`", ratio(theirs.time, ours.time), 6, 8, "")
	t.atMost("one page, `All` ÷ raw read discarded", ratio(ours.time, wire.time), 10, 6, "")
	t.atLeast("bytes allocated for a page, v7 ÷ `All`", ratio(theirs.bytes, ours.bytes), 18, 22, "")
	t.atMost("objects allocated for a page", ours.objects, 7500, 4500, "")
	t.bars = []bar{
		timeBar("List a page of 1000 images", ours, theirs),
		memoryBar("List a page: bytes allocated", ours, theirs),
	}
	return t, nil
}

// tenPages is a walk where latency rules.
func tenPages(p plan, s *server) (*table, error) {
	pages := p.pick(10, 3)
	base := s.farWalk(pages)
	client, err := newClient(base)
	if err != nil {
		return nil, err
	}
	patient, err := newClient(base, cfimages.WithPrefetch(false))
	if err != nil {
		return nil, err
	}
	all := allWalk("cfimages All", client)
	j := job{
		contestants: []contestant{
			rawWalk(newHTTPClient(), base), jsonWalk(base), listWalk(client),
			allWalk("cfimages All, WithPrefetch(false)", patient), all, v7Walk(newV7(base)),
		},
		rounds: p.rounds,
		repeat: 1,
		images: pages * imagesPerPage,
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	head, tail := newPage().withToken(1)
	least := bound(pages, len(head)+len(tail))
	title := fmt.Sprintf("%d pages, %v away, %d MB/s: bound %s", pages, latency, bytesPerSec/1_000_000, duration(least))
	t := newTable(title, results, firstColumn, timeColumn, cpuColumn)
	ours := find(results, all)
	t.atMost("ten pages at 50 ms, ours ÷ bound", ratio(ours.time, least), 1.08, 1.04, "")
	t.atMost("time to first image at 50 ms ÷ one round trip", ratio(ours.first, latency), 1.10, 1.05, "")
	return t, nil
}

// millionImages is a walk where memory rules.
func millionImages(p plan, s *server) (*table, error) {
	pages := p.pick(1000, 20)
	base := s.walk(pages)
	client, err := newClient(base)
	if err != nil {
		return nil, err
	}
	all := allWalk("cfimages All", client)
	images := pages * imagesPerPage
	j := job{
		contestants: []contestant{rawWalk(newHTTPClient(), base), jsonWalk(base), all, v7Walk(newV7(base))},
		rounds:      1,
		repeat:      1,
		images:      images,
		heapEvery:   images/10 - 500, // inside of a page
		cold:        true,
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	t := newTable(fmt.Sprintf("%d images", images), results, timeColumn, cpuColumn, heapColumn)
	t.atMost("live heap over a million images", float64(find(results, all).heap)/1e6, 2, 1, "MB")
	return t, nil
}

// find returns the result of a contestant that took part.
func find(results []result, c contestant) sample {
	for _, r := range results {
		if r.name == c.name {
			return r.sample
		}
	}
	return sample{}
}

func ratio[T ~int64 | ~float64](a, b T) float64 { return float64(a) / float64(b) }
