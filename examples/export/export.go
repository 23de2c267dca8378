package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

const toResume = "run the same command again to resume"

// exporter is one run of an export, from where it stopped to its end.
type exporter struct {
	conn   *connection
	opts   *options
	state  checkpoint // as saved
	status *status
	out    *durable.Journal // of images

	// With -download:
	dir    *os.File // of the files; open for its lock
	files  *durable.Journal
	failed *durable.Journal
	known  map[string]savedFile // files of an unfinished page, by ID
	// outageAfter is how many passing failures in a row are an outage: the export
	// stops, instead of leaving out thousands of images.
	outageAfter int

	mu     sync.Mutex // guards the files above, the status and the rest while workers run
	streak int        // passing failures in a row
}

// export runs an export as far as it gets.
func export(ctx context.Context, conn *connection, opts *options, stdout, stderr io.Writer) error {
	e := &exporter{conn: conn, opts: opts, outageAfter: 10}
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
		fmt.Fprintf(stdout, "retrying the images of %s.failed\n", opts.out)
		work = e.retry
	case e.state.Pages > 0:
		fmt.Fprintf(stdout, "resuming after %d images\n", e.state.Images.Lines)
	}
	e.status = newStatus(stderr, e.state.Images.Lines)
	err := work(ctx)
	e.status.show(e.counts(), true)
	if err != nil {
		return e.explain(ctx, err)
	}
	fmt.Fprintf(stdout, "%d images are in %s\n", e.state.Images.Lines, opts.out)
	if e.dir != nil && e.failed.End.Lines > 0 {
		return fmt.Errorf("%d images could not be downloaded: %s.failed has them and the reasons; the same command retries them",
			e.failed.End.Lines, filepath.Clean(opts.out))
	}
	return nil
}

// walk exports the pages that are left.
func (e *exporter) walk(ctx context.Context) error {
	params := e.opts.params
	params.ContinuationToken = e.state.Token
	for page, err := range e.conn.Client.ImagesV2.Pages(ctx, params) {
		if err == nil {
			err = e.take(ctx, page)
		}
		if err != nil {
			// Remove the lines of the unfinished page, or else the next run does.
			return errors.Join(err, e.out.Cut(e.state.Images))
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
	if e.dir != nil {
		left := page.Images
		next := func() (*cfimages.Image, error) {
			if len(left) == 0 {
				return nil, io.EOF
			}
			img := &left[0]
			left = left[1:]
			return img, nil
		}
		if err := e.download(ctx, next); err != nil {
			return err
		}
	}
	if err := e.save(page.ContinuationToken); err != nil {
		return err
	}
	e.status.show(e.counts(), false)
	return nil
}

// retry downloads the images that failed. The list of those that fail again
// replaces the list in one step; until then, it stays as it is.
func (e *exporter) retry(ctx context.Context) (err error) {
	before := e.failed
	defer before.Close()
	name := before.File.Name()
	if e.failed, err = durable.Open(name+".new", 0o666); err != nil {
		e.failed = before
		return err
	}
	defer os.Remove(name + ".new") // it has the other name if all went well
	if err := e.failed.Cut(durable.Mark{}); err != nil {
		return err
	}
	list := json.NewDecoder(before.File)
	next := func() (*cfimages.Image, error) {
		var image failedFile
		err := list.Decode(&image)
		if err != nil && err != io.EOF {
			err = fmt.Errorf("%s was changed: %w; restore it from a backup", name, err)
		}
		return &image.Image, err
	}
	e.outageAfter = math.MaxInt // all of them are known to fail
	if err := e.download(ctx, next); err != nil {
		return err
	}
	return durable.Rename(name+".new", name)
}

// explain adds to an error what has become of the export, and what to do.
func (e *exporter) explain(ctx context.Context, err error) error {
	done := fmt.Sprintf("%d images are safe in %s", e.state.Images.Lines, e.opts.out)
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s; %s", program.ErrInterrupted, done, toResume)
	}
	advice := toResume
	if stopped, ok := errors.AsType[*cfimages.PageError](err); ok {
		if errors.Is(err, cfimages.ErrInvalidParams) {
			return program.UsageError(stopped.Err)
		}
		refused, ok := errors.AsType[*cfimages.Error](err)
		if ok && refused.StatusCode == http.StatusBadRequest && stopped.ContinuationToken != "" {
			advice = "if the continuation token is not accepted any more, export everything to another file"
		}
	}
	if errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) {
		advice = "fix the credentials and " + toResume
	}
	return fmt.Errorf("%w\n%s; %s", err, done, advice)
}

// counts are for the status.
func (e *exporter) counts() counts {
	c := counts{images: e.out.End.Lines, pages: e.state.Pages, downloads: e.dir != nil, limit: e.conn.Client.RateLimit()}
	if c.downloads {
		c.files, c.failed = e.files.End.Lines, e.failed.End.Lines
	}
	return c
}

// journals are the files that grow.
func (e *exporter) journals() (open []*durable.Journal) {
	for _, j := range []*durable.Journal{e.out, e.files, e.failed} {
		if j != nil {
			open = append(open, j)
		}
	}
	return open
}

func (e *exporter) close() {
	for _, j := range e.journals() {
		j.Close()
	}
	if e.dir != nil {
		e.dir.Close()
	}
}
