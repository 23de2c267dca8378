package main

import (
	"fmt"
	"io"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

const (
	redrawEvery = 100 * time.Millisecond // on a terminal
	lineEvery   = 5 * time.Second        // elsewhere

	lowQuota = 50
)

// status shows the progress of an export: in one line that is redrawn on a
// terminal, and in a new line every few seconds elsewhere.
type status struct {
	w        io.Writer
	terminal bool
	started  time.Time
	shown    time.Time
	before   int // images of earlier runs
}

// counts are what a status shows.
type counts struct {
	images, pages, files, failed int
	downloads                    bool // files and failed are counted
	limit                        cfimages.RateLimit
}

func newStatus(w io.Writer, before int) *status {
	now := time.Now()
	return &status{w: w, terminal: program.IsTerminal(w), started: now, shown: now, before: before}
}

// show shows the counts, unless it has just done so and these are not the last.
func (s *status) show(c counts, last bool) {
	every := lineEvery
	if s.terminal {
		every = redrawEvery
	}
	if !last && time.Since(s.shown) < every {
		return
	}
	s.shown = time.Now()
	text := s.text(c)
	if s.terminal {
		// Back to the margin, clear the line, and do not wrap: only one line can be redrawn.
		text = "\r\x1b[K\x1b[?7l" + text + "\x1b[?7h"
	}
	if last || !s.terminal {
		text += "\n"
	}
	io.WriteString(s.w, text)
}

func (s *status) text(c counts) string {
	text := fmt.Sprintf("%d images", c.images)
	if seconds := time.Since(s.started).Seconds(); seconds > 0 {
		text += fmt.Sprintf(", %.0f/s", float64(c.images-s.before)/seconds)
	}
	text += fmt.Sprintf(", page %d", c.pages)
	if c.downloads {
		text += fmt.Sprintf(", %d files, %d failed", c.files, c.failed)
	}
	if !c.limit.Reset.IsZero() {
		text += fmt.Sprintf(", %d requests left", c.limit.Remaining)
		if c.limit.Remaining < lowQuota { // the client will wait soon
			text += " until " + c.limit.Reset.Local().Format(time.TimeOnly)
		}
	}
	return text
}
