package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestWhatWasShownIsWhatIsDeleted(t *testing.T) {
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

func TestOnlyWhatIsMeant(t *testing.T) {
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
		"3\n": true, " 3\r\n": true, "4\n": false, "y\n": false, "yes\n": false, "\n": false, "": false, "3": false, "03\n": false,
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
		his + another + `"alice"}`:               `image "another" is of creator "alice": the server does not keep to -creator`,
		his + another + `"Bob"}`:                 `image "another" is of creator "Bob": the server does not keep to -creator`,
		his + another + `null}`:                  `image "another" is of creator "": the server does not keep to -creator`,
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
