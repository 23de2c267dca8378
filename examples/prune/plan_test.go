package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestOnlyPlannedImagesAreDeleted(t *testing.T) {
	images := append(old(3), young("a")...)
	images[1].Filename = "old-\x1b[2Jb" // which clears a terminal
	bubble(t, images, func(t *testing.T, s *setup) {
		stdout := s.plan("-report " + s.report)
		assert.Equal(t, 3, strings.Count(stdout, "old-"))
		assert.Contains(t, stdout, "old-\uFFFD[2Jb")
		assert.NotContains(t, stdout, "\x1b")
		assert.Contains(t, stdout, "oldest:   1999-12-30T23:57:00Z\n  newest:   1999-12-30T23:59:00Z\n")
		assert.Len(t, s.server.Images(), 4)
		assert.Zero(t, s.server.Count(imagestest.OpDelete))
		time.Sleep(48 * time.Hour) // until a is old enough too
		stdout, _ = s.deleteAll("")
		assert.Contains(t, stdout, "Done: 3 deleted.")
		assert.Equal(t, []string{"a"}, s.names())
		assert.Equal(t, 1, s.server.Count(imagestest.OpList), "the plan is not made again")
	})
}

func TestSelection(t *testing.T) {
	images := append(old(4), young("young-0", "young-1")...)
	images[0].Creator, images[2].Creator, images[5].Creator = "bob", "bob", "bob"
	for i := range images {
		images[i].Meta = fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"expired", "active"}[i/2%2], i)
	}
	for args, want := range map[string]string{
		"-all":                                 "young-0 young-1",
		"-creator bob":                         "old-1 old-3 young-0 young-1",
		"-where status=expired":                "old-2 old-3 young-0 young-1",
		"-where priority>=1 -where priority<3": "old-0 old-3 young-0 young-1",
		"-creator bob -where status=active":    "old-0 old-1 old-3 young-0 young-1",
		"-all -limit 3":                        "old-3 young-0 young-1",
		"-where status=none":                   "old-0 old-1 old-2 old-3 young-0 young-1",
	} {
		bubble(t, images, func(t *testing.T, s *setup) {
			_, err := s.delete(t.Context(), args)
			require.NoError(t, err, args)
			assert.Equal(t, strings.Fields(want), s.names(), args)
		})
	}
}

func TestConfirmation(t *testing.T) {
	for answer, confirmed := range map[string]bool{
		"3\n": true, " 3\r\n": true, "4\n": false, "y\n": false, "yes\n": false, "\n": false, "3": false, "03\n": false,
		"": false, // like /dev/null, which looks like a terminal
	} {
		bubble(t, old(3), func(t *testing.T, s *setup) {
			stdout, err := s.prune(t.Context(), console{in: strings.NewReader(answer), terminal: true}, "-all -delete -report "+s.report)
			assert.Contains(t, stdout, "Type the number of images to delete them: ")
			if confirmed {
				require.NoError(t, err, "%q", answer)
				assert.Empty(t, s.server.Images(), "%q", answer)
				return
			}
			require.ErrorContains(t, err, "not confirmed: nothing was deleted", "%q", answer)
			assert.Equal(t, 1, program.ExitCode("prune", err, io.Discard))
			assert.Len(t, s.server.Images(), 3, "%q", answer)
		})
	}
}

func TestPagesOfThePlan(t *testing.T) {
	for oldOnes, test := range map[int]struct{ young, pages int }{
		2500: {1, 3},
		5:    {3000, 1}, // nothing is requested after the first young image
	} {
		bubble(t, append(old(oldOnes), young(make([]string, test.young)...)...), func(t *testing.T, s *setup) {
			assert.Contains(t, s.plan(""), fmt.Sprintf("images:   %d\n", oldOnes))
			assert.Equal(t, test.pages, s.server.Count(imagestest.OpList))
		})
	}
}

func TestUnexpectedImagesStopThePlan(t *testing.T) {
	his := `{"id":"his","uploaded":"1999-01-01T00:00:00Z","creator":"bob"},`
	another := `{"id":"another","uploaded":"1999-01-01T00:00:00Z","creator":`
	for images, want := range map[string]string{
		his + `{"id":"ageless","creator":"bob"}`: `image "ageless" has no upload time`,
		his + another + `"alice"}`:               `image "another" has creator "alice": the server ignored -creator`,
		his + another + `"Bob"}`:                 `image "another" has creator "Bob": the server ignored -creator`,
		his + another + `null}`:                  `image "another" has creator "": the server ignored -creator`,
	} {
		bubble(t, old(1), func(t *testing.T, s *setup) {
			s.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Reply{
				Body: `{"success":true,"errors":[],"messages":[],"result":{"images":[` + images + `]}}`,
			}})
			_, err := s.delete(t.Context(), "-creator bob")
			require.ErrorContains(t, err, want)
			assert.Zero(t, s.server.Count(imagestest.OpDelete))
		})
	}
}

func TestOtherReportsAreRejected(t *testing.T) {
	bubble(t, old(3), func(t *testing.T, s *setup) {
		s.plan("-report " + s.report)
		for _, args := range []string{"-all -limit 2", "-creator bob", "-where a=1", "-all -older-than 48h"} {
			_, err := s.delete(t.Context(), args)
			assert.ErrorContains(t, err, "it was made with -older-than 24h0m0s -all: use the same flags, or another -report", args)
		}
		another, elsewhere := s.header(), s.header()
		another.Account, elsewhere.API = "another", "http://localhost:8787"
		for _, theirs := range []header{another, elsewhere} {
			_, err := openReport(s.report, theirs)
			assert.ErrorContains(t, err, "it belongs to account "+imagestest.AccountID+" at https://api.example: use another")
		}
		assert.Len(t, s.server.Images(), 3)
	})
}

func TestOtherFilesAreNotChanged(t *testing.T) {
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
		assert.ErrorContains(t, err, "not written by prune: use another -report", content)
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
		assert.Empty(t, left, "without -report, no file is written")
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
				require.ErrorContains(t, err, "it was not written by prune")
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
			assert.EqualValues(t, whole, info.Size(), "an incomplete line is removed")
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
