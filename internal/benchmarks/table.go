package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// table contains the measurements of a benchmark, and the figures derived from them.
type table struct {
	title   string
	head    []string
	rows    [][]string
	figures []figure
	bars    []bar // of the chart
}

// figure is one required number and its limits.
type figure struct {
	name      string
	value     float64
	unit      string
	must, aim float64
	atLeast   bool // else the limits are upper ones
}

// column is one kind of measurement in a table.
type column struct {
	head string
	cell func(result) string
}

var (
	timeColumn    = column{"time", func(r result) string { return duration(r.time) }}
	rateColumn    = column{"per second", func(r result) string { return number(1 / r.time.Seconds()) }}
	cpuColumn     = column{"CPU", func(r result) string { return duration(r.cpu) }}
	firstColumn   = column{"first image", func(r result) string { return duration(r.first) }}
	bytesColumn   = column{"KB", func(r result) string { return number(r.bytes / 1e3) }}
	objectsColumn = column{"objects", func(r result) string { return number(r.objects) }}
	heapColumn    = column{"live MB", func(r result) string { return heap(r.heap) }}
)

func newTable(title string, results []result, columns ...column) *table {
	t := &table{title: title, head: []string{"contestant"}}
	for _, c := range columns {
		t.head = append(t.head, c.head)
	}
	for _, r := range results {
		row := []string{r.name}
		for _, c := range columns {
			row = append(row, c.cell(r))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (t *table) atLeast(name string, value, must, aim float64, unit string) {
	t.figures = append(t.figures, figure{name, value, unit, must, aim, true})
}

func (t *table) atMost(name string, value, must, aim float64, unit string) {
	t.figures = append(t.figures, figure{name, value, unit, must, aim, false})
}

// verdict compares a figure with its limits.
func (f figure) verdict() string {
	meets := func(limit float64) bool {
		if f.atLeast {
			return f.value >= limit
		}
		return f.value <= limit
	}
	switch {
	case meets(f.aim):
		return "PASS, aim met"
	case meets(f.must):
		return "PASS"
	default:
		return "short"
	}
}

// row returns the cells of the figure.
func (f figure) row() []string {
	sign := "≤ "
	if f.atLeast {
		sign = "≥ "
	}
	return []string{
		f.name,
		strings.TrimSpace(number(f.value) + " " + f.unit),
		sign + number(f.must), sign + number(f.aim), f.verdict(),
	}
}

func (t *table) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", t.title)
	printGrid(out, t.head, t.rows)
}

func printFigures(out io.Writer, figures []figure) {
	var rows [][]string
	for _, f := range figures {
		rows = append(rows, f.row())
	}
	fmt.Fprintf(out, "\nFigures\n\n")
	printGrid(out, []string{"figure", "measured", "must", "aim", ""}, rows)
}

// printGrid prints Markdown that lines up also as text.
func printGrid(out io.Writer, head []string, rows [][]string) {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(head))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
		if i > 0 {
			rule[i] = rule[i][:width-1] + ":"
		}
	}
	for _, row := range append([][]string{head, rule}, rows...) {
		for i, cell := range row {
			format := "| %*s "
			if i == 0 {
				format = "| %-*s "
			}
			fmt.Fprintf(out, format, widths[i], cell)
		}
		fmt.Fprintln(out, "|")
	}
}

// number prints three significant digits, or all before the point.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

func duration(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return number(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return number(float64(d)/float64(time.Millisecond)) + " ms"
	default:
		return number(float64(d)/float64(time.Microsecond)) + " µs"
	}
}

func heap(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return number(float64(bytes) / 1e6)
}
