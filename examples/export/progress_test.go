package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

// showPages returns the progress of 200 pages, one every 50 ms, after 100 images
// of an earlier run.
func showPages(t *testing.T, terminal bool) (shown string) {
	t.Helper()
	synctest.Test(t, func(_ *testing.T) {
		var out bytes.Buffer
		limit := cfimages.RateLimit{Remaining: 1200, Reset: time.Date(2026, 1, 1, 9, 5, 0, 0, time.Local)}
		p := newProgress(&out, func() cfimages.RateLimit { return limit })
		p.terminal = terminal
		p.begin(&checkpoint{Images: durable.Mark{Lines: 100}, Pages: 1})
		for range 200 {
			time.Sleep(50 * time.Millisecond)
			limit.Remaining -= 6
			p.page(100)
		}
		p.download(3, 1)
		p.end()
		shown = out.String()
	})
	return shown
}

func TestProgressWithoutATerminal(t *testing.T) {
	assert.Equal(t, `10100 images, 2000/s, page 101, 600 requests left
20100 images, 2000/s, page 201, 0 requests left until 09:05:00
20100 images, 2000/s, page 201, 3 files, 1 failed, 0 requests left until 09:05:00
`, showPages(t, false))
}

func TestProgressOnATerminal(t *testing.T) {
	shown := showPages(t, true)
	states := strings.Split(shown, "\r\x1b[K\x1b[?7l")
	require.Len(t, states, 1+100+1, "at most ten in each of ten seconds, and the last state")
	assert.Equal(t, "300 images, 2000/s, page 3, 1188 requests left\x1b[?7h", states[1])
	assert.Equal(t, "20100 images, 2000/s, page 201, 3 files, 1 failed, 0 requests left until 09:05:00\x1b[?7h\n", states[101])
	assert.Equal(t, 1, strings.Count(shown, "\n"))
}

func TestProgressOfAnEmptyExport(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, func() cfimages.RateLimit { return cfimages.RateLimit{} })
	synctest.Test(t, func(_ *testing.T) {
		p.begin(new(checkpoint))
		p.end()
	})
	assert.Equal(t, "0 images, page 0\n", out.String())
}
