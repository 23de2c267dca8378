package multipartbody_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/multipartbody"
)

func TestBrokenPromise(t *testing.T) {
	tests := []struct {
		name  string
		src   io.Reader
		found int64
	}{
		{"short", onlyReader{strings.NewReader("abcd")}, 4},
		{"short, EOF with the last bytes", iotest.DataErrReader(onlyReader{strings.NewReader("abcd")}), 4},
		{"empty", onlyReader{strings.NewReader("")}, 0},
		{"long by one byte", onlyReader{strings.NewReader("abcdef")}, 6},
		{"long, byte by byte", iotest.OneByteReader(strings.NewReader("abcdefgh")), 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := multipartbody.New("file", "a", "", tt.src, 5)
			require.NoError(t, err)
			var last int64
			body.OnProgress = func(sent, _ int64) { last = sent }

			raw, err := io.ReadAll(body)
			var sizeErr *multipartbody.SizeError
			require.ErrorAs(t, err, &sizeErr)
			assert.Equal(t, multipartbody.SizeError{Promised: 5, Found: tt.found}, *sizeErr)
			assert.Less(t, int64(len(raw)), body.Len(), "never a complete body")
			assert.LessOrEqual(t, last, int64(5))

			n, again := body.Read(make([]byte, 10))
			assert.Zero(t, n)
			assert.Equal(t, err, again)
		})
	}
}

func TestSeekableThatGrowsOrShrinks(t *testing.T) {
	for change, size := range map[string]int64{"grows": 20, "shrinks": 5} {
		file := openFile(t, "0123456789", 0)
		body, err := multipartbody.New("file", "a", "", file, 0)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(file.Name(), size))
		_, err = io.ReadAll(body)
		var sizeErr *multipartbody.SizeError
		assert.ErrorAs(t, err, &sizeErr, change)
	}
}

func TestSourceFails(t *testing.T) {
	cause := errors.New("disk on fire")
	body, err := multipartbody.New("file", "a", "", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cause)), 10)
	require.NoError(t, err)
	_, err = io.ReadAll(body)
	assert.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "reading the file after 3 bytes")

	body, err = multipartbody.New("file", "a", "", liar{}, 10)
	require.NoError(t, err)
	_, err = io.ReadAll(body)
	assert.ErrorContains(t, err, "claims to have read")
}

func TestAgainStartsAgain(t *testing.T) {
	file := openFile(t, "before0123456789", int64(len("before")))
	first, err := multipartbody.New("file", "a", "", file, 0)
	require.NoError(t, err)
	var progress []int64
	first.OnProgress = func(sent, _ int64) { progress = append(progress, sent) }
	_, err = io.CopyN(io.Discard, onlyReader{first}, first.Len()-40)
	require.NoError(t, err)

	for range 2 {
		progress = nil
		next, err := first.Again()
		require.NoError(t, err)
		raw, err := io.ReadAll(next)
		require.NoError(t, err)
		_, content := onlyPart(t, first.ContentType(), raw)
		assert.Equal(t, "0123456789", content)
		assert.Equal(t, int64(10), progress[len(progress)-1])
	}

	_, err = io.ReadAll(first)
	assert.ErrorContains(t, err, "replaced by a newer one")

	require.NoError(t, file.Close())
	_, err = first.Again()
	assert.ErrorIs(t, err, os.ErrClosed)
}

// A transport may start anew while its first attempt still reads.
func TestAgainDuringARead(t *testing.T) {
	content := strings.Repeat("0123456789", 10_000)
	first, err := multipartbody.New("file", "a", "", strings.NewReader(content), 0)
	require.NoError(t, err)
	started := make(chan struct{})
	firstErr := make(chan error)
	go func() {
		_, err := io.CopyBuffer(&signalling{onFirst: started}, iotest.OneByteReader(first), nil)
		firstErr <- err
	}()
	<-started
	next, err := first.Again()
	require.NoError(t, err)
	raw, err := io.ReadAll(next)
	require.NoError(t, err)
	_, got := onlyPart(t, first.ContentType(), raw)
	assert.Equal(t, content, got)
	assert.ErrorContains(t, <-firstErr, "replaced by a newer one")
}

func TestCloseLeavesTheSourceOpen(t *testing.T) {
	file := openFile(t, "0123456789", 0)
	body, err := multipartbody.New("file", "a", "", file, 0)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.NoError(t, body.Close())

	_, err = io.ReadAll(body)
	assert.ErrorContains(t, err, "the body was closed")
	rest, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Equal(t, "0123456789", string(rest), "nothing was read")
}

func TestAgainBeforeAnythingWasRead(t *testing.T) {
	first, err := multipartbody.New("file", "a", "", onlyReader{strings.NewReader("content")}, 0)
	require.NoError(t, err)
	require.NoError(t, first.Close())
	next, err := first.Again()
	require.NoError(t, err)
	raw, err := io.ReadAll(next)
	require.NoError(t, err)
	_, content := onlyPart(t, next.ContentType(), raw)
	assert.Equal(t, "content", content)
}

// Nothing ends a read of a pipe that nobody writes to: the body lets go of it.
func TestReleaseGivesUpABlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		body, err := multipartbody.New("file", "a", "", r, 0)
		require.NoError(t, err)
		read := make(chan error)
		go func() {
			_, err := io.ReadAll(body)
			read <- err
		}()
		synctest.Wait()
		require.NoError(t, body.Close())
		assert.ErrorContains(t, <-read, "the body was closed")

		start := time.Now()
		body.Release(time.Minute)
		assert.Equal(t, time.Minute, time.Since(start), "the read is still there")
		require.NoError(t, w.Close())
	})
}

func TestReleaseWaitsForProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, err := multipartbody.New("file", "a", "", strings.NewReader("content"), 0)
		require.NoError(t, err)
		var reporting atomic.Bool
		body.OnProgress = func(_, _ int64) {
			reporting.Store(true)
			time.Sleep(time.Second)
			reporting.Store(false)
		}
		go io.ReadAll(body)
		synctest.Wait()
		require.True(t, reporting.Load())
		body.Release(0)
		assert.False(t, reporting.Load())
	})
}
