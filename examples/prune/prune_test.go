package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func query(t *testing.T, condition cfimages.Condition) url.Values {
	t.Helper()
	values := url.Values{}
	require.NoError(t, cfimages.Where(condition).EncodeValues("meta", &values))
	return values
}

// setup is a server and a program that uses it.
type setup struct {
	*testing.T
	server *imagestest.Server
	report string
	client []cfimages.Option
}

// bubble runs a test in virtual time, with a server that has images.
func bubble(t *testing.T, images []cfimages.Image, test func(t *testing.T, s *setup), opts ...imagestest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts = append(opts, imagestest.InMemory())
		s := &setup{T: t, server: imagestest.NewServer(opts...), report: filepath.Join(t.TempDir(), "report")}
		defer s.server.Close()
		s.server.AddImages(images...)
		test(t, s)
		assert.Empty(t, s.server.Unused())
	})
}

// old returns images that are older than a day by their number in minutes; the
// last is the youngest.
func old(n int) []cfimages.Image {
	images := make([]cfimages.Image, n)
	for i := range images {
		images[i] = cfimages.Image{Filename: fmt.Sprint("old-", i), Uploaded: startOfBubble.Add(-24*time.Hour - time.Duration(n-i)*time.Minute)}
	}
	return images
}

// startOfBubble is when virtual time begins.
var startOfBubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func young(names ...string) []cfimages.Image {
	images := make([]cfimages.Image, len(names))
	for i, name := range names {
		images[i] = cfimages.Image{Filename: name, Uploaded: startOfBubble.Add(-24*time.Hour + time.Duration(i)*time.Minute)}
	}
	return images
}

// prune runs the program with -older-than 24h.
func (s *setup) prune(ctx context.Context, user console, args ...string) (stdout string, err error) {
	s.Helper()
	var out bytes.Buffer
	user.out, user.untilInterrupt = &out, context.WithCancel
	opts, err := parseArgs(append([]string{"-older-than", "24h"}, args...), user)
	require.NoError(s, err)
	opts.Account, opts.API = imagestest.AccountID, "https://api.example"
	client := s.server.Client(append(clientOptions(opts.batch), s.client...)...)
	err = prune(ctx, client, opts, user)
	return out.String(), err
}

// delete runs it with -delete and -yes on the report.
func (s *setup) delete(args ...string) (stdout string, err error) {
	s.Helper()
	return s.prune(s.Context(), console{}, append([]string{"-delete", "-yes", "-report", s.report}, args...)...)
}

// names returns the file names of the images that the server still has.
func (s *setup) names() []string {
	var names []string
	for _, img := range s.server.Images() {
		names = append(names, img.Filename)
	}
	return names
}

// outcomes returns the last outcome of each image in the report.
func (s *setup) outcomes() map[string]int {
	s.Helper()
	r, err := openReport(s.report, s.selection())
	require.NoError(s, err)
	counts := map[string]int{"planned": r.images, "failed": 0}
	for result, n := range r.done {
		counts[string(result)] = n
	}
	require.NoError(s, r.close())
	return counts
}

// selection is that of -older-than 24h -all.
func (s *setup) selection() selection {
	return selection{API: "https://api.example", Account: imagestest.AccountID, OlderThan: "24h0m0s", All: true}
}

// transport is called with the number of each request, from 0.
type transport func(n int, req *http.Request, send http.RoundTripper) (*http.Response, error)

// intercept puts f before all requests of the program.
func (s *setup) intercept(f transport) {
	client := s.server.HTTPClient()
	s.client = []cfimages.Option{cfimages.WithHTTPClient(&http.Client{Transport: &counting{f: f, next: client.Transport}})}
}

type counting struct {
	n    atomic.Int64
	f    transport
	next http.RoundTripper
}

func (c *counting) RoundTrip(req *http.Request) (*http.Response, error) {
	return c.f(int(c.n.Add(1)-1), req, c.next)
}

func TestDryRunDeletesNothing(t *testing.T) {
	bubble(t, append(old(3), young("a")...), func(t *testing.T, s *setup) {
		stdout, err := s.prune(s.Context(), console{}, "-all")
		require.NoError(t, err)
		assert.Equal(t, 3, strings.Count(stdout, "old-"))
		assert.Contains(t, stdout, "oldest:   1999-12-30T23:57:00Z\n  newest:   1999-12-30T23:59:00Z\n")
		assert.Len(t, s.server.Images(), 4)
		assert.Zero(t, s.server.Count(imagestest.OpDelete))
	})
}

func TestWhatWasShownIsWhatIsDeleted(t *testing.T) {
	bubble(t, append(old(3), young("a")...), func(t *testing.T, s *setup) {
		_, err := s.prune(s.Context(), console{}, "-all", "-report", s.report)
		require.NoError(t, err)
		assert.Len(t, s.server.Images(), 4)
		time.Sleep(48 * time.Hour) // until a is old enough too
		stdout, err := s.delete("-all")
		require.NoError(t, err)
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
			_, err := s.delete(strings.Fields(args)...)
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
			user := console{in: strings.NewReader(answer), terminal: true}
			stdout, err := s.prune(s.Context(), user, "-all", "-delete", "-report", s.report)
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

func TestManyPages(t *testing.T) {
	bubble(t, append(old(2500), young("a")...), func(t *testing.T, s *setup) {
		stdout, err := s.prune(s.Context(), console{}, "-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "images:   2500\n")
		assert.Equal(t, 3, s.server.Count(imagestest.OpList))
	})
}

func TestNothingIsAskedForBeyondTheFirstYoungImage(t *testing.T) {
	bubble(t, append(old(5), young(make([]string, 3000)...)...), func(t *testing.T, s *setup) {
		_, err := s.delete("-all")
		require.NoError(t, err)
		assert.Equal(t, 1, s.server.Count(imagestest.OpList))
		assert.Len(t, s.server.Images(), 3000)
	})
}

func TestAnImageOfUnknownAgeStopsThePlan(t *testing.T) {
	bubble(t, old(1), func(t *testing.T, s *setup) {
		s.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Reply{
			Body: `{"success":true,"errors":[],"messages":[],"result":{"images":[{"id":"ageless"}]}}`,
		}})
		_, err := s.delete("-all")
		require.ErrorContains(t, err, `image "ageless" has no upload time`)
		assert.Zero(t, s.server.Count(imagestest.OpDelete))
	})
}

func TestImagesOfOthersStopThePlan(t *testing.T) {
	for _, creator := range []string{`"alice"`, "null", `"Bob"`} {
		bubble(t, old(1), func(t *testing.T, s *setup) {
			s.server.Inject(imagestest.Fault{Operation: imagestest.OpList, Kind: imagestest.Reply{
				Body: `{"success":true,"errors":[],"messages":[],"result":{"images":[
					{"id":"his","uploaded":"1999-01-01T00:00:00Z","creator":"bob"},
					{"id":"another","uploaded":"1999-01-01T00:00:00Z","creator":` + creator + `}]}}`,
			}})
			_, err := s.delete("-creator", "bob")
			require.ErrorContains(t, err, `image "another" is of creator "`+strings.Trim(strings.TrimPrefix(creator, "null"), `"`)+`": the server does not keep to -creator`)
			assert.Zero(t, s.server.Count(imagestest.OpDelete))
		})
	}
}

func TestTerminalIsNotObeyed(t *testing.T) {
	images := old(1)
	images[0].Filename = "a\x1b[2Jb"
	bubble(t, images, func(t *testing.T, s *setup) {
		stdout, err := s.prune(s.Context(), console{}, "-all")
		require.NoError(t, err)
		assert.Contains(t, stdout, "a�[2Jb")
		assert.NotContains(t, stdout, "\x1b")
	})
}
