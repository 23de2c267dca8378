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

// isComplete reports whether there is nothing left to do. Once all pages were
// taken, the list of what failed is newer than the checkpoint.
func (e *exporter) isComplete() bool {
	if !e.state.Done || e.downloads == nil {
		return e.state.Done
	}
	size, err := e.downloads.failed.Size()
	return err == nil && size == 0
}

// again tries the images that earlier runs could not have.
func (e *exporter) again(ctx context.Context) error {
	if err := e.downloads.again(ctx); err != nil {
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

// again tries the images of the list of what failed. The list of those that fail
// again takes its place in one step; until then, it stays as it is.
func (d *downloader) again(ctx context.Context) (err error) {
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
	if err := d.failed.Cut(durable.Mark{}); err != nil { // of a crash
		return err
	}
	d.outageAfter = math.MaxInt // all of them are known to fail
	if err := d.tryList(ctx, before.File); err != nil {
		return err
	}
	return durable.Rename(name+".new", name)
}

// tryList downloads the images of a list of what failed, so many at a time that
// memory is constant.
func (d *downloader) tryList(ctx context.Context, file *os.File) error {
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
