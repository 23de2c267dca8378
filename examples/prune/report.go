package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

// line is one line of a report: a JSON object with one of these members.
type line struct {
	Header  *header        `json:"prune,omitempty"`   // the first line
	Image   *candidate     `json:"image,omitempty"`   // then the plan, the oldest image first
	Planned map[string]int `json:"planned,omitempty"` // then the number of "images", which ends the plan
	Outcome *outcome       `json:"outcome,omitempty"` // then the outcomes
}

const reportVersion = 1

type header struct {
	Version int       `json:"version"`
	Cutoff  time.Time `json:"cutoff"` // images uploaded before it are old
	selection
}

// selection describes the images to delete. A report has one selection.
type selection struct {
	API       string   `json:"api"` // its base URL
	Account   string   `json:"account"`
	OlderThan string   `json:"olderThan"`
	Where     []string `json:"where,omitempty"`
	Creator   string   `json:"creator,omitempty"`
	All       bool     `json:"all,omitempty"`
	Limit     int      `json:"limit,omitempty"`
}

// String returns the selection as flags.
func (s selection) String() string {
	var where strings.Builder
	for _, condition := range s.Where {
		fmt.Fprintf(&where, " -where %q", condition)
	}
	text := "-older-than " + s.OlderThan + where.String()
	if s.Creator != "" {
		text += fmt.Sprintf(" -creator %q", s.Creator)
	}
	if s.All {
		text += " -all"
	}
	if s.Limit > 0 {
		text += fmt.Sprintf(" -limit %d", s.Limit)
	}
	return text
}

// candidate is a planned image.
type candidate struct {
	N        int       `json:"n"` // index in the plan
	ID       string    `json:"id"`
	Uploaded time.Time `json:"uploaded"`
	Filename string    `json:"filename,omitempty"`
	last     result
}

var generatedID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isCustom reports whether the ID is a custom one, which another image may use
// later. A custom ID is never a UUID (Cloudflare's API reference).
func (c *candidate) isCustom() bool { return !generatedID.MatchString(c.ID) }

// result is the outcome of a candidate; "" if it was not tried.
type result string

const (
	deleted result = "deleted"
	gone    result = "already gone"
	kept    result = "kept" // its custom ID now refers to another, younger image
	failed  result = "failed"
)

type outcome struct {
	N      int       `json:"n"` // index of the candidate
	ID     string    `json:"id"`
	Result result    `json:"result"`
	Reason string    `json:"reason,omitempty"` // of a failure
	At     time.Time `json:"at"`
}

// report is the plan and its outcomes. With a name, it is also stored in a file.
type report struct {
	header
	plan    []*candidate
	planned bool // the plan is complete
	done    map[result]int
	file    *durable.Journal // nil without a name
}

// openReport creates a report, or opens an existing one.
func openReport(name string, wanted header) (*report, error) {
	r := &report{header: wanted, done: make(map[result]int)}
	if name == "" {
		return r, nil
	}
	var err error
	if r.file, err = durable.Open(name, 0o600); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := r.load(wanted); err != nil {
		return nil, errors.Join(fmt.Errorf("report %s: %w", name, err), r.close())
	}
	return r, nil
}

func (r *report) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// load reads the complete lines, and removes an incomplete last line, which a
// crash may leave. If the plan is incomplete, nothing was deleted, and load
// removes the whole plan.
func (r *report) load(wanted header) error {
	var end durable.Mark
	for read, err := range r.file.Lines(end) {
		if err != nil {
			return err
		}
		end = read.End
		var l line
		if json.Unmarshal(read.Text, &l) != nil || !r.apply(l, end.Lines == 1) {
			return fmt.Errorf("line %d was not written by prune: use another -report", end.Lines)
		}
	}
	size, err := r.file.Size()
	switch {
	case err != nil:
		return err
	case end.Lines == 0 && size > 0:
		return errors.New("it was not written by prune: use another -report")
	case r.Account != wanted.Account || r.API != wanted.API:
		return fmt.Errorf("it belongs to account %s at %s: use another -report", r.Account, r.API)
	case r.selection.String() != wanted.String():
		return fmt.Errorf("it was made with %s: use the same flags, or another -report", r.selection)
	case !r.planned:
		r.plan, end = nil, durable.Mark{}
	}
	return r.file.Cut(end)
}

// apply applies the next line of the file, and reports whether it is valid.
func (r *report) apply(l line, first bool) bool {
	switch {
	case first:
		if l.Header == nil || l.Header.Version != reportVersion {
			return false
		}
		r.header = *l.Header
		return true
	case l.Image != nil && !r.planned:
		r.plan = append(r.plan, l.Image)
		return l.Image.N == len(r.plan)-1 && l.Image.ID != ""
	case l.Planned != nil && !r.planned:
		r.planned = true
		return l.Planned["images"] == len(r.plan)
	case l.Outcome != nil && r.planned && l.Outcome.N >= 0 && l.Outcome.N < len(r.plan):
		r.count(l.Outcome)
		return true
	}
	return false
}

func (r *report) count(o *outcome) {
	c := r.plan[o.N]
	r.done[c.last]--
	r.done[o.Result]++
	c.last = o.Result
}

// isOld reports whether an upload time is before the cutoff.
func (r *report) isOld(uploaded time.Time) bool { return uploaded.Before(r.Cutoff) }

// savePlan writes the plan to the file and syncs it to the disk.
func (r *report) savePlan() error {
	r.planned = true
	if r.file == nil {
		return nil
	}
	lines := []line{{Header: &r.header}}
	for _, c := range r.plan {
		lines = append(lines, line{Image: c})
	}
	for _, l := range append(lines, line{Planned: map[string]int{"images": len(r.plan)}}) {
		if err := r.file.Append(l); err != nil {
			return err
		}
	}
	return r.file.Sync()
}

// record appends an outcome. It is not synced: if a machine crash loses it, the
// next run records the image as already gone.
func (r *report) record(o outcome) error {
	r.count(&o)
	if err := r.file.Append(line{Outcome: &o}); err != nil {
		return err
	}
	return r.file.Flush()
}

// left returns the remaining candidates: first those that were not tried, then
// those that failed.
func (r *report) left() []*candidate {
	var untried, retries []*candidate
	for _, c := range r.plan {
		switch c.last {
		case "":
			untried = append(untried, c)
		case failed:
			retries = append(retries, c)
		}
	}
	return append(untried, retries...)
}

// tally returns the number of images for each result; "" if there is none.
func (r *report) tally() string {
	var parts []string
	for _, result := range []result{deleted, gone, kept, failed} {
		if n := r.done[result]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, result))
		}
	}
	return strings.Join(parts, ", ")
}
