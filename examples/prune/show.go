package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// survey is what is left to be deleted.
type survey struct {
	images, calls  int
	oldest, newest time.Time
}

// survey reads what is left, and shows it if that is wanted.
func (p *pruner) survey(show bool) (survey, error) {
	var left survey
	for c, err := range p.report.remaining() {
		if err != nil {
			return left, err
		}
		if left.images == 0 || c.Uploaded.Before(left.oldest) {
			left.oldest = c.Uploaded
		}
		if c.Uploaded.After(left.newest) {
			left.newest = c.Uploaded
		}
		left.images++
		left.calls += callsFor(c.ID)
		if !show {
			continue
		}
		if _, err := fmt.Fprintf(p.out, "%s  %-36s  %s\n", date(c.Uploaded), cell(c.ID), cell(c.Filename)); err != nil {
			return left, err
		}
	}
	return left, nil
}

func (p *pruner) describe(left survey) {
	header := p.report.header
	fmt.Fprintf(p.out, "To delete: %s\n", header.selection)
	fmt.Fprintf(p.out, "  cutoff:   uploaded before %s\n  images:   %d\n", date(header.Cutoff), left.images)
	if left.images > 0 {
		fmt.Fprintf(p.out, "  oldest:   %s\n  newest:   %s\n", date(left.oldest), date(left.newest))
		fmt.Fprintf(p.out, "  duration: at least %v, for %d calls\n", p.pace.estimate(left.calls), left.calls)
	}
	if before := p.tally(); before != "" {
		fmt.Fprintf(p.out, "  before:   %s\n", before)
	}
}

// confirm asks for the number of images, which nobody types by habit.
func confirm(user console, images int) error {
	fmt.Fprint(user.out, "This cannot be undone. Type the number of images to delete them: ")
	answer, err := bufio.NewReader(user.in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != strconv.Itoa(images) {
		return errors.New("not confirmed: nothing was deleted")
	}
	return nil
}

// progress prints a line, at most one in half a minute.
func (p *pruner) progress(format string, args ...any) {
	if time.Since(p.spoken) >= 30*time.Second {
		p.spoken = time.Now()
		fmt.Fprintf(p.out, format, args...)
	}
}

// tally says what was done up to now; "" if nothing was.
func (p *pruner) tally() string {
	var parts []string
	for _, r := range []result{deleted, gone, kept, failed} {
		if n := p.report.done[r]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, r))
		}
	}
	return strings.Join(parts, ", ")
}

// lockedWriter is for workers that have something to say at one time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cell returns text that a terminal shows and does not obey.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
