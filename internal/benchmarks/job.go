package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// job is the work of the contestants of a benchmark, and how often they do it.
type job struct {
	contestants []contestant
	rounds      int
	repeat      int  // times a contestant does it in its turn
	images      int  // that each contestant must read, each time
	heapEvery   int  // images between two samples of the live heap; 0: none
	cold        bool // without a warm-up
}

// contestant is one way to do a job.
type contestant struct {
	name  string
	blind bool // decodes nothing, so that it sees no images
	do    func(*probe) error
}

// named returns the same contestant under another name.
func (c contestant) named(name string) contestant {
	c.name = name
	return c
}

// probe measures a contestant from inside.
type probe struct {
	images     int
	start      time.Time
	first      time.Duration // until the first image
	heapEvery  int
	heapBefore int64
	heap       int64 // largest live heap, over the one before
}

// image records another image.
func (p *probe) image() {
	if p.images == 0 {
		p.first = time.Since(p.start)
	}
	p.images++
	if p.heapEvery > 0 && p.images%p.heapEvery == 0 {
		p.heap = max(p.heap, liveHeap()-p.heapBefore)
	}
}

// sample is the cost of doing the job once.
type sample struct {
	time, cpu, first time.Duration
	bytes, objects   float64 // allocated
	heap             int64   // live bytes, minus the live heap before; 0: not measured
}

// per returns the cost of one of n things that were done at once.
func (s sample) per(n int) sample {
	s.time /= time.Duration(n)
	s.cpu /= time.Duration(n)
	s.bytes /= float64(n)
	s.objects /= float64(n)
	return s
}

// result is the median of a contestant's samples.
type result struct {
	name string
	sample
}

// run alternates between the contestants, A B C A B C, so that other load on the
// machine affects all of them.
func (j *job) run() ([]result, error) {
	samples := make([][]sample, len(j.contestants))
	if !j.cold {
		for _, c := range j.contestants {
			if err := j.do(c, new(probe)); err != nil {
				return nil, err
			}
		}
	}
	for range j.rounds {
		for i, c := range j.contestants {
			s, err := j.turn(c)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], s)
		}
	}
	results := make([]result, len(j.contestants))
	for i, c := range j.contestants {
		results[i] = result{c.name, medians(samples[i])}
	}
	return results, nil
}

// turn measures one turn of a contestant.
func (j *job) turn(c contestant) (sample, error) {
	runtime.GC() // garbage of other contestants, pools included
	p := &probe{heapEvery: j.heapEvery, heapBefore: liveHeap()}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	for range j.repeat {
		p.images, p.start = 0, time.Now()
		if err := j.do(c, p); err != nil {
			return sample{}, err
		}
	}
	elapsed, cpu := time.Since(start), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	n := j.repeat
	return sample{
		time:    elapsed / time.Duration(n),
		cpu:     cpu / time.Duration(n),
		first:   p.first,
		bytes:   float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		objects: float64(after.Mallocs-before.Mallocs) / float64(n),
		heap:    p.heap,
	}, nil
}

// do does the job once, and checks that it was done.
func (j *job) do(c contestant, p *probe) error {
	if err := c.do(p); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if p.images != j.images && !c.blind {
		return fmt.Errorf("%s: saw %d images of %d", c.name, p.images, j.images)
	}
	return nil
}

func medians(samples []sample) sample {
	return sample{
		time:    median(samples, func(s sample) time.Duration { return s.time }),
		cpu:     median(samples, func(s sample) time.Duration { return s.cpu }),
		first:   median(samples, func(s sample) time.Duration { return s.first }),
		bytes:   median(samples, func(s sample) float64 { return s.bytes }),
		objects: median(samples, func(s sample) float64 { return s.objects }),
		heap:    median(samples, func(s sample) int64 { return s.heap }),
	}
}

// median returns the middle one of the samples' values, of an even number the lower.
func median[S any, T cmp.Ordered](samples []S, value func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// liveHeap returns the size of the reachable heap.
func liveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// cpuTime returns the CPU time of this process, including the garbage collector.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
