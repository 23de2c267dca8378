package main

import (
	"fmt"
	"strings"
	"time"
)

// line is one line of a report: a JSON object with one of these members.
type line struct {
	Header  *header    `json:"prune,omitempty"`   // the first line
	Image   *candidate `json:"image,omitempty"`   // then the plan, the oldest image first
	Planned *total     `json:"planned,omitempty"` // then that it is complete
	Outcome *outcome   `json:"outcome,omitempty"` // then what was done
}

const reportVersion = 1

type header struct {
	Version int       `json:"version"`
	Cutoff  time.Time `json:"cutoff"` // what was uploaded before it is old
	selection
}

// selection is what is to be deleted. A report is about one.
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
	var b strings.Builder
	fmt.Fprintf(&b, "-older-than %s", s.OlderThan)
	for _, condition := range s.Where {
		fmt.Fprintf(&b, " -where %q", condition)
	}
	if s.Creator != "" {
		fmt.Fprintf(&b, " -creator %q", s.Creator)
	}
	if s.All {
		b.WriteString(" -all")
	}
	if s.Limit > 0 {
		fmt.Fprintf(&b, " -limit %d", s.Limit)
	}
	return b.String()
}

// candidate is an image that was planned to be deleted.
type candidate struct {
	N        int       `json:"n"` // its place in the plan, from 0
	ID       string    `json:"id"`
	Uploaded time.Time `json:"uploaded"`
	Filename string    `json:"filename,omitempty"`
}

type total struct {
	Images int `json:"images"`
}

// result is what became of a candidate.
type result string

const (
	deleted result = "deleted"
	gone    result = "already gone"
	kept    result = "kept" // its custom ID stands for another, younger image by now
	failed  result = "failed"
)

type outcome struct {
	N      int       `json:"n"` // that of the candidate
	ID     string    `json:"id"`
	Result result    `json:"result"`
	Reason string    `json:"reason,omitempty"` // of a failure
	At     time.Time `json:"at"`
}
