package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// mark is a place between two lines of a journal.
type mark struct {
	Lines int   `json:"lines"`
	Bytes int64 `json:"bytes"`
}

// journal is a file of JSON lines that only grows, but for what is cut off when
// an export goes on.
type journal struct {
	file *os.File
	buf  *bufio.Writer
	end  mark // of what was appended
	line bytes.Buffer
}

// openJournal opens or makes a file, for one process at a time where the system
// has locks that end with their process.
func openJournal(name string) (*journal, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := checkJournal(file); err != nil {
		file.Close()
		return nil, err
	}
	return &journal{file: file, buf: bufio.NewWriterSize(file, 64<<10)}, nil
}

func checkJournal(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file: an export must be able to cut it off where it goes on", file.Name())
	}
	return lock(file)
}

// size returns how long the file is.
func (j *journal) size() (int64, error) {
	info, err := j.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// cut drops what comes after a mark, and goes on there.
func (j *journal) cut(at mark) error {
	size, err := j.size()
	if err != nil {
		return err
	}
	if size < at.Bytes {
		return j.changed(fmt.Sprintf("it has %d bytes, and the checkpoint says %d", size, at.Bytes))
	}
	last := []byte{'\n'}
	if at.Bytes > 0 {
		if _, err := j.file.ReadAt(last, at.Bytes-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		return j.changed(fmt.Sprintf("it has no end of a line at byte %d, where the checkpoint says", at.Bytes))
	}
	if err := j.file.Truncate(at.Bytes); err != nil {
		return err
	}
	j.end = at
	_, err = j.file.Seek(at.Bytes, io.SeekStart)
	return err
}

func (j *journal) changed(how string) error {
	return fmt.Errorf("%s was changed: %s; restore it, or remove it, the checkpoint and what belongs to them to export all anew", j.file.Name(), how)
}

// tail calls each with the lines after a mark, and returns the mark after the
// last whole one that each did not refuse.
func (j *journal) tail(from mark, each func(line []byte) error) (mark, error) {
	if _, err := j.file.Seek(from.Bytes, io.SeekStart); err != nil {
		return from, err
	}
	lines := bufio.NewReader(j.file)
	for at := from; ; {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return at, err
		}
		if err == io.EOF || each(line) != nil { // torn by a crash
			return at, nil
		}
		at.Lines++
		at.Bytes += int64(len(line))
	}
}

// append adds a line. It may stay in memory until sync or flush.
func (j *journal) append(value any) error {
	j.line.Reset()
	encoder := json.NewEncoder(&j.line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	j.end.Lines++
	j.end.Bytes += int64(j.line.Len())
	_, err := j.buf.Write(j.line.Bytes())
	return err
}

// flush hands what was appended to the system.
func (j *journal) flush() error { return j.buf.Flush() }

// sync returns when what was appended is on the disk.
func (j *journal) sync() error {
	if err := j.flush(); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() error { return j.file.Close() }
