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

func TestFileOfAnotherSize(t *testing.T) {
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
			form, err := multipartbody.New(nil, "file", "a", "", tt.src, 5)
			require.NoError(t, err)
			var last int64
			form.OnProgress = func(sent, _ int64) { last = sent }

			body := open(t, form)
			raw, err := io.ReadAll(body)
			var sizeErr *multipartbody.SizeError
			require.ErrorAs(t, err, &sizeErr)
			assert.Equal(t, multipartbody.SizeError{Size: 5, Found: tt.found}, *sizeErr)
			assert.Less(t, int64(len(raw)), form.Len(), "never a complete form")
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
		form, err := multipartbody.New(nil, "file", "a", "", file, 0)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(file.Name(), size))
		sent, err := io.ReadAll(open(t, form))
		var sizeErr *multipartbody.SizeError
		require.ErrorAs(t, err, &sizeErr, change)
		assert.Less(t, int64(len(sent)), form.Len())
	}
}

func TestSourceFails(t *testing.T) {
	cause := errors.New("disk on fire")
	form, err := multipartbody.New(nil, "file", "a", "", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cause)), 10)
	require.NoError(t, err)
	_, err = io.ReadAll(open(t, form))
	assert.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "reading the file after 3 bytes")

	form, err = multipartbody.New(nil, "file", "a", "", liar{}, 10)
	require.NoError(t, err)
	_, err = io.ReadAll(open(t, form))
	assert.ErrorContains(t, err, "claims to have read")
}

// Nothing ends a read of a pipe that nobody writes to: the body abandons it.
func TestCloseAbandonsABlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		form, err := multipartbody.New(nil, "file", "a", "", r, 0)
		require.NoError(t, err)
		body := open(t, form)
		read := make(chan error)
		go func() {
			_, err := io.ReadAll(body)
			read <- err
		}()
		synctest.Wait()
		require.NoError(t, body.Close())
		assert.ErrorContains(t, <-read, "the body was closed")

		start := time.Now()
		form.Release(time.Minute)
		assert.Equal(t, time.Minute, time.Since(start), "the read is still there")
		require.NoError(t, w.Close())
		form.Release(time.Minute)
		assert.Equal(t, time.Minute, time.Since(start), "the read has ended")
	})
}

func TestReleaseWaitsForProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		form, err := multipartbody.New(nil, "file", "a", "", strings.NewReader("content"), 0)
		require.NoError(t, err)
		var reporting atomic.Bool
		form.OnProgress = func(_, _ int64) {
			reporting.Store(true)
			time.Sleep(time.Second)
			reporting.Store(false)
		}
		body := open(t, form)
		go io.ReadAll(body)
		synctest.Wait()
		require.True(t, reporting.Load())
		form.Release(0)
		assert.False(t, reporting.Load())
		_, err = body.Read(make([]byte, 1))
		assert.ErrorContains(t, err, "the body was closed")
	})
}
