package main

import (
	"bytes"
	"fmt"
	"strings"
)

// The layout of the chart, in pixels.
const (
	chartWidth = 840
	margin     = 20
	barLeft    = 300 // labels are to the left of it
	barMax     = 300 // width of the longest bar
	barHeight  = 18
	rowHeight  = 32
	rowsTop    = 96
	lineHeight = 18
)

// style has colours for light and for dark pages. GitHub shows a picture by <img>, in
// which the media query follows the reader's settings.
const style = `
    text { font: 14px -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1f2328 }
    .title { font-size: 17px; font-weight: 600 }
    .ratio { font-weight: 600 }
    .muted { font-size: 12px; fill: #59636e }
    .time { fill: #0969da }
    .memory { fill: #8250df }
    .one { stroke: #1f2328; stroke-dasharray: 3 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .muted { fill: #9198a1 }
      .time { fill: #4493f8 }
      .memory { fill: #ab7df8 }
      .one { stroke: #f0f6fc }
    }
`

// svg draws the chart. The longest bar takes the whole width.
func (c chart) svg() []byte {
	longest := 1.0
	for _, b := range c.bars {
		if b.measured() {
			longest = max(longest, b.ratio)
		}
	}
	scale := barMax / longest
	bottom := rowsTop + rowHeight*len(c.bars)
	height := bottom + lineHeight*(len(c.caption)+1)

	var w bytes.Buffer
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" role="img" aria-labelledby="title desc">`+"\n",
		chartWidth, height)
	fmt.Fprintf(&w, "  <title id=\"title\">%s</title>\n  <desc id=\"desc\">%s</desc>\n  <style>%s  </style>\n",
		escape(c.title), escape(c.description()), style)
	fmt.Fprintf(&w, "  <text class=\"title\" x=\"%d\" y=\"32\">%s</text>\n", margin, escape(c.title))
	fmt.Fprintf(&w, "  <text class=\"muted\" x=\"%d\" y=\"54\">%s</text>\n", margin,
		"Time (blue) and memory (violet) that the official SDK needs, as a multiple of cfimages. Dashed line: 1×, equal.")
	fmt.Fprintf(&w, "  <text class=\"muted\" x=\"%d\" y=\"%d\" text-anchor=\"end\">cfimages : cloudflare-go</text>\n",
		chartWidth-margin, rowsTop-12)
	for i, b := range c.bars {
		b.draw(&w, rowsTop+i*rowHeight, scale)
	}
	x := barLeft + scale
	fmt.Fprintf(&w, "  <line class=\"one\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x, rowsTop-6, x, bottom-4)
	for i, line := range c.caption {
		fmt.Fprintf(&w, "  <text class=\"muted\" x=\"%d\" y=\"%d\">%s</text>\n", margin, bottom+lineHeight*(i+1), escape(line))
	}
	w.WriteString("</svg>\n")
	return w.Bytes()
}

// draw writes one row: label, bar, ratio and what was measured.
func (b bar) draw(w *bytes.Buffer, top int, scale float64) {
	baseline := top + 14
	fmt.Fprintf(w, "  <text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", barLeft-10, baseline, escape(b.label))
	if !b.measured() {
		fmt.Fprintf(w, "  <text class=\"muted\" x=\"%d\" y=\"%d\">not measured</text>\n", barLeft+8, baseline)
		return
	}
	class := "time"
	if b.memory {
		class = "memory"
	}
	width := b.ratio * scale
	fmt.Fprintf(w, "  <rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", class, barLeft, top, width, barHeight)
	fmt.Fprintf(w, "  <text class=\"ratio\" x=\"%.1f\" y=\"%d\">%s×</text>\n", barLeft+max(width, scale)+8, baseline, ratioText(b.ratio))
	fmt.Fprintf(w, "  <text class=\"muted\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", chartWidth-margin, baseline, escape(b.values))
}

// ratioText returns a ratio with two significant digits: more would not be the same in the next run.
func ratioText(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.1f", ratio)
}

// description describes the bars in words.
func (c chart) description() string {
	var parts []string
	for _, b := range c.bars {
		if b.measured() {
			parts = append(parts, b.label+": "+ratioText(b.ratio)+" times")
		}
	}
	return "The official SDK divided by cfimages. " + strings.Join(parts, "; ") + "."
}
