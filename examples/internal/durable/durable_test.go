package durable_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

func TestSaveReplacesAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.WriteFile(name+".new", []byte("a longer text left by a crash"), 0o600))
	for _, want := range []durable.Mark{{Lines: 1234567, Bytes: 1}, {Lines: 2}} {
		require.NoError(t, durable.Save(name, want))
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		var got durable.Mark
		require.NoError(t, json.Unmarshal(data, &got))
		assert.Equal(t, want, got)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no temporary file is left")
	assert.Error(t, durable.Save(filepath.Join(name, "x"), 1))
}

func open(t *testing.T, content string) *durable.Journal {
	t.Helper()
	name := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	j, err := durable.Open(name, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

func TestJournalResumesAtAMark(t *testing.T) {
	j := open(t, "{\"n\":1}\n\"two\"\n3\n{\"torn")
	require.NoError(t, j.Cut(durable.Mark{Lines: 2, Bytes: 14}))
	require.NoError(t, j.Append("<4>"))
	assert.Equal(t, durable.Mark{Lines: 3, Bytes: 20}, j.End)
	size, err := j.Size()
	require.NoError(t, err)
	assert.EqualValues(t, 14, size, "the rest is in memory")
	require.NoError(t, j.Sync())
	require.NoError(t, j.Append(5))
	require.NoError(t, j.Flush())
	data, err := os.ReadFile(j.File.Name())
	require.NoError(t, err)
	assert.Equal(t, "{\"n\":1}\n\"two\"\n\"<4>\"\n5\n", string(data))
}

func TestLines(t *testing.T) {
	j := open(t, "1\n22\n333\n4444")
	ends := make(map[string]durable.Mark)
	for line, err := range j.Lines(durable.Mark{Lines: 1, Bytes: 2}) {
		require.NoError(t, err)
		ends[string(line.Text)] = line.End
	}
	assert.Equal(t, map[string]durable.Mark{"22\n": {Lines: 2, Bytes: 5}, "333\n": {Lines: 3, Bytes: 9}}, ends)
	for range j.Lines(durable.Mark{}) {
		break
	}
	require.NoError(t, j.Close())
	for _, err := range j.Lines(durable.Mark{}) {
		require.ErrorIs(t, err, os.ErrClosed)
	}
}
