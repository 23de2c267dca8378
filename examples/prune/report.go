package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"time"
)

// report is a file of lines: the plan, and what became of it. Of the plan, only
// what is to be tried again is held in memory, so that it can be long.
type report struct {
	file    *os.File
	header  *header
	planAt  int64          // where the plan begins
	end     int64          // of the last whole line
	images  int            // in the plan
	planned bool           // the plan is complete
	next    int            // the first candidate that has no outcome, nor have those after it
	open    map[int]result // of the candidates before it, those to be tried again: failed, or "" if there is no outcome
	done    map[result]int // how many outcomes there are of each kind
	close   func() error
}

// openReport begins a report, or opens the one that was begun. Without a name,
// it is a temporary one.
func openReport(name string, wanted selection) (*report, error) {
	file, err := openFile(name)
	if err != nil {
		return nil, err
	}
	r := &report{file: file, open: make(map[int]result), done: make(map[result]int), close: file.Close}
	if name == "" {
		r.close = func() error { return errors.Join(file.Close(), os.Remove(file.Name())) }
	}
	if err := r.begin(wanted); err != nil {
		return nil, errors.Join(fmt.Errorf("report %s: %w", file.Name(), err), r.close())
	}
	return r, nil
}

func openFile(name string) (*os.File, error) {
	if name == "" {
		return os.CreateTemp("", "prune-*.jsonl")
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}

func (r *report) begin(wanted selection) error {
	if err := lock(r.file); err != nil {
		return err
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return r.create(wanted)
	}
	if err := r.load(info.Size()); err != nil {
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
		r.end, r.images = r.planAt, 0
	}
	return r.file.Truncate(r.end) // a crash leaves a part of a line
}

func (r *report) create(wanted selection) error {
	age, err := time.ParseDuration(wanted.OlderThan)
	if err != nil {
		return err
	}
	r.header = &header{Version: reportVersion, Cutoff: time.Now().Add(-age).UTC(), selection: wanted}
	err = r.write(line{Header: r.header})
	r.planAt = r.end
	return err
}

// load reads the lines that are whole.
func (r *report) load(size int64) error {
	text := bufio.NewReader(io.NewSectionReader(r.file, 0, size))
	for number := 1; ; number++ {
		data, err := text.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF {
			break
		}
		var l line
		if json.Unmarshal(data, &l) != nil || !r.take(l, int64(len(data))) {
			return fmt.Errorf("line %d is not one of prune's: name another -report", number)
		}
	}
	if r.header == nil {
		return errors.New("it is not one of prune's: name another -report")
	}
	return nil
}

// take learns from the next line, and reports whether there may be such a line.
func (r *report) take(l line, size int64) bool {
	r.end += size
	switch {
	case r.header == nil:
		r.header, r.planAt = l.Header, r.end
		return l.Header != nil && l.Header.Version == reportVersion
	case l.Image != nil && !r.planned:
		r.images++
		return l.Image.N == r.images-1 && l.Image.ID != ""
	case l.Planned != nil && !r.planned:
		r.planned = true
		return l.Planned.Images == r.images
	case l.Outcome != nil && r.planned && l.Outcome.N >= 0 && l.Outcome.N < r.images:
		r.count(l.Outcome)
		return true
	}
	return false
}

// count learns from an outcome. They come in any order.
func (r *report) count(o *outcome) {
	for ; r.next <= o.N; r.next++ {
		r.open[r.next] = ""
	}
	if r.open[o.N] == failed {
		r.done[failed]--
	}
	r.done[o.Result]++
	delete(r.open, o.N)
	if o.Result == failed {
		r.open[o.N] = failed
	}
}

// plan adds candidates to the plan.
func (r *report) plan(candidates []candidate) error {
	lines := make([]line, len(candidates))
	for i := range candidates {
		candidates[i].N = r.images + i
		lines[i].Image = &candidates[i]
	}
	r.images += len(candidates)
	return r.write(lines...)
}

// finishPlan returns when the plan is safe on the disk.
func (r *report) finishPlan() error {
	if err := r.write(line{Planned: &total{Images: r.images}}); err != nil {
		return err
	}
	r.planned = true
	return r.file.Sync()
}

// record takes down what became of a candidate. If the machine fails before that
// is on the disk, the image is found to be gone later.
func (r *report) record(o outcome) error {
	r.count(&o)
	return r.write(line{Outcome: &o})
}

func (r *report) write(lines ...line) error {
	var data []byte
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		data = append(append(data, text...), '\n')
	}
	if _, err := r.file.WriteAt(data, r.end); err != nil {
		return err // the next lines take the place of a part of these
	}
	r.end += int64(len(data))
	return nil
}

// remaining returns the candidates that are left: those without an outcome, and
// then those that had failed.
func (r *report) remaining() iter.Seq2[candidate, error] {
	next, open := r.next, maps.Clone(r.open)
	isNew := func(n int) bool {
		result, before := open[n]
		return n >= next || before && result == ""
	}
	return func(yield func(candidate, error) bool) {
		if r.each(isNew, yield) {
			r.each(func(n int) bool { return open[n] == failed }, yield)
		}
	}
}

// each yields chosen candidates, and reports whether there may be more.
func (r *report) each(chosen func(n int) bool, yield func(candidate, error) bool) bool {
	text := bufio.NewReader(io.NewSectionReader(r.file, r.planAt, r.end-r.planAt))
	for n := range r.images {
		data, err := text.ReadBytes('\n')
		if err != nil {
			yield(candidate{}, fmt.Errorf("read the plan: %w", err))
			return false
		}
		if !chosen(n) {
			continue
		}
		var l line
		if err := json.Unmarshal(data, &l); err != nil || l.Image == nil || l.Image.N != n {
			yield(candidate{}, errors.New("the report was changed by somebody else"))
			return false
		}
		if !yield(*l.Image, nil) {
			return false
		}
	}
	return true
}
