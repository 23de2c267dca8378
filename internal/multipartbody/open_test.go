package multipartbody_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
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

func TestAnAttemptThatReadNothingLeavesTheForm(t *testing.T) {
	form, err := multipartbody.New(nil, "file", "a", "", onlyReader{strings.NewReader("content")}, 0)
	require.NoError(t, err)
	closed := open(t, form)
	require.NoError(t, closed.Close())
	require.NoError(t, closed.Close())
	replaced := open(t, form)
	body := open(t, form)

	for _, earlier := range []io.ReadCloser{closed, replaced} {
		_, err := io.ReadAll(earlier)
		assert.ErrorContains(t, err, "the body was closed, or replaced by a newer one")
		assert.NoError(t, earlier.Close(), "does not close the newer one")
	}
	raw, err := io.ReadAll(body)
	require.NoError(t, err)
	_, content := onlyPart(t, form.ContentType(), raw)
	assert.Equal(t, "content", content)
}

// net/http closes the body of a request that found no connection.
func TestADialThatFailedLeavesTheForm(t *testing.T) {
	form, err := multipartbody.New(nil, "file", "a", "", strings.NewReader("content"), 0)
	require.NoError(t, err)
	broken := errors.New("no way")
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, broken }}
	req, err := http.NewRequest(http.MethodPost, "http://localhost", open(t, form))
	require.NoError(t, err)
	_, err = transport.RoundTrip(req)
	require.ErrorIs(t, err, broken)

	raw, err := io.ReadAll(open(t, form))
	require.NoError(t, err)
	assert.Len(t, raw, int(form.Len()))
}

func TestOpenFailsOnceABodyWasRead(t *testing.T) {
	form, err := multipartbody.New(nil, "file", "a", "", lengthOf{strings.NewReader("content"), 7}, 0)
	require.NoError(t, err)
	body := open(t, form)
	assert.False(t, form.Spent())
	_, err = body.Read(make([]byte, 1))
	require.NoError(t, err)

	assert.True(t, form.Spent())
	_, err = form.Open()
	assert.ErrorIs(t, err, multipartbody.ErrRead)
	rest, err := io.ReadAll(iotest.OneByteReader(body))
	assert.NoError(t, err, "the body that is open can still be read")
	assert.Len(t, rest, int(form.Len())-1)

	require.NoError(t, body.Close())
	_, err = form.Open()
	assert.ErrorIs(t, err, multipartbody.ErrRead)
}

func TestOpenSeeksTheFileBackToItsStart(t *testing.T) {
	file := openFile(t, "skipped, content", 9)
	form, err := multipartbody.New([]multipartbody.Field{{Name: "id", Value: "x"}}, "file", "a", "", file, 0)
	require.NoError(t, err)
	var progress []int64
	form.OnProgress = func(sent, _ int64) { progress = append(progress, sent) }
	first := open(t, form)
	whole, err := io.ReadAll(first)
	require.NoError(t, err)
	second := open(t, form)
	_, err = io.ReadFull(second, make([]byte, form.Len()-40)) // within the file
	require.NoError(t, err)
	third := open(t, form)
	again, err := io.ReadAll(third)
	require.NoError(t, err)

	assert.Equal(t, string(whole), string(again))
	assert.Contains(t, string(whole), "\r\n\r\ncontent\r\n")
	for _, earlier := range []io.ReadCloser{first, second} {
		_, err := earlier.Read(make([]byte, 1))
		assert.ErrorContains(t, err, "replaced by a newer one")
	}
	assert.EqualValues(t, 7, progress[len(progress)-1])

	require.NoError(t, file.Close())
	_, err = form.Open()
	assert.ErrorIs(t, err, os.ErrClosed)
}

// Open waits for the end of a Read that has begun, and rewinds the file then.
func TestOpenWaitsForARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowSeeker{Reader: strings.NewReader("content")}
		form, err := multipartbody.New(nil, "file", "a", "", slow, 0)
		require.NoError(t, err)
		body := open(t, form)
		go io.Copy(io.Discard, body)
		synctest.Wait()
		require.True(t, slow.reading.Load())

		raw, err := io.ReadAll(open(t, form))
		require.NoError(t, err)
		_, content := onlyPart(t, form.ContentType(), raw)
		assert.Equal(t, "content", content)
	})
}

// slowSeeker takes a second for a Read, and notices another one or a Seek meanwhile.
type slowSeeker struct {
	*strings.Reader
	reading atomic.Bool
}

func (s *slowSeeker) Read(p []byte) (int, error) {
	if s.reading.Swap(true) {
		return 0, errors.New("two reads at once")
	}
	defer s.reading.Store(false)
	time.Sleep(time.Second)
	return s.Reader.Read(p)
}

func (s *slowSeeker) Seek(offset int64, whence int) (int64, error) {
	if s.reading.Load() {
		return 0, errors.New("a seek during a read")
	}
	return s.Reader.Seek(offset, whence)
}

// Open does not wait for a body that is being read.
func TestOpenFailsDuringARead(t *testing.T) {
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
		_, err = form.Open()
		assert.ErrorIs(t, err, multipartbody.ErrRead)
		require.NoError(t, w.Close())
		assert.NoError(t, <-read)
	})
}

func TestCloseLeavesTheFileOpen(t *testing.T) {
	file := openFile(t, "0123456789", 0)
	form, err := multipartbody.New(nil, "file", "a", "", file, 0)
	require.NoError(t, err)
	body := open(t, form)
	require.NoError(t, body.Close())
	form.Release(0)

	_, err = io.ReadAll(body)
	assert.ErrorContains(t, err, "the body was closed")
	rest, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Equal(t, "0123456789", string(rest), "nothing was read")
}

// A body that is closed while it is read fails at its next Read.
func TestCloseDuringARead(t *testing.T) {
	var body io.ReadCloser
	src := readerFunc(func(p []byte) (int, error) { return len(p[:1]), body.Close() })
	form, err := multipartbody.New(nil, "file", "a", "", lengthOf{src, 10}, 0)
	require.NoError(t, err)
	body = open(t, form)
	raw, err := io.ReadAll(body)
	assert.ErrorContains(t, err, "the body was closed")
	assert.Less(t, int64(len(raw)), form.Len())
	_, err = form.Open()
	assert.ErrorIs(t, err, multipartbody.ErrRead)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type lengthOf struct {
	io.Reader
	n int
}

func (l lengthOf) Len() int { return l.n }
