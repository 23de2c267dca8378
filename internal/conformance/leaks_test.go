package conformance_test

import (
	"context"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/imagestest"
)

// checkNothingLeft fails the test when the client has left a goroutine or an
// open body behind, or a fault was not used. The server is still up, so that
// nothing is cleaned away.
func (f *fixture) checkNothingLeft(t *testing.T) {
	t.Helper()
	require.Empty(t, f.server.Unused(), "faults that were not used")
	synctest.Wait() // over HTTP/2, a canceled request ends when the server has acknowledged it
	f.transport.CloseIdleConnections()
	synctest.Wait()
	assert.Zero(t, f.openBodies.Load(), "open bodies")
	for _, stack := range stacksOfBubble() {
		assert.False(t, isOfTheLibrary(stack), "a goroutine of the library is left: %s", stack)
		assert.NotRegexp(t, connectionInUse, stack, "a connection is in use")
	}
}

// connectionInUse is what only goroutines of a connection of net/http's client
// have on their stack: that of Go 1.26, or 1.27, which has HTTP/2 in a package of its own.
var connectionInUse = regexp.MustCompile(`net/http\.\(\*(persistConn|http2clientConnReadLoop|http2clientStream)\)|net/http/internal/http2\.\(\*(clientConnReadLoop|clientStream)\)`)

// isOfTheLibrary reports whether a goroutine runs code of the library, or was
// started by it: of the root package or of a package in internal, but not of
// those that only tests use.
func isOfTheLibrary(stack string) bool {
	for line := range strings.Lines(stack) {
		name, ok := strings.CutPrefix(strings.TrimPrefix(line, "created by "), "github.com/cfimages/cfimages-go")
		if !ok {
			continue
		}
		folder, internal := strings.CutPrefix(name, "/internal/")
		if strings.HasPrefix(name, ".") || internal && !testOnly.MatchString(folder) {
			return true
		}
	}
	return false
}

var testOnly = regexp.MustCompile(`^(canned|conformance|conformance_test|memnet)\.`)

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

// The checks of checkNothingLeft must find what a call did not close or end.
func TestLeavingsAreFound(t *testing.T) {
	over(t, protocols, func(t *testing.T, p protocol) {
		f := newFixture(t, p, nil, nil)
		defer f.server.Close()
		f.server.Inject(on(imagestest.OpGet, imagestest.Stall{}, at(imagestest.MidBody(10))))
		done := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- doGet(ctx, f) }()
		synctest.Wait()
		stacks := stacksOfBubble()
		assert.True(t, slices.ContainsFunc(stacks, isOfTheLibrary))
		assert.True(t, slices.ContainsFunc(stacks, connectionInUse.MatchString))
		assert.EqualValues(t, 1, f.openBodies.Load())
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		f.checkNothingLeft(t)
	})
}

func TestGoroutinesOfTheLibraryAreRecognized(t *testing.T) {
	const module = "github.com/cfimages/cfimages-go"
	for stack, want := range map[string]bool{
		"goroutine 7 [select, synctest bubble 1]:\nio.Copy(0x1)\n\t/go/io.go:1\n" + module + ".(*ImagesV1).Get(0x1)": true,
		module + ".newClient(0x1)":                                       true,
		module + "/internal/send.(*Sender).Do(0x1)":                      true,
		module + "/internal/ratelimit.wait(0x1)":                         true,
		"created by " + module + ".(*walk).prefetch in goroutine 1":      true,
		module + "/internal/conformance_test.doGet(0x1)":                 false,
		module + "/internal/conformance.doGet(0x1)":                      false,
		module + "/internal/memnet.(*Conn).Read(0x1)":                    false,
		module + "/internal/canned.(*Transport).Then(0x1)":               false,
		module + "/imagestest.(*Server).serve(0x1)":                      false,
		"net/http.(*conn).serve(0x1)\n\t/src/" + module + "/vendor.go:1": false,
	} {
		assert.Equal(t, want, isOfTheLibrary(stack), stack)
	}
}
