package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// command runs the program as a shell would, and returns its output and exit code.
func command(t *testing.T, user console, args string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	user.out = &out
	code = program.ExitCode("prune", run(t.Context(), strings.Fields(args), user), &errs)
	return out.String(), errs.String(), code
}

func TestDemoAndHelp(t *testing.T) {
	for args, wants := range map[string][]string{
		"-demo -older-than 30d -where status=expired": {"images:   16\n", "at least 8s, for 16 calls", "Nothing was deleted"},
		"-help": {"-older-than age", "-reserve share", "priority<=2"},
	} {
		stdout, stderr, code := command(t, console{}, args)
		assert.Zero(t, code, stderr)
		assert.Empty(t, stderr)
		for _, want := range wants {
			assert.Contains(t, stdout, want)
		}
		if args != "-help" {
			assert.Equal(t, 16, strings.Count(stdout, ".png"))
		}
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-all", "-older-than is missing"},
		{"-older-than 30d", "-where, -creator, or -all"},
		{"-older-than 30d -all -creator bob", "-all cannot be combined"},
		{"-older-than 30d -all -where a=1", "-all cannot be combined"},
		{"-older-than 30d -creator=", "must not be empty"},
		{"-older-than 30d -where status", "the operator is missing"},
		{"-older-than 30d -where a=1 -where a=2", "twice"},
		{"-older-than 30d -where =1", "field"},
		{"-older-than 30d -all -limit -1", "-limit must not be negative"},
		{"-older-than 30d -all -rate -1", "-rate must be"},
		{"-older-than 30d -all -rate NaN", "-rate must be"},
		{"-older-than 30d -all -rate 201", "-rate must be"},
		{"-older-than 30d -all -workers 65", "-workers must be 1 to 64"},
		{"-older-than 30d -all -reserve 1", "-reserve must be"},
		{"-older-than 30d -all -reserve NaN", "-reserve must be"},
		{"-older-than 30d -all -delete -yes", "-delete requires -report"},
		{"-older-than 30d -all -delete -report r.jsonl", "there is no terminal"},
		{"-older-than 30d -all now", `unexpected argument "now"`},
		{"-older-than month -all", "must be days, such as 30d"},
		{"-unknown", "-unknown"},
	} {
		stdout, stderr, code := command(t, console{}, "-demo "+test.args)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want, test.args)
	}
}

// The program is interrupted while a deletion is in flight.
func TestInterrupt(t *testing.T) {
	demo := newDemo()
	t.Cleanup(demo.Close)
	var interrupt context.CancelFunc
	user := console{untilInterrupt: func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, interrupt = context.WithCancel(ctx)
		return ctx, interrupt
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && demo.Count(imagestest.OpDelete) == 3 {
			interrupt()
		}
		demo.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	report := filepath.Join(t.TempDir(), "report")
	for _, want := range []struct {
		code           int
		stdout, stderr string
	}{
		{130, "Stopped: 4 deleted.", "run the same command again to continue with " + report},
		{0, "Done: 16 deleted.", ""},
		{1, "", "is complete (16 deleted): use another -report"}, // used again by mistake: must not look like a success
	} {
		stdout, stderr, code := command(t, user, "-older-than 30d -where status=expired -rate 200 -workers 1 -delete -yes -report "+report)
		require.Equal(t, want.code, code, stderr)
		assert.Contains(t, stdout, want.stdout)
		assert.Contains(t, stderr, want.stderr)
	}
	assert.Len(t, demo.Images(), demoImages-16)
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"api":"`+server.URL+`/client/v4"`)
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "1d": 24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "106751d": 106751 * 24 * time.Hour,
	} {
		age, err := parseAge(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, age, text)
	}
	for _, text := range []string{"", "d", "30", "1.5d", "1d12h", "-30d", "0d", "-1h", "0s", "106752d", "9223372036854775808d", "-9223372036854775808d"} {
		_, err := parseAge(text)
		assert.Error(t, err, text)
	}
}

func TestParseWhere(t *testing.T) {
	query := func(condition cfimages.Condition) url.Values {
		values := url.Values{}
		require.NoError(t, cfimages.Where(condition).EncodeValues("meta", &values))
		return values
	}
	for text, want := range map[string]cfimages.Condition{
		"status=expired":         cfimages.EqUntyped("status", "expired"),
		"region.name=a=b>c":      cfimages.EqUntyped("region.name", "a=b>c"),
		"p>1":                    cfimages.Gt("p", 1),
		"p>=9223372036854775807": cfimages.Gte("p", int64(9223372036854775807)),
		"p<-0.5":                 cfimages.Lt("p", -0.5),
		"p<=2":                   cfimages.Lte("p", 2),
	} {
		condition, err := parseWhere(text)
		require.NoError(t, err, text)
		assert.Equal(t, query(want), query(condition), text)
	}
	for _, text := range []string{"", "status", "p>", "p>high", "p<NaN", "p<Inf", "p>1e400", "p>9223372036854775808"} {
		_, err := parseWhere(text)
		assert.Error(t, err, text)
	}
}
