package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestOtherReportsAreRefused(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.plan("-report", s.report)
		for _, args := range []string{"-all -limit 2", "-creator bob", "-where a=1", "-all -older-than 48h"} {
			_, err := s.delete(strings.Fields(args)...)
			assert.ErrorContains(t, err, "it is about -older-than 24h0m0s -all: repeat these flags, or name another -report", args)
		}
		for _, change := range []func(*selection){
			func(theirs *selection) { theirs.Account = "another" },
			func(theirs *selection) { theirs.API = "http://localhost:8787" },
		} {
			theirs := s.selection()
			change(&theirs)
			_, err := openReport(s.report, theirs)
			assert.ErrorContains(t, err, "it is about account "+imagestest.AccountID+" at https://api.example: name another")
		}
		assert.Len(t, s.server.Images(), 3)
	})
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	header := `{"prune":{"version":1,"cutoff":"2000-01-01T00:00:00Z","account":"a","olderThan":"24h0m0s","all":true}}` + "\n"
	for _, content := range []string{
		"my diary", "my diary\n", "{}\n", `{"prune":{"version":2}}` + "\n", "\n",
		header + "{}\n", header + header,
		header + `{"outcome":{"n":0,"id":"a","result":"deleted"}}` + "\n",
		header + `{"planned":{"images":1}}` + "\n",
		header + `{"image":{"n":1,"id":"a"}}` + "\n",
		header + `{"planned":{"images":0}}` + "\n" + `{"outcome":{"n":0,"id":"a","result":"deleted"}}` + "\n",
	} {
		name := filepath.Join(t.TempDir(), "report")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		_, err := openReport(name, selection{Account: "a", OlderThan: "24h0m0s", All: true})
		assert.ErrorContains(t, err, "one of prune's: name another -report", content)
		now, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, content, string(now))
	}
}

func TestReportIsPrivateAndTemporaryOnesGo(t *testing.T) {
	bubble(t, old(1), func(t *testing.T, s *setup) {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		s.plan()
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		assert.Empty(t, left)
		s.deleteAll()
		info, err := os.Stat(s.report)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		text, err := os.ReadFile(s.report)
		require.NoError(t, err)
		assert.NotContains(t, string(text), imagestest.APIToken)
	})
}

func TestReportTornAnywhere(t *testing.T) {
	bubble(t, old(5), func(t *testing.T, s *setup) {
		s.deleteAll()
		text, err := os.ReadFile(s.report)
		require.NoError(t, err)
		lines, start := 0, 0 // whole lines, and where the last of them ends
		for size := range text {
			if size > 0 && text[size-1] == '\n' {
				lines, start = lines+1, size
			}
			require.NoError(t, os.WriteFile(s.report, text[:size], 0o600))
			r, err := openReport(s.report, s.selection())
			if lines == 0 && size > 0 {
				require.ErrorContains(t, err, "it is not one of prune's")
				continue
			}
			require.NoError(t, err)
			remaining := left(t, r)
			require.NoError(t, r.close())
			info, err := os.Stat(s.report)
			require.NoError(t, err)
			assert.Equal(t, r.lines.End.Bytes, info.Size(), "a part of a line is cut off")
			const planned, all = 1 + 5 + 1, 1 + 5 + 1 + 5
			assert.Equal(t, lines >= planned, r.planned, size)
			if !r.planned {
				assert.Equal(t, r.planAt, r.lines.End, size)
				continue
			}
			assert.Len(t, remaining, all-lines, size)
			assert.EqualValues(t, start, r.lines.End.Bytes, size)
		}
	})
}

func TestOutcomesInAnyOrder(t *testing.T) {
	bubble(t, old(6), func(t *testing.T, s *setup) {
		s.plan("-report", s.report)
		for _, step := range []struct {
			outcome
			left []int
		}{
			{outcome{N: 3, Result: deleted}, []int{0, 1, 2, 4, 5}},
			{outcome{N: 1, Result: failed}, []int{0, 2, 4, 5, 1}},
			{outcome{N: 0, Result: gone}, []int{2, 4, 5, 1}},
			{outcome{N: 5, Result: failed}, []int{2, 4, 1, 5}},
			{outcome{N: 1, Result: failed}, []int{2, 4, 1, 5}},
			{outcome{N: 1, Result: deleted}, []int{2, 4, 5}},
		} {
			s.look(func(r *report) { require.NoError(t, r.record(step.outcome)) })
			s.look(func(r *report) { assert.Equal(t, step.left, left(t, r), step) })
		}
		assert.Equal(t, map[string]int{"planned": 6, "deleted": 2, "already gone": 1, "failed": 1}, s.outcomes())
	})
}

func TestOneRunAtATime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks")
	}
	bubble(t, old(5), func(t *testing.T, s *setup) {
		s.plan("-report", s.report)
		before, err := os.ReadFile(s.report)
		require.NoError(t, err)
		s.look(func(*report) {
			_, err = s.delete("-all")
			require.ErrorContains(t, err, s.report+" is in use by another process")
			after, err := os.ReadFile(s.report)
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
			assert.Len(t, s.server.Images(), 5)
		})
		s.deleteAll()
	})
}
