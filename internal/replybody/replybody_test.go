package replybody_test

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

	"github.com/cfimages/cfimages-go/internal/replybody"
)

// idle returns a timer as New wants it, that closes fired when it fires.
func idle(fired chan struct{}) *time.Timer {
	timer := time.AfterFunc(time.Hour, func() { close(fired) })
	timer.Stop()
	return timer
}

func TestLimit(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":             func(r io.Reader) io.Reader { return r },
		"bytes":             iotest.OneByteReader,
		"EOF with the data": iotest.DataErrReader,
	} {
		for size, want := range map[int]error{0: nil, 9: nil, 10: nil, 11: replybody.ErrTooLarge, 1000: replybody.ErrTooLarge} {
			body := replybody.New(io.NopCloser(wrap(strings.NewReader(strings.Repeat("x", size)))), 10, 10, time.Second, idle(nil))
			text, err := io.ReadAll(body)
			require.Equal(t, want, err, "%s: %d bytes", name, size)
			assert.Equal(t, want, body.Err())
			assert.Len(t, text, min(size, 10))
			assert.Equal(t, int64(len(text)), body.Len())
			prefix, whole := body.Prefix()
			assert.Equal(t, string(text), string(prefix))
			assert.True(t, whole)
			_, again := body.Read(make([]byte, 1))
			if want == nil {
				want = io.EOF
			}
			assert.Equal(t, want, again)
		}
	}
}

func TestLimitOfAValue(t *testing.T) {
	body := replybody.New(io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), 100, 10, time.Second, idle(nil))
	for range 5 {
		_, err := io.ReadFull(body, make([]byte, 10))
		require.NoError(t, err)
		body.Checkpoint()
	}
	n, err := io.ReadFull(body, make([]byte, 11))
	assert.Equal(t, 10, n)
	assert.Equal(t, replybody.ErrTooLarge, err)
}

func TestErrorsStay(t *testing.T) {
	lost := errors.New("lost")
	body := replybody.New(io.NopCloser(io.MultiReader(strings.NewReader("some"), iotest.ErrReader(lost))), 10, 10, time.Second, idle(nil))
	text, err := io.ReadAll(body)
	assert.Equal(t, "some", string(text))
	assert.Equal(t, lost, err)
	assert.Equal(t, lost, body.Err())
	_, err = body.Read(make([]byte, 1))
	assert.Equal(t, lost, err)
}

func TestPrefixIsShort(t *testing.T) {
	body := replybody.New(io.NopCloser(strings.NewReader(strings.Repeat("ab", 1000))), 1<<20, 1<<20, time.Second, idle(nil))
	_, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	prefix, whole := body.Prefix()
	assert.Equal(t, strings.Repeat("ab", 512), string(prefix))
	assert.False(t, whole)
}

// slow delivers a byte after each pause.
type slow struct{ pause time.Duration }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	return copy(p[:1], "x"), nil
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := make(chan struct{})
		body := replybody.New(io.NopCloser(slow{29 * time.Second}), 1<<20, 1<<20, 30*time.Second, idle(fired))
		for range 100 {
			_, err := body.Read(make([]byte, 10))
			require.NoError(t, err)
			time.Sleep(time.Hour) // a slow consumer is not the server's silence
		}
		select {
		case <-fired:
			t.Fatal("fired without a silence")
		default:
		}
		stalled := replybody.New(io.NopCloser(slow{31 * time.Second}), 1<<20, 1<<20, 30*time.Second, idle(fired))
		_, err := stalled.Read(make([]byte, 10))
		require.NoError(t, err, "to end the read is the owner's business")
		<-fired
	})
}
