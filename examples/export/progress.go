package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

const (
	redrawEvery = 100 * time.Millisecond // on a terminal
	lineEvery   = 5 * time.Second        // elsewhere

	lowQuota = 50
)

// progress shows the progress of an export: on a terminal in one line that is
// redrawn, elsewhere in a new line every few seconds.
type progress struct {
	w        io.Writer
	terminal bool
	limit    func() cfimages.RateLimit

	mu      sync.Mutex // guards the rest
	started time.Time
	shown   time.Time
	before  int // images of earlier runs
	images  int
	pages   int
	files   int
	failed  int
	counted bool // files and failed are valid
}

func newProgress(w io.Writer, limit func() cfimages.RateLimit) *progress {
	return &progress{w: w, terminal: program.IsTerminal(w), limit: limit}
}

// begin starts the clock and counts from the state of earlier runs.
func (p *progress) begin(c *checkpoint) {
	p.started = time.Now()
	p.shown = p.started
	p.before = c.Images.Lines
	p.images, p.pages, p.files, p.failed = c.Images.Lines, c.Pages, c.Files.Lines, c.Failed.Lines
}

// page counts a page that was written.
func (p *progress) page(images int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages++
	p.images += images
	p.show()
}

// download sets the numbers of downloaded files and of failures.
func (p *progress) download(files, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files, p.failed, p.counted = files, failed, true
	p.show()
}

// show writes the state, unless it was written a moment ago.
func (p *progress) show() {
	every := lineEvery
	if p.terminal {
		every = redrawEvery
	}
	if time.Since(p.shown) >= every {
		p.write()
	}
}

// end writes the last state.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write()
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}

func (p *progress) write() {
	p.shown = time.Now()
	if p.terminal {
		// Return to the margin, clear the line, and disable wrapping: only one line can be redrawn.
		fmt.Fprintf(p.w, "\r\x1b[K\x1b[?7l%s\x1b[?7h", p.text())
		return
	}
	fmt.Fprintln(p.w, p.text())
}

func (p *progress) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d images", p.images)
	if seconds := time.Since(p.started).Seconds(); seconds > 0 {
		fmt.Fprintf(&b, ", %.0f/s", float64(p.images-p.before)/seconds)
	}
	fmt.Fprintf(&b, ", page %d", p.pages)
	if p.counted {
		fmt.Fprintf(&b, ", %d files, %d failed", p.files, p.failed)
	}
	if limit := p.limit(); !limit.Reset.IsZero() {
		fmt.Fprintf(&b, ", %d requests left", limit.Remaining)
		if limit.Remaining < lowQuota { // the export will soon wait
			fmt.Fprintf(&b, " until %s", limit.Reset.Local().Format(time.TimeOnly))
		}
	}
	return b.String()
}
