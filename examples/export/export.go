package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

// checkpoint is how far an export has come.
type checkpoint struct {
	Settings string       `json:"settings"` // what is exported, and how
	Token    string       `json:"token"`    // of the next page; "" is the first
	Pages    int          `json:"pages"`
	Images   durable.Mark `json:"images"`
	Files    durable.Mark `json:"files"`
	Failed   durable.Mark `json:"failed"`
	Done     bool         `json:"done"`
}

const goOn = "run the same command again to go on"

// exporter is one export, from where it stopped to its end.
type exporter struct {
	conn      *connection
	opts      *options
	state     checkpoint // as saved
	out       *durable.Journal
	downloads *downloader // nil: none
	progress  *progress
}

// export runs an export as far as it gets.
func export(ctx context.Context, conn *connection, opts *options, stdout, stderr io.Writer) error {
	e := &exporter{conn: conn, opts: opts, progress: newProgress(stderr, conn.Client.RateLimit)}
	defer e.close()
	if err := e.open(); err != nil {
		return err
	}
	work := e.walk
	switch {
	case e.isComplete():
		fmt.Fprintf(stdout, "the export to %s is finished already: %d images; for a new one, take another file\n", opts.out, e.state.Images.Lines)
		return nil
	case e.state.Done:
		fmt.Fprintf(stdout, "trying the images of %s.failed again\n", opts.out)
		work = e.again
	case e.state.Pages > 0:
		fmt.Fprintf(stdout, "going on after %d images\n", e.state.Images.Lines)
	}
	err := work(ctx)
	e.progress.end()
	if err != nil {
		if !e.state.Done {
			_ = e.out.Cut(e.state.Images) // the lines of the unfinished page; otherwise the next run does it
		}
		return e.explain(ctx, err)
	}
	fmt.Fprintf(stdout, "%d images are in %s\n", e.state.Images.Lines, opts.out)
	return e.failures()
}

// open finds where to begin, and opens the files there. It changes nothing in
// them when something is not as it should be.
func (e *exporter) open() (err error) {
	if e.out, err = durable.Open(e.opts.out, 0o666); err != nil {
		return err
	}
	if e.opts.download != "" {
		if e.downloads, err = openDownloads(e.conn, e.opts, e.progress); err != nil {
			return err
		}
	}
	fresh, err := e.load()
	switch {
	case err != nil || e.isComplete():
		return err
	case fresh:
		// First of all: an output without a checkpoint could not be gone on with.
		if err := durable.Save(e.checkpointName(), e.state); err != nil {
			return err
		}
	}
	if !e.state.Done {
		if err := e.out.Cut(e.state.Images); err != nil {
			return err
		}
	}
	if e.downloads != nil {
		if err := e.downloads.resume(&e.state); err != nil {
			return err
		}
	}
	e.progress.begin(&e.state)
	return nil
}

// load reads the checkpoint, or begins with an empty one.
func (e *exporter) load() (fresh bool, err error) {
	settings := e.settings()
	saved, err := loadCheckpoint(e.checkpointName())
	switch {
	case err == nil:
		if saved.Settings == settings {
			e.state = *saved
			return false, nil
		}
		if saved.Pages > 0 || !e.isEmpty() {
			return false, program.Usagef("the export to %s was begun with %s, and this is %s; go on with the same flags and account, or take another file",
				e.opts.out, saved.Settings, settings)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	case !e.isEmpty():
		return false, e.refuseFiles()
	}
	e.state = checkpoint{Settings: settings}
	return true, nil
}

// loadCheckpoint reads a checkpoint. The error is fs.ErrNotExist if there is none.
func loadCheckpoint(name string) (*checkpoint, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := new(checkpoint)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("the checkpoint %s is damaged: %w; restore it from a backup, or remove it and what belongs to it to export all anew", name, err)
	}
	return c, nil
}

// settings are what an export must go on with.
func (e *exporter) settings() string {
	p := &e.opts.params
	creator := "any"
	if p.Creator != nil {
		creator = strconv.Quote(*p.Creator)
	}
	return fmt.Sprintf("account %s at %s, -creator %s -per-page %d -sort %q -download %q -variant %q",
		e.conn.ID, e.conn.api, creator, p.PerPage, p.SortOrder, e.opts.download, e.opts.variant)
}

// isEmpty reports whether nothing was written yet.
func (e *exporter) isEmpty() bool {
	size, err := e.out.Size()
	return err == nil && size == 0 && (e.downloads == nil || e.downloads.isEmpty())
}

func (e *exporter) refuseFiles() error {
	where := e.opts.out
	if e.downloads != nil {
		where = fmt.Sprintf("%s, %s.files, %s.failed and %s", where, where, where, e.opts.download)
	}
	return fmt.Errorf("there is something in %s, and no checkpoint to go on from: take another place, or remove what is there", where)
}

func (e *exporter) checkpointName() string { return e.opts.out + ".checkpoint" }

// walk takes the pages that are left.
func (e *exporter) walk(ctx context.Context) error {
	params := e.opts.params
	params.ContinuationToken = e.state.Token
	for page, err := range e.conn.Client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return err
		}
		if err := e.take(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// take brings a page to the disk, and then the checkpoint after it.
func (e *exporter) take(ctx context.Context, page *cfimages.ImagePage) error {
	for i := range page.Images {
		if err := e.out.Append(&page.Images[i]); err != nil {
			return err
		}
	}
	if err := e.out.Sync(); err != nil {
		return err
	}
	e.progress.page(len(page.Images))
	next := e.state
	if e.downloads != nil {
		if err := e.downloads.page(ctx, page.Images); err != nil {
			return err
		}
		next.Files, next.Failed = e.downloads.files.End, e.downloads.failed.End
	}
	next.Token = page.ContinuationToken
	next.Pages++
	next.Images = e.out.End
	next.Done = page.ContinuationToken == ""
	if next.Done && e.downloads != nil {
		if err := e.downloads.finish(); err != nil {
			return err
		}
	}
	if err := durable.Save(e.checkpointName(), next); err != nil {
		return err
	}
	e.state = next
	return nil
}

// failures is the error of an export that is complete but for some images.
func (e *exporter) failures() error {
	if n := e.state.Failed.Lines; n > 0 {
		return fmt.Errorf("%d images could not be downloaded: %s.failed tells which and why; the same command tries them again", n, filepath.Clean(e.opts.out))
	}
	return nil
}

// explain says what became of an export that stopped, and what to do.
func (e *exporter) explain(ctx context.Context, err error) error {
	done := fmt.Sprintf("%d images are safe in %s", e.state.Images.Lines, e.opts.out)
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s; %s", program.ErrInterrupted, done, goOn)
	}
	if stopped, ok := errors.AsType[*cfimages.PageError](err); ok {
		if errors.Is(err, cfimages.ErrInvalidParams) {
			return program.UsageError(stopped.Err)
		}
		refused, ok := errors.AsType[*cfimages.Error](err)
		if ok && refused.StatusCode == http.StatusBadRequest && stopped.ContinuationToken != "" {
			return fmt.Errorf("%w\n%s; if the place to go on from is not accepted any more, export all anew to another file", err, done)
		}
	}
	if errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) {
		return fmt.Errorf("%w\n%s; fix the credentials and %s", err, done, goOn)
	}
	return fmt.Errorf("%w\n%s; %s", err, done, goOn)
}

func (e *exporter) close() {
	if e.downloads != nil {
		e.downloads.close()
	}
	if e.out != nil {
		e.out.Close()
	}
}
