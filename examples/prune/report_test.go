package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestOtherReportsAreRejected(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.plan("-report " + s.report)
		for _, args := range []string{"-all -limit 2", "-creator bob", "-where a=1", "-all -older-than 48h"} {
			_, err := s.delete(t.Context(), args)
			assert.ErrorContains(t, err, "it is about -older-than 24h0m0s -all: repeat these flags, or name another -report", args)
		}
		another, elsewhere := s.header(), s.header()
		another.Account, elsewhere.API = "another", "http://localhost:8787"
		for _, theirs := range []header{another, elsewhere} {
			_, err := openReport(s.report, theirs)
			assert.ErrorContains(t, err, "it is about account "+imagestest.AccountID+" at https://api.example: name another")
		}
		assert.Len(t, s.server.Images(), 3)
	})
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	first := `{"prune":{"version":1,"cutoff":"2000-01-01T00:00:00Z","account":"a","olderThan":"24h0m0s","all":true}}` + "\n"
	for _, content := range []string{
		"my diary", "my diary\n", "{}\n", `{"prune":{"version":2}}` + "\n", "\n",
		first + "{}\n", first + first,
		first + `{"outcome":{"n":0,"id":"a","result":"deleted"}}` + "\n",
		first + `{"planned":{"images":1}}` + "\n",
		first + `{"image":{"n":1,"id":"a"}}` + "\n",
		first + `{"planned":{"images":0}}` + "\n" + `{"outcome":{"n":0,"id":"a","result":"deleted"}}` + "\n",
	} {
		name := filepath.Join(t.TempDir(), "report")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		_, err := openReport(name, header{selection: selection{Account: "a", OlderThan: "24h0m0s", All: true}})
		assert.ErrorContains(t, err, "one of prune's: name another -report", content)
		now, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, content, string(now))
	}
}

func TestReportIsPrivate(t *testing.T) {
	bubble(t, old(1), func(t *testing.T, s *setup) {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		s.plan("")
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		assert.Empty(t, left, "there is none without a name")
		s.deleteAll("")
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
		s.deleteAll("")
		text, err := os.ReadFile(s.report)
		require.NoError(t, err)
		for size := range text {
			require.NoError(t, os.WriteFile(s.report, text[:size], 0o600))
			lines, whole := bytes.Count(text[:size], []byte("\n")), bytes.LastIndexByte(text[:size], '\n')+1
			if lines == 0 && size > 0 {
				_, err := openReport(s.report, s.header())
				require.ErrorContains(t, err, "it is not one of prune's")
				continue
			}
			const planned, all = 1 + 5 + 1, 1 + 5 + 1 + 5
			s.look(func(r *report) {
				assert.Equal(t, lines >= planned, r.planned, size)
				if r.planned {
					assert.Len(t, r.left(), all-lines, size)
				} else {
					assert.Empty(t, r.plan, size)
					whole = 0
				}
			})
			info, err := os.Stat(s.report)
			require.NoError(t, err)
			assert.EqualValues(t, whole, info.Size(), "a part of a line is cut off")
		}
	})
}

func TestOutcomesInAnyOrder(t *testing.T) {
	bubble(t, old(6), func(t *testing.T, s *setup) {
		s.plan("-report " + s.report)
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
			s.look(func(r *report) {
				var left []int
				for _, c := range r.left() {
					left = append(left, c.N)
				}
				assert.Equal(t, step.left, left, step)
			})
		}
		assert.Equal(t, "6: 2 deleted, 1 already gone, 1 failed", s.recorded())
	})
}

func TestOneRunAtATime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks")
	}
	bubble(t, old(5), func(t *testing.T, s *setup) {
		s.plan("-report " + s.report)
		before, err := os.ReadFile(s.report)
		require.NoError(t, err)
		s.look(func(*report) {
			_, err = s.delete(t.Context(), "-all")
			require.ErrorContains(t, err, s.report+" is in use by another process")
			after, err := os.ReadFile(s.report)
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
			assert.Len(t, s.server.Images(), 5)
		})
		s.deleteAll("")
	})
}
