package main

import (
	"regexp"
	"strings"
)

// page is a Markdown page.
type page struct {
	name   string
	lines  []string
	fenced []bool // whether the line is in a fenced block, the fences included
	blocks []block
}

// block is a fenced block.
type block struct {
	info string // the text after the opening fence
	line int    // of the first line of text, from 1
	text string
}

func parsePage(name, text string) page {
	p := page{name: name, lines: strings.Split(text, "\n")}
	open := -1 // the line of the opening fence
	for i, line := range p.lines {
		fence := strings.HasPrefix(line, "```")
		p.fenced = append(p.fenced, fence || open >= 0)
		switch {
		case fence && open < 0:
			open = i
		case fence:
			p.blocks = append(p.blocks, block{
				info: strings.TrimPrefix(p.lines[open], "```"),
				line: open + 2,
				text: strings.Join(p.lines[open+1:i], "\n"),
			})
			open = -1
		}
	}
	return p
}

// prose returns the lines of the page, empty where they are fenced.
func (p page) prose() []string {
	lines := make([]string, len(p.lines))
	for i, line := range p.lines {
		if !p.fenced[i] {
			lines[i] = line
		}
	}
	return lines
}

var partStart = regexp.MustCompile(`(?m)^// \w+$`)

// parts splits the block at lines such as "// v7".
func (b block) parts() []block {
	var parts []block
	start := 0
	for _, found := range append(partStart.FindAllStringIndex(b.text, -1), []int{len(b.text)}) {
		if text := b.text[start:found[0]]; strings.TrimSpace(text) != "" {
			line := b.line + strings.Count(b.text[:start], "\n")
			parts = append(parts, block{info: b.info, line: line, text: text})
		}
		start = found[0]
	}
	return parts
}
