package send

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newWatchdog returns a watchdog of a response whose headers were received. It closes
// fired when the response times out.
func newWatchdog(fired chan struct{}) *watchdog {
	w := new(watchdog)
	w.start(time.Hour, func(error) { close(fired) }, new(evidence))
	w.headersReceived()
	return w
}

func TestBodyEndsAtItsLimit(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":             func(r io.Reader) io.Reader { return r },
		"bytes":             iotest.OneByteReader,
		"EOF with the data": iotest.DataErrReader,
	} {
		for size, want := range map[int]error{0: nil, 9: nil, 10: nil, 11: errTooLarge, 1000: errTooLarge} {
			body := newBody(io.NopCloser(wrap(strings.NewReader(strings.Repeat("x", size)))), 10, 10, newWatchdog(nil), new(evidence), new([prefixSize]byte))
			text, err := io.ReadAll(&body)
			require.Equal(t, want, err, "%s: %d bytes", name, size)
			assert.Equal(t, want, body.err)
			assert.Len(t, text, min(size, 10))
			assert.Equal(t, int64(len(text)), body.read)
			assert.Equal(t, string(text), string(body.prefix))
			_, again := body.Read(make([]byte, 1))
			if want == nil {
				want = io.EOF
			}
			assert.Equal(t, want, again)
		}
	}
}

func TestBodyBoundsEachValue(t *testing.T) {
	body := newBody(io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), 100, 10, newWatchdog(nil), new(evidence), new([prefixSize]byte))
	for range 5 {
		_, err := io.ReadFull(&body, make([]byte, 10))
		require.NoError(t, err)
		body.checkpoint()
	}
	n, err := io.ReadFull(&body, make([]byte, 11))
	assert.Equal(t, 10, n)
	assert.Equal(t, errTooLarge, err)
}

func TestBodyKeepsItsError(t *testing.T) {
	lost := errors.New("lost")
	body := newBody(io.NopCloser(io.MultiReader(strings.NewReader("some"), iotest.ErrReader(lost))), 10, 10, newWatchdog(nil), new(evidence), new([prefixSize]byte))
	text, err := io.ReadAll(&body)
	assert.Equal(t, "some", string(text))
	assert.Equal(t, lost, err)
	assert.Equal(t, lost, body.err)
	_, err = body.Read(make([]byte, 1))
	assert.Equal(t, lost, err)
}

func TestBodyKeepsAShortPrefix(t *testing.T) {
	body := newBody(io.NopCloser(strings.NewReader(strings.Repeat("ab", 1000))), 1<<20, 1<<20, newWatchdog(nil), new(evidence), new([prefixSize]byte))
	_, err := io.Copy(io.Discard, &body)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("ab", 512), string(body.prefix))
	assert.EqualValues(t, 2000, body.read)
}

// slow is a reader that returns one byte after each delay.
type slow struct{ delay time.Duration }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(s.delay)
	return copy(p[:1], "x"), nil
}

func TestBodyIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := make(chan struct{})
		body := newBody(io.NopCloser(slow{29 * time.Second}), 1<<20, 1<<20, newWatchdog(fired), new(evidence), new([prefixSize]byte))
		for range 100 {
			_, err := body.Read(make([]byte, 10))
			require.NoError(t, err)
			time.Sleep(time.Hour) // a slow reader is not an idle server
		}
		select {
		case <-fired:
			t.Fatal("a response that was not idle timed out")
		default:
		}
		stalled := newBody(io.NopCloser(slow{31 * time.Second}), 1<<20, 1<<20, newWatchdog(fired), new(evidence), new([prefixSize]byte))
		_, err := stalled.Read(make([]byte, 10))
		require.NoError(t, err, "the watchdog does not end the read itself")
		<-fired
	})
}
