package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

// report is the result of a soak test.
type report struct {
	plan           plan
	tally          *tally
	incidents      map[string]int
	writes         writes
	again          int // blobs that were requested again
	uploadRequests int // received by the server
	connections    int // connections made
	idle           int // connections open when all calls had ended
	open           int // connections still open after idle ones were closed
	goroutines     int // goroutines left
	outages        []*outage
	broken         []string
}

// writes counts the outcomes of the writes, as reported by the library and as found on
// the server.
type writes struct {
	created  [done + 1]int // by outcome
	found    int           // unknown creates found by Get at once
	late     int           // unknown creates found by Get at the end
	drafts   int           // drafts created on the server
	uploaded [done + 1]int // by outcome
	complete int           // uploads of unknown outcome that were completed
}

// add adds a story. img is the image on the server, or nil.
func (w *writes) add(s *story, img *cfimages.Image) {
	w.created[s.created]++
	w.uploaded[s.uploaded]++
	if s.found {
		w.found++
	}
	if s.late {
		w.late++
	}
	if img != nil || s.deleted != none {
		w.drafts++
	}
	if s.uploaded == unknown && img != nil && !img.Draft {
		w.complete++
	}
}

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "%v, seed %d, %d goroutines, request timeout %v; %s %s/%s, %d CPUs\n",
		r.plan.duration, r.plan.seed, r.plan.workers, r.plan.timeout, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	r.printIncidents(out)
	r.printCalls(out)
	r.printPromises(out)
	r.printOutages(out)
	for i, problem := range r.broken {
		if i == 0 {
			fmt.Fprintln(out, "\nBROKEN")
		}
		fmt.Fprintln(out, "-", problem)
	}
}

func (r *report) printIncidents(out io.Writer) {
	g := newGrid(out, "incident", "times")
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.incidents)) {
		total += r.incidents[name]
		g.row(name, r.incidents[name])
	}
	g.row("all", total)
	g.print()
}

func (r *report) printCalls(out io.Writer) {
	g := newGrid(out, "call", "calls", "attempts", "retries", "per call", "slowest", "errors")
	for _, k := range kinds() {
		c := r.tally.counts[k]
		g.row(k, c.calls, c.attempts, c.retries, fmt.Sprintf("%.3f", float64(c.attempts)/float64(max(1, c.calls))),
			c.slowest.Round(time.Millisecond), c.failed)
	}
	g.print()
}

func (r *report) printPromises(out io.Writer) {
	w := r.writes
	lost := 0
	for _, k := range kinds() {
		if k.isRepeatable() {
			lost += r.tally.counts[k].failed
		}
	}
	g := newGrid(out, "promise", "shown")
	g.row("reads and deletes that failed", lost)
	g.row("creates: succeeded; unknown, of these found by Get at once, and at the end; failed",
		fmt.Sprintf("%d; %d, %d, %d; %d", w.created[done], w.created[unknown], w.found, w.late, w.created[failed]))
	g.row("drafts created on the server = succeeded + found", fmt.Sprintf("%d = %d", w.drafts, w.created[done]+w.found+w.late))
	g.row("uploads: succeeded; unknown, of these completed; failed", fmt.Sprintf("%d; %d, %d; %d", w.uploaded[done], w.uploaded[unknown], w.complete, w.uploaded[failed]))
	g.row("upload calls; upload requests received by the server", fmt.Sprintf("%d; %d", r.tally.counts[upload].calls, r.uploadRequests))
	g.row("blobs that failed while they were read, and were requested again", r.again)
	g.row("connections: made; open at the end; left", fmt.Sprintf("%d; %d; %d", r.connections, r.idle, r.open))
	g.row("goroutines left", r.goroutines)
	g.print()
}

func (r *report) printOutages(out io.Writer) {
	if len(r.outages) == 0 {
		return
	}
	fmt.Fprintf(out, "\nFailed reads, of %d, when the server restarts and refuses connections for the downtime, default options:\n", crowd)
	g := newGrid(out, "downtime", "a client each, in flight", "one client, in flight", "one client, started meanwhile")
	for _, o := range r.outages {
		g.row(o.downtime, o.apart.Load(), o.together.Load(), o.later.Load())
	}
	g.print()
}

// grid is a Markdown table with aligned columns.
type grid struct {
	out  io.Writer
	rows [][]string
}

func newGrid(out io.Writer, head ...string) *grid {
	return &grid{out, [][]string{head}}
}

func (g *grid) row(cells ...any) {
	var row []string
	for _, cell := range cells {
		row = append(row, fmt.Sprint(cell))
	}
	g.rows = append(g.rows, row)
}

func (g *grid) print() {
	widths := make([]int, len(g.rows[0]))
	for _, row := range g.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width-min(i, 1)) + ":"[:min(i, 1)]
	}
	fmt.Fprintln(g.out)
	for _, row := range slices.Insert(slices.Clone(g.rows), 1, rule) {
		for i, cell := range row {
			if i == 0 {
				fmt.Fprintf(g.out, "| %-*s ", widths[i], cell)
			} else {
				fmt.Fprintf(g.out, "| %*s ", widths[i], cell)
			}
		}
		fmt.Fprintln(g.out, "|")
	}
}
