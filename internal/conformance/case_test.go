package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// testCase is one call, or a few, to a server that fails on request, and the
// whole outcome. It runs over HTTP/1.1 and over HTTP/2.
type testCase struct {
	name      string
	server    []imagestest.Option
	client    []cfimages.Option
	faults    []imagestest.Fault // each must be used
	refuse    int                // the first connections, which are refused
	call      func(ctx context.Context, f *fixture) error
	want      outcome
	overHTTP2 func(want *outcome) // changes what differs there; nil: nothing
	only      protocol            // "": both
}

// outcome is what a case states. Time is virtual: a call that does not wait
// takes none.
type outcome struct {
	is         []error // the sentinels that errors.Is matches, and no others; no sentinel, status or text: a success
	says       string  // part of the error's text
	status     int     // of the *Error
	attempts   int     // of the *Error
	retryAfter time.Duration
	requests   int           // that reached the server
	resent     int           // up to so many more: net/http resends what HTTP/2 lets it
	dials      int           // 0: not stated
	stored     string        // images and (drafts) afterwards; "": the same as before
	took       time.Duration // exactly; at least, if atMost is set
	atMost     time.Duration
}

// sentinels are the errors of which a case states those that it has.
var sentinels = []error{
	cfimages.ErrInvalidParams, cfimages.ErrBadRequest, cfimages.ErrUnauthorized, cfimages.ErrForbidden, cfimages.ErrNotFound, cfimages.ErrConflict,
	cfimages.ErrGone, cfimages.ErrRateLimited, cfimages.ErrOutcomeUnknown, cfimages.ErrMalformedResponse,
	cfimages.ErrResponseTooLarge, cfimages.ErrTokenLoop, context.Canceled, context.DeadlineExceeded,
}

func TestConformance(t *testing.T) {
	groups := map[string][]testCase{
		"plain": plainCases(), "status": statusCases(), "Retry-After": retryAfterCases(), "time": timeCases(),
		"connection": connectionCases(), "response": responseCases(), "bound": boundCases(), "write": writeCases(),
		"upload": uploadCases(), "walk": walkCases(), "quota": quotaCases(), "batch": batchCases(),
		"dead": deadCases(), "together": togetherCases(), "goaway": goAwayCases(), "reset": resetCases(),
		"token source": tokenSourceCases(), "read": readCases(), "account": accountCases(),
	}
	total := 0
	for group, cases := range groups {
		total += len(cases)
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			names := make(map[string]bool)
			for i, c := range cases {
				require.False(t, names[c.name], "two cases are named %q", c.name)
				names[c.name] = true
				c.client = append(c.client, logins[i%len(logins)])
				t.Run(c.name, func(t *testing.T) {
					over(t, c.protocols(), c.run)
				})
			}
		})
	}
	assert.GreaterOrEqual(t, total, 60)
}

// run runs the case over a protocol.
func (c testCase) run(t *testing.T, p protocol) {
	if p == http2 && c.overHTTP2 != nil {
		c.overHTTP2(&c.want)
	}
	f := newFixture(t, p, c.server, c.client)
	defer f.server.Close()
	f.refuse = c.refuse
	f.server.Inject(c.faults...)
	start := time.Now()
	err := c.call(t.Context(), f)
	took := time.Since(start)

	c.want.checkError(t, err)
	requests := len(f.server.Requests()) - f.looks
	assert.GreaterOrEqual(t, requests, c.want.requests, "requests")
	assert.LessOrEqual(t, requests, c.want.requests+c.want.resent, "requests")
	if c.want.dials > 0 {
		assert.Equal(t, c.want.dials, int(f.dials.Load()), "dials")
	}
	if c.want.atMost == 0 {
		c.want.atMost = c.want.took
	}
	assert.GreaterOrEqual(t, took, c.want.took, "virtual time")
	assert.LessOrEqual(t, took, c.want.atMost, "virtual time")
	f.checkNothingLeft(t)
	if c.want.stored == "" {
		c.want.stored = before
	}
	assert.Equal(t, c.want.stored, f.stored())
	f.checkNoSecrets(t, err)
	records := strings.Count(f.log.String(), "cfimages request")
	if f.attempts.Load() > 0 {
		assert.EqualValues(t, 2*f.attempts.Load(), records, "one record per attempt, as text and as JSON")
	}
}

func (want *outcome) checkError(t *testing.T, err error) {
	t.Helper()
	if len(want.is) == 0 && want.status == 0 && want.says == "" {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	requirePrintable(t, err.Error())
	assert.ErrorContains(t, err, want.says)
	for _, target := range want.is {
		assert.ErrorIs(t, err, target)
	}
	for _, sentinel := range sentinels {
		if !slices.Contains(want.is, sentinel) {
			assert.NotErrorIs(t, err, sentinel)
		}
	}
	e, ok := errors.AsType[*cfimages.Error](err)
	assert.Equal(t, want.status > 0 || want.attempts > 0 || want.retryAfter > 0, ok, "is an *Error: %v", err)
	if ok {
		assert.Equal(t, want.status, e.StatusCode, "status")
		assert.Equal(t, want.attempts, e.Attempts, "attempts")
		assert.Equal(t, want.retryAfter, e.RetryAfter, "Retry-After")
	}
}

// longestError is how long the text of an error may be, whatever the server says.
const longestError = 16 << 10

// requirePrintable checks that a text is fit for one line of a log.
func requirePrintable(t *testing.T, text string) {
	t.Helper()
	require.LessOrEqual(t, len(text), longestError, "%.200q", text)
	require.True(t, utf8.ValidString(text), "%q", text)
	require.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
}

// sentinelOf returns what errors.Is finds in the error of a status.
func sentinelOf(status int) []error {
	switch status {
	case 400:
		return []error{cfimages.ErrBadRequest}
	case 401:
		return []error{cfimages.ErrUnauthorized}
	case 403:
		return []error{cfimages.ErrForbidden}
	case 404:
		return []error{cfimages.ErrNotFound}
	case 409:
		return []error{cfimages.ErrConflict}
	case 410:
		return []error{cfimages.ErrGone}
	case 429:
		return []error{cfimages.ErrRateLimited}
	}
	return nil
}

// backoffs is the longest that n waits of the default policy take together.
func backoffs(n int) time.Duration {
	total := time.Duration(0)
	for i := range n {
		total += min(200*time.Millisecond<<i, 5*time.Second)
	}
	return total
}

func targets(all ...error) []error { return all }

// title joins the parts of a case's name.
func title(parts ...any) string { return strings.TrimSpace(fmt.Sprintln(parts...)) }
