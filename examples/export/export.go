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

// checkpoint is the saved state of an export.
type checkpoint struct {
	Settings string       `json:"settings"` // account and flags
	Token    string       `json:"token"`    // continuation token of the next page; "" is the first
	Pages    int          `json:"pages"`
	Images   durable.Mark `json:"images"`
	Files    durable.Mark `json:"files"`
	Failed   durable.Mark `json:"failed"`
	Done     bool         `json:"done"`
}

const resumeHint = "run the same command again to resume"

// exporter is one run of an export, which may resume an earlier one.
type exporter struct {
	conn      *connection
	opts      *options
	state     checkpoint // as saved
	out       *durable.Journal
	downloads *downloader // nil without -download
	progress  *progress
}

// export runs or resumes an export.
func export(ctx context.Context, conn *connection, opts *options, stdout, stderr io.Writer) error {
	e := &exporter{conn: conn, opts: opts, progress: newProgress(stderr, conn.Client.RateLimit)}
	defer e.close()
	if err := e.open(); err != nil {
		return err
	}
	work := e.walk
	switch {
	case e.isComplete():
		fmt.Fprintf(stdout, "the export to %s is already complete: %d images; use another file for a new export\n", opts.out, e.state.Images.Lines)
		return nil
	case e.state.Done:
		fmt.Fprintf(stdout, "retrying the images in %s.failed\n", opts.out)
		work = e.retryFailed
	case e.state.Pages > 0:
		fmt.Fprintf(stdout, "resuming after %d images\n", e.state.Images.Lines)
	}
	err := work(ctx)
	e.progress.end()
	if err != nil {
		if !e.state.Done {
			_ = e.out.Cut(e.state.Images) // the lines of the unfinished page; if this fails, the next run removes them
		}
		return e.explain(ctx, err)
	}
	fmt.Fprintf(stdout, "exported %d images to %s\n", e.state.Images.Lines, opts.out)
	return e.failedDownloads()
}

// open opens the files and restores the state of an earlier run. If it finds
// an inconsistency, it returns an error and changes no file.
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
		// Save the checkpoint before the first line: an output without one cannot be resumed.
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

// load reads the checkpoint. Without one, it sets an empty one and reports fresh.
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
			return false, program.Usagef("the export to %s was started with %s, but this run has %s; use the same flags and account to resume it, or use another file",
				e.opts.out, saved.Settings, settings)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	case !e.isEmpty():
		return false, e.rejectFiles()
	}
	e.state = checkpoint{Settings: settings}
	return true, nil
}

// loadCheckpoint reads a checkpoint. If there is none, the error is fs.ErrNotExist.
func loadCheckpoint(name string) (*checkpoint, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := new(checkpoint)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("the checkpoint %s is damaged: %w; restore it from a backup, or remove all files of this export to start over", name, err)
	}
	return c, nil
}

// settings returns the account and flags, which must not change when an export resumes.
func (e *exporter) settings() string {
	p := &e.opts.params
	creator := "any"
	if p.Creator != nil {
		creator = strconv.Quote(*p.Creator)
	}
	return fmt.Sprintf("account %s at %s, -creator %s -per-page %d -sort %q -download %q -variant %q",
		e.conn.ID, e.conn.api, creator, p.PerPage, p.SortOrder, e.opts.download, e.opts.variant)
}

// isEmpty reports whether no data has been written.
func (e *exporter) isEmpty() bool {
	size, err := e.out.Size()
	return err == nil && size == 0 && (e.downloads == nil || e.downloads.isEmpty())
}

func (e *exporter) rejectFiles() error {
	where := e.opts.out
	if e.downloads != nil {
		where = fmt.Sprintf("%s, %s.files, %s.failed and %s", where, where, where, e.opts.download)
	}
	return fmt.Errorf("there is data in %s, but no checkpoint to resume from: use another location, or remove the data", where)
}

func (e *exporter) checkpointName() string { return e.opts.out + ".checkpoint" }

// walk saves the remaining pages.
func (e *exporter) walk(ctx context.Context) error {
	params := e.opts.params
	params.ContinuationToken = e.state.Token
	for page, err := range e.conn.Client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return err
		}
		if err := e.savePage(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// savePage writes a page to the disk, and then the checkpoint after it.
func (e *exporter) savePage(ctx context.Context, page *cfimages.ImagePage) error {
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

// failedDownloads returns an error if some images could not be downloaded.
func (e *exporter) failedDownloads() error {
	if n := e.state.Failed.Lines; n > 0 {
		return fmt.Errorf("%d images could not be downloaded: see %s.failed; run the same command again to retry them", n, filepath.Clean(e.opts.out))
	}
	return nil
}

// explain adds to the error of an export what was saved and how to resume.
func (e *exporter) explain(ctx context.Context, err error) error {
	saved := fmt.Sprintf("%d images are saved in %s", e.state.Images.Lines, e.opts.out)
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s; %s", program.ErrInterrupted, saved, resumeHint)
	}
	if pageErr, ok := errors.AsType[*cfimages.PageError](err); ok {
		if errors.Is(err, cfimages.ErrInvalidParams) {
			return program.UsageError(pageErr.Err)
		}
		apiErr, ok := errors.AsType[*cfimages.Error](err)
		if ok && apiErr.StatusCode == http.StatusBadRequest && pageErr.ContinuationToken != "" {
			return fmt.Errorf("%w\n%s; if the continuation token is no longer valid, start over with another file", err, saved)
		}
	}
	if errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) {
		return fmt.Errorf("%w\n%s; fix the credentials and %s", err, saved, resumeHint)
	}
	return fmt.Errorf("%w\n%s; %s", err, saved, resumeHint)
}

func (e *exporter) close() {
	if e.downloads != nil {
		e.downloads.close()
	}
	if e.out != nil {
		e.out.Close()
	}
}
