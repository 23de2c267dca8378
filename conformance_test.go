package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// conformanceCase is one call, or a few, against a server that fails on order,
// and all that is to come of it.
type conformanceCase struct {
	name   string
	server []imagestest.Option
	client []cfimages.Option
	faults []imagestest.Fault
	refuse int // connections that are refused first
	call   func(ctx context.Context, b *bench) error
	want   outcome
}

// outcome is what a case states. The time is virtual: without waits, a call
// takes none.
type outcome struct {
	is         []error // the sentinels that errors.Is finds, and no others; none of them and no status: a success
	status     int     // of the *Error
	attempts   int     // of the *Error
	retryAfter time.Duration
	requests   int           // that reached the server
	dials      int           // 0: not stated
	stored     string        // images and (drafts) afterwards; "": as before
	took       time.Duration // exactly, or at least if there is an atMost
	atMost     time.Duration
}

// before is what a bench stores: an image, and a draft that waits for its upload.
const before = "image (draft)"

// sentinels are the errors of which a case states those that it has.
var sentinels = []error{
	cfimages.ErrInvalidParams, cfimages.ErrUnauthorized, cfimages.ErrForbidden, cfimages.ErrNotFound, cfimages.ErrConflict,
	cfimages.ErrGone, cfimages.ErrRateLimited, cfimages.ErrOutcomeUnknown, cfimages.ErrMalformedResponse,
	cfimages.ErrResponseTooLarge, cfimages.ErrTokenLoop, context.Canceled, context.DeadlineExceeded,
}

func TestConformance(t *testing.T) {
	groups := map[string][]conformanceCase{
		"plain": plainCases(), "status": statusCases(), "Retry-After": retryAfterCases(), "time": timeCases(),
		"connection": connectionCases(), "reply": replyCases(), "bound": boundCases(), "create": createCases(),
		"upload": uploadCases(), "walk": walkCases(), "quota": quotaCases(), "batch": batchCases(),
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
					synctest.Test(t, func(t *testing.T) { c.run(t) })
				})
			}
		})
	}
	assert.GreaterOrEqual(t, total, 60)
}

func (c *conformanceCase) run(t *testing.T) {
	b := newBench(t, c.server, c.client)
	defer b.server.Close()
	b.refuse = c.refuse
	b.server.Inject(c.faults...)
	start := time.Now()
	err := c.call(t.Context(), b)
	took := time.Since(start)

	c.want.checkError(t, err)
	assert.Len(t, b.server.Requests(), c.want.requests, "requests")
	if c.want.dials > 0 {
		assert.Equal(t, c.want.dials, b.dials, "dials")
	}
	if c.want.stored == "" {
		c.want.stored = before
	}
	assert.Equal(t, c.want.stored, b.stored())
	if c.want.atMost == 0 {
		c.want.atMost = c.want.took
	}
	assert.GreaterOrEqual(t, took, c.want.took, "virtual time")
	assert.LessOrEqual(t, took, c.want.atMost, "virtual time")
	b.checkNothingLeft(t)
	b.checkNoSecrets(t, err)
	records := strings.Count(b.log.String(), "cfimages request")
	assert.EqualValues(t, 2*b.attempts.Load(), records, "one record per attempt, as text and as JSON")
}

func (want *outcome) checkError(t *testing.T, err error) {
	t.Helper()
	if len(want.is) == 0 && want.status == 0 {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	requirePrintable(t, err.Error())
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

// checkNothingLeft fails the test when the client has left a goroutine or an
// open body behind, or a fault did not strike. The server is still up, so that
// nothing is cleaned away.
func (b *bench) checkNothingLeft(t *testing.T) {
	t.Helper()
	assert.Empty(t, b.server.Unused(), "faults that did not strike")
	b.transport.CloseIdleConnections()
	synctest.Wait()
	assert.Zero(t, b.openBodies.Load(), "open bodies")
	for _, stack := range stacksOfBubble() {
		assert.NotContains(t, stack, "cfimages-go.(", "a goroutine of the library is left")
		assert.NotContains(t, stack, "net/http.(*persistConn)", "a connection is in use")
	}
}

// stacksOfBubble returns the stacks of the goroutines in the synctest bubble of
// the caller, but not its own.
func stacksOfBubble() []string {
	buf := make([]byte, 16<<10)
	n := runtime.Stack(buf, true)
	for ; n == len(buf); n = runtime.Stack(buf, true) {
		buf = make([]byte, 2*len(buf))
	}
	stacks := strings.Split(string(buf[:n]), "\n\n")
	bubble := func(stack string) string {
		_, after, _ := strings.Cut(stack, "synctest bubble ")
		number, _, _ := strings.Cut(after, "]")
		return number
	}
	own := bubble(stacks[0]) // the caller's comes first
	return slices.DeleteFunc(stacks[1:], func(stack string) bool { return bubble(stack) != own })
}

// The checks for what is left behind must find it.
func TestLeavingsAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, nil)
		defer b.server.Close()
		b.server.Inject(imagestest.Fault{Operation: imagestest.OpGet, At: imagestest.MidBody(10), Kind: imagestest.Stall{}})
		done := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- doGet(ctx, b) }()
		synctest.Wait()
		found := strings.Join(stacksOfBubble(), "\n")
		assert.Contains(t, found, "cfimages-go.(")
		assert.Contains(t, found, "net/http.(*persistConn)")
		assert.EqualValues(t, 1, b.openBodies.Load())
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		b.checkNothingLeft(t)
	})
}

// sentinelOf returns what errors.Is finds in the error of a status.
func sentinelOf(status int) []error {
	switch status {
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

// on returns a fault of one operation. Options change where and when it strikes.
func on(op imagestest.Operation, kind imagestest.Kind, options ...func(*imagestest.Fault)) imagestest.Fault {
	f := imagestest.Fault{Operation: op, Kind: kind}
	for _, option := range options {
		option(&f)
	}
	return f
}

func at(p imagestest.Position) func(*imagestest.Fault) {
	return func(f *imagestest.Fault) { f.At = p }
}

func call(n int) func(*imagestest.Fault) { return func(f *imagestest.Fault) { f.Call = n } }

func times(n int) func(*imagestest.Fault) { return func(f *imagestest.Fault) { f.Times = n } }

func faults(all ...imagestest.Fault) []imagestest.Fault { return all }

func targets(all ...error) []error { return all }

// title joins the parts of a case's name.
func title(parts ...any) string { return strings.TrimSpace(fmt.Sprintln(parts...)) }
