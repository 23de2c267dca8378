package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

// isComplete reports whether the export is complete. After the last page, the
// list of failed downloads is newer than the checkpoint.
func (e *exporter) isComplete() bool {
	if !e.state.Done || e.downloads == nil {
		return e.state.Done
	}
	size, err := e.downloads.failed.Size()
	return err == nil && size == 0
}

// retryFailed retries the downloads that failed in earlier runs.
func (e *exporter) retryFailed(ctx context.Context) error {
	if err := e.downloads.retryFailed(ctx); err != nil {
		return err
	}
	next := e.state
	next.Files, next.Failed = e.downloads.files.End, e.downloads.failed.End
	if err := durable.Save(e.checkpointName(), next); err != nil {
		return err
	}
	e.state = next
	return e.downloads.finish()
}

// retryFailed retries the images in the list of failed downloads. The list stays
// unchanged until a new one, of the images that failed again, replaces it atomically.
func (d *downloader) retryFailed(ctx context.Context) (err error) {
	before := d.failed
	defer before.Close()
	name := before.File.Name()
	if d.failed, err = durable.Open(name+".new", 0o666); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(name + ".new")
		}
	}()
	if err := d.failed.Cut(durable.Mark{}); err != nil { // the file may be left from a crash
		return err
	}
	d.outageAfter = math.MaxInt // all of these have failed before
	if err := d.downloadList(ctx, before.File); err != nil {
		return err
	}
	return durable.Rename(name+".new", name)
}

// downloadList downloads the images in a list of failed downloads. It reads them
// in groups, so that memory stays constant.
func (d *downloader) downloadList(ctx context.Context, file *os.File) error {
	list := json.NewDecoder(file)
	for end := false; !end; {
		var images []cfimages.Image
		for len(images) < downloadPage && !end {
			var failed failedFile
			err := list.Decode(&failed)
			switch {
			case errors.Is(err, io.EOF):
				end = true
			case err != nil:
				return fmt.Errorf("%s was changed: %w; restore it from a backup", file.Name(), err)
			default:
				images = append(images, failed.Image)
			}
		}
		if err := d.page(ctx, images); err != nil {
			return err
		}
	}
	return nil
}
