package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// runList runs the program as a shell would, and returns its output and exit code.
func runList(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = exitCode(run(t.Context(), args, &out), &errs)
	return out.String(), errs.String(), code
}

// useServer sets the environment to a server with the demo images.
func useServer(t *testing.T, wrap func(http.Handler) http.Handler) *imagestest.Server {
	t.Helper()
	demo := newDemo()
	t.Cleanup(demo.Close)
	server := httptest.NewServer(wrap(demo.Handler()))
	t.Cleanup(server.Close)
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	return demo
}

func asIs(h http.Handler) http.Handler { return h }

func TestTable(t *testing.T) {
	stdout, stderr, code := runList(t, "-demo", "-where", "region.name=eu-west", "-where", "priority>=4", "-where", "status=active|pending")
	require.Zero(t, code, stderr)
	generated := regexp.MustCompile(`(?m)^[0-9a-f-]{36} `)
	assert.Equal(t, `
ID                                    UPLOADED              CREATOR       FILE NAME         METADATA
(a generated ID)  2026-01-01T09:24:00Z  alice         photo-25.png      {"status":"active","priority":5,"region":{"name":"eu-west"}}
(a generated ID)  2026-01-01T09:13:00Z  bob           photo-14.png      {"status":"pending","priority":4,"region":{"name":"eu-west"}}
(a generated ID)  2026-01-01T09:09:00Z  alice         photo-10.png      {"status":"pending","priority":5,"region":{"name":"eu-west"}}
(a generated ID)  2026-01-01T09:08:00Z  -             photo-09.png      {"status":"active","priority":4,"region":{"name":"eu-west"}}
(a generated ID)  2026-01-01T09:04:00Z  bob           photo-05.png      {"status":"active","priority":5,"region":{"name":"eu-west"}}
`, "\n"+generated.ReplaceAllString(stdout, "(a generated ID) "))
}

func TestJSONLines(t *testing.T) {
	stdout, stderr, code := runList(t, "-demo", "-json", "-no-creator", "-sort", "asc", "-limit", "2")
	require.Zero(t, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2)
	for i, name := range []string{"photo-03.png", "photo-06.png"} {
		var img cfimages.Image
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &img))
		assert.Equal(t, name, img.Filename)
		assert.Contains(t, lines[i], `"meta":{"status":"`)
	}
}

func TestFlagsAreSent(t *testing.T) {
	server := useServer(t, asIs)
	stdout, stderr, code := runList(t, "-per-page", "10", "-sort", "asc", "-creator", "bob", "-skip", "2", "-limit", "1",
		"-where", "priority:number=1|2|3|4|5", "-where", "region.name:string=eu-west")
	require.Zero(t, code, stderr)
	requests := server.Requests()
	require.Len(t, requests, 1)
	assert.Equal(t, []string{"priority[in:number]=1|2|3|4|5", "region.name[eq:string]=eu-west"}, requests[0].Filters())
	query := requests[0].Query
	assert.Equal(t, []string{"10", "asc", "bob"}, []string{query.Get("per_page"), query.Get("sort_order"), query.Get("creator")})
	assert.Equal(t, 1, strings.Count(stdout, ".png"))
	assert.Contains(t, stdout, "photo-14.png", "the third of bob's images in eu-west, by upload time")
}

func TestFailedListingCanBeResumed(t *testing.T) {
	broken := true
	useServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken && r.URL.Query().Has("continuation_token") {
				http.Error(w, "no more for you", http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	before, stderr, code := runList(t, "-json", "-per-page", "10")
	require.Equal(t, 1, code)
	assert.Equal(t, 10, strings.Count(before, "\n"))
	_, hint, found := strings.Cut(stderr, "to resume, add: ")
	require.True(t, found, stderr)

	broken = false
	args := append([]string{"-json", "-per-page", "10"}, strings.Fields(strings.ReplaceAll(hint, "'", ""))...)
	after, stderr, code := runList(t, args...)
	require.Zero(t, code, stderr)
	all, _, _ := runList(t, "-json")
	assert.Equal(t, all, before+after)
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-where", "region>eu"}, "list: invalid value \"region>eu\" for flag -where: a number is expected here\n  \"region>eu\"\n          ^\n"},
		{[]string{"-where", "s=1", "-where", "s=2"}, "twice"},
		{[]string{"-where", "a=1", "-where", "b=1", "-where", "c=1", "-where", "d=1", "-where", "e=1", "-where", "f=1"}, "6 conditions"},
		{[]string{"-per-page", "5"}, "PerPage"},
		{[]string{"-sort", "up"}, "SortOrder"},
		{[]string{"-skip", "-1"}, "Skip"},
		{[]string{"-limit", "-1"}, "-limit must not be negative"},
		{[]string{"-creator", ""}, "-no-creator"},
		{[]string{"-creator", "bob", "-no-creator"}, "cannot be combined"},
		{[]string{"images"}, `unexpected argument "images"`},
		{[]string{"-unknown"}, "-unknown"},
	} {
		stdout, stderr, code := runList(t, append([]string{"-demo"}, test.args...)...)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want, test.args)
	}
}

func TestHelp(t *testing.T) {
	stdout, stderr, code := runList(t, "-help")
	assert.Zero(t, code)
	assert.Empty(t, stderr)
	for _, want := range []string{"-no-creator", "continuation", "priority:number=4|5"} {
		assert.Contains(t, stdout, want)
	}
}

func TestNoAccount(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY"} {
		t.Setenv(name, "")
	}
	_, stderr, code := runList(t)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "CLOUDFLARE_ACCOUNT_ID")
}

func TestTableHasNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	show := newTablePrinter(&out)
	require.NoError(t, show(&cfimages.Image{ID: "a\x1b[2Jb", Uploaded: time.Unix(0, 0)}))
	_, row, _ := strings.Cut(out.String(), "\n")
	assert.Equal(t, "a�[2Jb                                1970-01-01T00:00:00Z  -             -                 -\n", row)
}
