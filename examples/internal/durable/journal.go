package durable

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
)

// Mark is a position between two lines of a journal.
type Mark struct {
	Lines int   `json:"lines"`
	Bytes int64 `json:"bytes"`
}

// Journal is a file of JSON lines. Lines are only appended; Cut removes lines at
// the end.
type Journal struct {
	File *os.File
	End  Mark // position after the last line appended since Cut

	buf     *bufio.Writer
	encoder *json.Encoder
}

// Open opens or creates a journal and locks it. Call Cut before Append.
func Open(name string, perm os.FileMode) (*Journal, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, perm)
	if err != nil {
		return nil, err
	}
	if err := check(file); err != nil {
		file.Close()
		return nil, err
	}
	j := &Journal{File: file, buf: bufio.NewWriterSize(file, 64<<10)}
	j.encoder = json.NewEncoder(counter{j})
	j.encoder.SetEscapeHTML(false)
	return j, nil
}

func check(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file, so it cannot be truncated", file.Name())
	}
	return Lock(file)
}

// Size returns the length of the file.
func (j *Journal) Size() (int64, error) {
	info, err := j.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Cut truncates the file at a mark. The next line is appended there.
func (j *Journal) Cut(at Mark) error {
	size, err := j.Size()
	if err != nil {
		return err
	}
	if size < at.Bytes {
		return j.changed(fmt.Sprintf("it has %d bytes, but the checkpoint says %d", size, at.Bytes))
	}
	last := []byte{'\n'}
	if at.Bytes > 0 {
		if _, err := j.File.ReadAt(last, at.Bytes-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		return j.changed(fmt.Sprintf("no line ends at byte %d, where the checkpoint says", at.Bytes))
	}
	if err := j.File.Truncate(at.Bytes); err != nil {
		return err
	}
	j.End = at
	_, err = j.File.Seek(at.Bytes, io.SeekStart)
	return err
}

func (j *Journal) changed(how string) error {
	return fmt.Errorf("%s was changed: %s; restore it, or remove it and all files that belong to it to start over", j.File.Name(), how)
}

// Line is a line of a journal.
type Line struct {
	Text []byte
	End  Mark
}

// Lines returns the complete lines after a mark. It skips an incomplete last
// line, which a crash may leave.
func (j *Journal) Lines(from Mark) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		text := bufio.NewReader(io.NewSectionReader(j.File, from.Bytes, math.MaxInt64-from.Bytes))
		for at := from; ; {
			line, err := text.ReadBytes('\n')
			if err == io.EOF {
				return
			}
			at.Lines++
			at.Bytes += int64(len(line))
			if !yield(Line{line, at}, err) || err != nil {
				return
			}
		}
	}
}

// Append appends a line. The line may stay in memory until Flush or Sync.
func (j *Journal) Append(value any) error {
	if err := j.encoder.Encode(value); err != nil {
		return err
	}
	j.End.Lines++
	return nil
}

// counter counts the bytes that the encoder writes.
type counter struct{ *Journal }

func (c counter) Write(p []byte) (int, error) {
	n, err := c.buf.Write(p)
	c.End.Bytes += int64(n)
	return n, err
}

// Flush writes the appended lines to the file.
func (j *Journal) Flush() error { return j.buf.Flush() }

// Sync flushes the appended lines and syncs them to the disk.
func (j *Journal) Sync() error {
	if err := j.Flush(); err != nil {
		return err
	}
	return j.File.Sync()
}

// Close closes the file. Lines that were not flushed are lost.
func (j *Journal) Close() error { return j.File.Close() }
