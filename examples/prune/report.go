package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

// report is a journal of lines: the plan, and what became of it. Of the plan, only
// the results are held in memory, so that it can be long.
type report struct {
	lines     *durable.Journal
	temporary bool
	header    *header
	planAt    durable.Mark   // where the plan begins
	planned   bool           // the plan is complete
	results   []result       // the last of each candidate; "" is none
	done      map[result]int // how many candidates have each result
}

// openReport begins a report, or opens the one that was begun. Without a name,
// it is a temporary one.
func openReport(name string, wanted selection) (*report, error) {
	r := &report{temporary: name == "", done: make(map[result]int)}
	if r.temporary {
		file, err := os.CreateTemp("", "prune-*.jsonl")
		if err != nil {
			return nil, err
		}
		file.Close()
		name = file.Name()
	}
	var err error
	if r.lines, err = durable.Open(name, 0o600); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := r.begin(wanted); err != nil {
		return nil, errors.Join(fmt.Errorf("report %s: %w", name, err), r.close())
	}
	return r, nil
}

func (r *report) close() error {
	err := r.lines.Close()
	if r.temporary {
		err = errors.Join(err, os.Remove(r.lines.File.Name()))
	}
	return err
}

func (r *report) begin(wanted selection) error {
	size, err := r.lines.Size()
	if err != nil {
		return err
	}
	if size == 0 {
		return r.create(wanted)
	}
	end, err := r.load()
	if err != nil {
		return err
	}
	had := r.header.selection
	switch {
	case had.Account != wanted.Account || had.API != wanted.API:
		return fmt.Errorf("it is about account %s at %s: name another -report", had.Account, had.API)
	case had.String() != wanted.String():
		return fmt.Errorf("it is about %s: repeat these flags, or name another -report", had)
	}
	if !r.planned { // so nothing was deleted: plan again
		end, r.results = r.planAt, nil
	}
	return r.lines.Cut(end) // a crash leaves a part of a line
}

func (r *report) create(wanted selection) error {
	age, err := time.ParseDuration(wanted.OlderThan)
	if err != nil {
		return err
	}
	r.header = &header{Version: reportVersion, Cutoff: time.Now().Add(-age).UTC(), selection: wanted}
	err = r.write(line{Header: r.header})
	r.planAt = r.lines.End
	return err
}

// load reads the complete lines, and returns where they end.
func (r *report) load() (end durable.Mark, err error) {
	for read, err := range r.lines.Lines(end) {
		if err != nil {
			return end, err
		}
		end = read.End
		var l line
		if json.Unmarshal(read.Text, &l) != nil || !r.take(l, end) {
			return end, fmt.Errorf("line %d is not one of prune's: name another -report", end.Lines)
		}
	}
	if r.header == nil {
		return end, errors.New("it is not one of prune's: name another -report")
	}
	return end, nil
}

// take learns from the next line, and reports whether there may be such a line.
func (r *report) take(l line, end durable.Mark) bool {
	switch {
	case r.header == nil:
		r.header, r.planAt = l.Header, end
		return l.Header != nil && l.Header.Version == reportVersion
	case l.Image != nil && !r.planned:
		r.results = append(r.results, "")
		return l.Image.N == len(r.results)-1 && l.Image.ID != ""
	case l.Planned != nil && !r.planned:
		r.planned = true
		return l.Planned.Images == len(r.results)
	case l.Outcome != nil && r.planned && l.Outcome.N >= 0 && l.Outcome.N < len(r.results):
		r.count(l.Outcome)
		return true
	}
	return false
}

// count replaces the result of a candidate.
func (r *report) count(o *outcome) {
	r.done[r.results[o.N]]--
	r.done[o.Result]++
	r.results[o.N] = o.Result
}

// plan adds candidates to the plan.
func (r *report) plan(candidates []candidate) error {
	lines := make([]line, len(candidates))
	for i := range candidates {
		candidates[i].N = len(r.results) + i
		lines[i].Image = &candidates[i]
	}
	r.results = append(r.results, make([]result, len(candidates))...)
	return r.write(lines...)
}

// finishPlan returns when the plan is safe on the disk.
func (r *report) finishPlan() error {
	if err := r.write(line{Planned: &total{Images: len(r.results)}}); err != nil {
		return err
	}
	r.planned = true
	return r.lines.Sync()
}

// record takes down what became of a candidate. If the machine fails before that
// is on the disk, the image is found to be gone later.
func (r *report) record(o outcome) error {
	r.count(&o)
	return r.write(line{Outcome: &o})
}

func (r *report) write(lines ...line) error {
	for _, l := range lines {
		if err := r.lines.Append(l); err != nil {
			return err
		}
	}
	return r.lines.Flush()
}

// remaining returns the candidates that are left: those without a result, and
// then those that failed.
func (r *report) remaining() iter.Seq2[candidate, error] {
	results := slices.Clone(r.results)
	return func(yield func(candidate, error) bool) {
		for _, wanted := range []result{"", failed} {
			if !r.each(func(n int) bool { return results[n] == wanted }, yield) {
				return
			}
		}
	}
}

// each yields chosen candidates, and reports whether there may be more.
func (r *report) each(chosen func(n int) bool, yield func(candidate, error) bool) bool {
	n := 0
	for read, err := range r.lines.Lines(r.planAt) {
		if n == len(r.results) {
			return true
		}
		if err != nil {
			yield(candidate{}, fmt.Errorf("read the plan: %w", err))
			return false
		}
		if chosen(n) {
			var l line
			if err := json.Unmarshal(read.Text, &l); err != nil || l.Image == nil || l.Image.N != n {
				break
			}
			if !yield(*l.Image, nil) {
				return false
			}
		}
		n++
	}
	if n < len(r.results) {
		yield(candidate{}, errors.New("the report was changed by somebody else"))
	}
	return n == len(r.results)
}
