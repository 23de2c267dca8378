package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the tests' program be the server too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveFlag {
		exitOn(serve())
		return
	}
	os.Exit(m.Run())
}

// TestQuick runs every benchmark, and looks at what it measured but not at how
// much that is.
func TestQuick(t *testing.T) {
	server := newTestServer(t)
	quick, err := parsePlan([]string{"-quick", "-weight"})
	require.NoError(t, err)

	var figures []string
	for _, b := range benchmarks() {
		t.Run(b.name, func(t *testing.T) {
			require.True(t, quick.wants(b.name))
			table, err := b.run(quick, server)
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(table.rows), 3)
			for _, row := range table.rows {
				require.Len(t, row, len(table.head))
				for i, cell := range row[1:] {
					assertMeasured(t, row[0], table.head[i+1], cell)
				}
			}
			for _, f := range table.figures {
				figures = append(figures, f.name)
				assert.False(t, math.IsNaN(f.value) || math.IsInf(f.value, 0), "%s: %v", f.name, f.value)
				assert.Positive(t, f.must)
			}
		})
	}
	assert.Equal(t, issueFigures(), figures)
}

// issueFigures are the figures that the issues ask for, in the order of the tables.
func issueFigures() []string {
	return []string{
		"one page, cloudflare-go v7 ÷ `All`",
		"one page, `All` ÷ raw read discarded",
		"bytes allocated for a page, v7 ÷ `All`",
		"objects allocated for a page",
		"production page, v7 ÷ `All`",
		"production page, `All` ÷ raw",
		"details by 64 goroutines, calls per second, ours ÷ raw",
		"details by 64 goroutines, calls per second, ours ÷ v7",
		"production upload of 10 MB, ours ÷ raw POST of the file (throughput)",
		"ten pages at 50 ms, ours ÷ bound",
		"time to first image at 50 ms ÷ one round trip",
		"live heap over a million images",
		"a whole call on a stub transport, v7 ÷ ours",
		"create a direct upload, ours ÷ plain net/http with a hand-built form",
		"10 MB upload, ours ÷ raw POST of the file (throughput)",
		"10 MB upload, bytes allocated",
		"10 MB through `ImagesV1.Upload`, ours ÷ raw POST of the file (throughput)",
		"10 MB through `ImagesV1.Upload`, ours ÷ raw POST, not by the kernel (throughput)",
		"10 MB through `ImagesV1.Upload`, bytes allocated",
		"binary over a plain net/http program that does the same, stripped",
		"cold build, v7 ÷ ours",
	}
}

// assertMeasured looks at one cell of a table. CPU time has coarse ticks, the live
// heap may not grow, and a program may need no packages.
func assertMeasured(t *testing.T, contestant, column, cell string) {
	t.Helper()
	digits, _, _ := strings.Cut(cell, " ")
	value, err := strconv.ParseFloat(digits, 64)
	switch column {
	case "live MB":
		return
	case "CPU", "packages", "modules":
		assert.GreaterOrEqual(t, value, 0.0, "%s: %s", contestant, column)
	default:
		assert.Positive(t, value, "%s: %s", contestant, column)
	}
	assert.NoError(t, err, "%s: %s", contestant, column)
	assert.False(t, math.IsInf(value, 0), "%s: %s", contestant, column)
}

func TestOutput(t *testing.T) {
	p, err := parsePlan([]string{"-quick", "-only", "call"})
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, p.run(&out))
	assert.Contains(t, out.String(), "-quick: these numbers mean nothing")
	assert.Contains(t, out.String(), "| cfimages ImagesV1.Get ")
	assert.Regexp(t, `\| a whole call on a stub transport, v7 ÷ ours +\| +[0-9.]+ \| ≥ 2.50 \| ≥ 4.00 \| `, out.String())
}

func TestPlanRefusesNonsense(t *testing.T) {
	for _, args := range [][]string{{"-only", "nothing"}, {"-rounds", "0"}, {"page"}} {
		_, err := parsePlan(args)
		assert.Error(t, err, args)
	}
}

func TestPageIsAsDescribed(t *testing.T) {
	for next, token := range map[int]string{0: "", 7: "7"} {
		head, tail := newPage().withToken(next)
		text := append(head, tail...)
		assert.InDelta(t, 544_000, len(text), 1000)
		assert.Less(t, bytes.Index(text, []byte("continuation_token")), bytes.Index(text, []byte("images")))

		var page jsonPage
		require.NoError(t, json.Unmarshal(text, &page))
		assert.True(t, page.Success)
		assert.Equal(t, token, page.Result.ContinuationToken)
		require.Len(t, page.Result.Images, imagesPerPage)
		for _, img := range page.Result.Images {
			require.Len(t, img.Variants, 3)
			require.True(t, len(img.Meta) >= 60 && len(img.Meta) <= 100, "%s", img.Meta)
		}
	}
}

func TestServerRefusesAShortUpload(t *testing.T) {
	s := newTestServer(t)
	for size, status := range map[int]int{uploadBytes - 1: http.StatusBadRequest, uploadBytes: http.StatusOK} {
		resp, err := http.Post(s.uploadURL(), "", bytes.NewReader(make([]byte, size)))
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode, "%d bytes", size)
	}
}

func TestBound(t *testing.T) {
	assert.Equal(t, 527200*time.Microsecond, bound(10, 544_000))
}

func TestMedian(t *testing.T) {
	for want, times := range map[int][]int{5: {5}, 2: {9, 1, 2}, 3: {4, 3, 1, 8}} {
		var samples []sample
		for _, n := range times {
			samples = append(samples, sample{time: time.Duration(n), objects: float64(n)})
		}
		middle := medians(samples)
		assert.Equal(t, time.Duration(want), middle.time)
		assert.Equal(t, float64(want), middle.objects)
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		value   float64
		atLeast bool
		want    string
	}{
		{5.9, true, "short"}, {6, true, "PASS"}, {8, true, "PASS, aim met"},
		{8.1, false, "short"}, {8, false, "PASS"}, {6, false, "PASS, aim met"},
	} {
		f := figure{value: test.value, must: 6, aim: 8, atLeast: test.atLeast}
		if !test.atLeast {
			f.must, f.aim = f.aim, f.must
		}
		assert.Equal(t, test.want, f.verdict(), fmt.Sprint(test))
	}
}
