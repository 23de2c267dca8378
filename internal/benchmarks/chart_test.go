package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// element is what the tests look at in a drawn chart.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

func (e element) number(t *testing.T, attr string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(e.attrs[attr], 64)
	require.NoError(t, err, "%s of %v", attr, e)
	return n
}

func elements(t *testing.T, svg []byte) []element {
	t.Helper()
	var list []element
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attrs: map[string]string{}}
			for _, attr := range token.Attr {
				e.attrs[attr.Name.Local] = attr.Value
			}
			list = append(list, e)
		case xml.CharData:
			if len(list) > 0 {
				list[len(list)-1].text += string(token)
			}
		}
	}
}

func named(list []element, name string) (found []element) {
	for _, e := range list {
		if e.name == name {
			found = append(found, e)
		}
	}
	return found
}

func testChart() chart {
	return chart{
		title:   `cfimages <"0.1.0">`,
		caption: []string{"2 CPUs & more"},
		bars: []bar{
			{label: "page", ratio: 6, values: "3.00 ms : 18.0 ms"},
			{label: "slower", ratio: 0.5, values: "2.00 ms : 1.00 ms"},
			{label: "<memory>", ratio: 20, values: "490 KB : 9800 KB", memory: true},
		},
	}
}

func TestBarsAreProportional(t *testing.T) {
	rects := named(elements(t, testChart().svg()), "rect")
	require.Len(t, rects, 3)
	for i, want := range []float64{barMax * 6 / 20, barMax * 0.5 / 20, barMax} {
		assert.InDelta(t, want, rects[i].number(t, "width"), 0.1)
	}
	assert.Equal(t, "time", rects[1].attrs["class"])
	assert.Equal(t, "memory", rects[2].attrs["class"])
}

func TestLineMarksEqual(t *testing.T) {
	lines := named(elements(t, testChart().svg()), "line")
	require.Len(t, lines, 1)
	assert.InDelta(t, barLeft+barMax/20, lines[0].number(t, "x1"), 0.1)
	assert.InDelta(t, lines[0].number(t, "x1"), lines[0].number(t, "x2"), 0)
	assert.Greater(t, lines[0].number(t, "y2"), lines[0].number(t, "y1")+2*rowHeight)
}

func TestChartIsReadableWithoutItsPicture(t *testing.T) {
	c := testChart()
	list := elements(t, c.svg())
	assert.Equal(t, "img", list[0].attrs["role"])
	assert.Equal(t, c.title, strings.TrimSpace(named(list, "title")[0].text))
	desc := named(list, "desc")[0].text
	for _, b := range c.bars {
		assert.Contains(t, desc, b.label+": "+ratioText(b.ratio)+" times")
	}
	assert.Contains(t, named(list, "style")[0].text, "prefers-color-scheme: dark")
}

// TestChartStaysInItsViewBox estimates the width of texts: a character of these
// fonts is narrower than 0.6 of its size on average.
func TestChartStaysInItsViewBox(t *testing.T) {
	c := testChart()
	c.bars[0].label = "Client overhead of a Get, no network"
	list := elements(t, c.svg())
	assert.Equal(t, "0 0 840 228", list[0].attrs["viewBox"])
	for _, e := range list {
		switch e.name {
		case "rect":
			assert.LessOrEqual(t, e.number(t, "x")+e.number(t, "width"), float64(chartWidth-margin))
		case "text":
			size := map[string]float64{"title": 17, "muted": 12}[e.attrs["class"]]
			width := max(size, 14) * 0.55 * float64(len([]rune(strings.TrimSpace(e.text))))
			if e.attrs["class"] == "muted" {
				width *= 12.0 / 14
			}
			left := e.number(t, "x")
			if e.attrs["text-anchor"] == "end" {
				left -= width
			}
			assert.GreaterOrEqual(t, left, 0.0, e.text)
			assert.LessOrEqual(t, left+width, float64(chartWidth), e.text)
			assert.Less(t, e.number(t, "y"), 228.0)
		}
	}
}

func TestWhatWasNotMeasuredHasNoBar(t *testing.T) {
	for _, ratio := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		c := testChart()
		c.bars[0].ratio = ratio
		svg := c.svg()
		assert.Len(t, named(elements(t, svg), "rect"), 2, ratio)
		assert.Contains(t, string(svg), "not measured")
		assert.NotContains(t, string(svg), "NaN")
		assert.NotContains(t, string(svg), "Inf")
	}
	assert.Empty(t, named(elements(t, chart{}.svg()), "rect"))
}

func TestBarsDivideTheOfficialSDKByOurs(t *testing.T) {
	ours := sample{time: 2 * time.Millisecond, bytes: 500e3}
	theirs := sample{time: 8 * time.Millisecond, bytes: 5000e3}
	assert.Equal(t, bar{"page", 4, "2.00 ms : 8.00 ms", false}, timeBar("page", ours, theirs))
	assert.Equal(t, bar{"page", 10, "500 KB : 5000 KB", true}, memoryBar("page", ours, theirs))
	assert.Equal(t, bar{"get", 4, "500/s : 125/s", false}, rateBar("get", ours, theirs))
	assert.False(t, timeBar("nothing", sample{}, sample{}).measured())
}

func TestDrawARun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chart.svg")
	p, err := parsePlan([]string{"-quick", "-only", "page,call", "-svg", file})
	require.NoError(t, err)
	require.NoError(t, p.run(io.Discard))
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	list := elements(t, svg)
	var classes []string
	for _, rect := range named(list, "rect") {
		classes = append(classes, rect.attrs["class"])
	}
	assert.Equal(t, []string{"time", "time", "memory"}, classes)
	for _, text := range []string{"cfimages-go v", "cloudflare-go v7", "CPUs", "go run . -quick -only page,call -svg " + file, "-quick: these numbers mean nothing"} {
		assert.Contains(t, string(svg), escape(text))
	}
}

func TestAChartNeedsABar(t *testing.T) {
	p, err := parsePlan([]string{"-quick", "-only", "params", "-svg", filepath.Join(t.TempDir(), "chart.svg")})
	require.NoError(t, err)
	require.ErrorContains(t, p.run(io.Discard), "no bar to draw")
}
