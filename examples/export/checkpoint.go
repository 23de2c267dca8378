package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/cfimages/cfimages-go/examples/internal/durable"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

// checkpoint is the state of an export after a page.
type checkpoint struct {
	Settings string       `json:"settings"` // what is exported, and how
	Token    string       `json:"token"`    // of the next page; "" is the first
	Pages    int          `json:"pages"`
	Images   durable.Mark `json:"images"`
	Files    durable.Mark `json:"files"`
	Failed   durable.Mark `json:"failed"`
	Done     bool         `json:"done"`
}

// open opens and locks the files of the export, and finds where it resumes. It
// changes no file that it cannot resume with.
func (e *exporter) open() (err error) {
	if e.out, err = durable.Open(e.opts.out, 0o666); err != nil {
		return err
	}
	if e.opts.download != "" {
		if err := e.openDownloads(); err != nil {
			return err
		}
	}
	if err := e.load(); err != nil || e.isComplete() {
		return err
	}
	if !e.state.Done {
		if err := e.out.Cut(e.state.Images); err != nil {
			return err
		}
	}
	if e.dir == nil {
		return nil
	}
	return e.resumeDownloads()
}

// load reads the checkpoint, or saves the first one. That comes before any output,
// because an output without a checkpoint cannot be resumed.
func (e *exporter) load() error {
	settings := e.settings()
	data, err := os.ReadFile(e.checkpointName())
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil {
		err = json.Unmarshal(data, &e.state)
	}
	switch {
	case missing && !e.isEmpty():
		where := e.opts.out
		if e.dir != nil {
			where = fmt.Sprintf("%s, %[1]s.files, %[1]s.failed and %s", where, e.opts.download)
		}
		return fmt.Errorf("there is something in %s, and no checkpoint to resume from: take another place, or remove what is there", where)
	case err != nil && !missing:
		return fmt.Errorf("the checkpoint %s is damaged: %w; restore it from a backup, or remove it and what belongs to it to start over", e.checkpointName(), err)
	case e.state.Settings == settings:
		return nil
	case !e.isEmpty():
		return program.Usagef("the export to %s was started with %s, and this is %s; resume with the same flags and account, or take another file",
			e.opts.out, e.state.Settings, settings)
	}
	e.state = checkpoint{Settings: settings}
	return durable.Save(e.checkpointName(), e.state)
}

func (e *exporter) checkpointName() string { return e.opts.out + ".checkpoint" }

// settings are what an export can only be resumed with.
func (e *exporter) settings() string {
	p := &e.opts.params
	creator := "any"
	if p.Creator != nil {
		creator = strconv.Quote(*p.Creator)
	}
	return fmt.Sprintf("account %s at %s, -creator %s -per-page %d -sort %q -download %q -variant %q",
		e.conn.ID, e.conn.BaseURL, creator, p.PerPage, p.SortOrder, e.opts.download, e.opts.variant)
}

// isEmpty reports whether nothing was written yet.
func (e *exporter) isEmpty() bool {
	for _, j := range e.journals() {
		if size, err := j.Size(); err != nil || size > 0 {
			return false
		}
	}
	if e.dir == nil {
		return true
	}
	_, err := e.dir.ReadDir(1)
	return err == io.EOF
}

// isComplete reports whether nothing is left to do. After the last page, the list
// of what failed is newer than the checkpoint.
func (e *exporter) isComplete() bool {
	if !e.state.Done || e.dir == nil {
		return e.state.Done
	}
	size, err := e.failed.Size()
	return err == nil && size == 0
}

// save saves the checkpoint after a page.
func (e *exporter) save(token string) error {
	next := e.state
	next.Token, next.Done = token, token == ""
	next.Pages++
	next.Images = e.out.End
	if e.dir != nil {
		next.Files, next.Failed = e.files.End, e.failed.End
	}
	err := durable.Save(e.checkpointName(), next)
	if err == nil {
		e.state = next
	}
	return err
}
