package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

const (
	maxAttempts = 4 // for one image
	baseDelay   = 250 * time.Millisecond

	// partial is the subdirectory of incomplete files. No image has a file of this
	// name, because a leading dot is escaped.
	partial = ".partial"
)

// savedFile is the record of a complete file.
type savedFile struct {
	ID          string    `json:"id"`
	Uploaded    time.Time `json:"uploaded"` // as listed: identifies the image, together with the ID
	File        string    `json:"file"`
	Size        int64     `json:"size"`
	ETag        string    `json:"etag,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
}

// failedFile is the record of an image that could not be downloaded, with
// everything that a retry needs.
type failedFile struct {
	cfimages.Image
	Reason string `json:"reason"`
}

// downloader downloads the images of pages to a directory.
type downloader struct {
	source   source
	workers  int
	progress *progress
	root     *os.Root
	dir      *os.File // the same directory, for its lock

	known map[string]savedFile // complete files of the unfinished page, by ID
	temps atomic.Int64         // numbers of partial files

	mu            sync.Mutex // guards the rest
	files, failed *durable.Journal
	streak        int // temporary failures in a row
	// outageAfter is the streak that is treated as an outage: it stops the export,
	// which would otherwise skip thousands of images.
	outageAfter int
}

// openDownloads opens the directory and the journals. It changes nothing in them.
func openDownloads(conn *connection, opts *options, p *progress) (_ *downloader, err error) {
	d := &downloader{source: uploadedFiles(conn.Client), workers: opts.workers, progress: p, outageAfter: 10}
	if opts.variant != "" {
		d.source = variants(conn.delivery, conn.signer, opts.variant)
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := os.MkdirAll(opts.download, 0o777); err != nil {
		return nil, err
	}
	if d.dir, err = os.Open(opts.download); err != nil {
		return nil, err
	}
	if err := durable.Lock(d.dir); err != nil {
		return nil, err
	}
	if d.root, err = os.OpenRoot(opts.download); err != nil {
		return nil, err
	}
	if d.files, err = durable.Open(opts.out+".files", 0o666); err != nil {
		return nil, err
	}
	d.failed, err = durable.Open(opts.out+".failed", 0o666)
	return d, err
}

// isEmpty reports whether the directory and the journals are empty.
func (d *downloader) isEmpty() bool {
	for _, j := range []*durable.Journal{d.files, d.failed} {
		if size, err := j.Size(); err != nil || size > 0 {
			return false
		}
	}
	dir, err := d.root.Open(".")
	if err != nil {
		return false
	}
	defer dir.Close()
	_, err = dir.ReadDir(1)
	return err == io.EOF
}

// resume removes incomplete files and records of an earlier run, and reads which
// files of the unfinished page are complete.
func (d *downloader) resume(c *checkpoint) error {
	d.known = make(map[string]savedFile)
	end := c.Files
	for line, err := range d.files.Lines(end) {
		if err != nil {
			return err
		}
		var saved savedFile
		if json.Unmarshal(line.Text, &saved) != nil { // damaged by a crash; so may be all lines after it
			break
		}
		d.known[saved.ID], end = saved, line.End
	}
	if err := d.files.Cut(end); err != nil {
		return err
	}
	if !c.Done { // otherwise, the whole list is retried
		if err := d.failed.Cut(c.Failed); err != nil {
			return err
		}
	}
	if err := d.root.RemoveAll(partial); err != nil {
		return err
	}
	return d.root.Mkdir(partial, 0o777)
}

// finish removes the directory of partial files.
func (d *downloader) finish() error { return d.root.RemoveAll(partial) }

// page downloads the images of a page. When it returns nil, each image is either
// synced to the disk or recorded as failed.
func (d *downloader) page(ctx context.Context, images []cfimages.Image) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(d.workers, len(images)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(images) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := d.download(ctx, &images[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(durable.SyncDir(d.dir.Name()), d.files.Sync(), d.failed.Sync())
}

// download downloads one image and records the outcome. An error stops the export.
func (d *downloader) download(ctx context.Context, img *cfimages.Image) error {
	saved, err := d.fetchWithRetries(ctx, img)
	failure, ok := errors.AsType[*sourceError](err)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil && saved == d.known[img.ID]:
		d.streak = 0
	case err == nil:
		d.streak = 0
		err = errors.Join(d.files.Append(saved), d.files.Flush())
	case !ok:
		return err
	case failure.scope == allImages:
		return fmt.Errorf("download of image %q: %w", img.ID, err)
	default:
		if failure.scope == temporary {
			d.streak++
		}
		if d.streak >= d.outageAfter {
			return fmt.Errorf("the downloads of %d images in a row failed, the last one for image %q: %w", d.streak, img.ID, err)
		}
		err = d.failed.Append(failedFile{*img, failure.Error()})
	}
	d.progress.download(d.files.End.Lines, d.failed.End.Lines)
	return err
}

// fetchWithRetries downloads one image, with up to maxAttempts attempts.
func (d *downloader) fetchWithRetries(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	for attempt := 1; ; attempt++ {
		saved, err := d.fetch(ctx, img)
		failure, ok := errors.AsType[*sourceError](err)
		if !ok || !failure.retryable || attempt == maxAttempts {
			return saved, err
		}
		delay := rand.N(baseDelay << attempt)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return saved, ctx.Err()
		}
	}
}

// fetch makes one attempt. It always starts at the first byte: a part from an
// earlier attempt could belong to another image with the same ID.
func (d *downloader) fetch(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	body, err := d.source(ctx, img)
	if err != nil {
		return savedFile{}, err
	}
	defer body.Close()
	if saved := d.known[img.ID]; d.isCurrent(saved, img, body) {
		return saved, nil
	}
	temp := path.Join(partial, strconv.FormatInt(d.temps.Add(1), 10))
	size, err := d.write(temp, body)
	saved := savedFile{img.ID, img.Uploaded, fileName(img.ID), size, body.etag, body.contentType}
	if err == nil {
		err = d.root.Rename(temp, saved.File)
	}
	if err != nil {
		d.root.Remove(temp) // if this fails, the next run removes it
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return saved, err
}

// isCurrent reports whether the file of an image exists as recorded and still
// matches the source: the image may have been replaced under the same ID.
func (d *downloader) isCurrent(saved savedFile, img *cfimages.Image, now *content) bool {
	if saved.File != fileName(img.ID) || !saved.Uploaded.Equal(img.Uploaded) ||
		now.etag != "" && now.etag != saved.ETag || now.size >= 0 && now.size != saved.Size {
		return false
	}
	info, err := d.root.Lstat(saved.File)
	return err == nil && info.Mode().IsRegular() && info.Size() == saved.Size
}

// write writes an image to a temporary file and syncs it to the disk.
func (d *downloader) write(temp string, body *content) (size int64, err error) {
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err = io.Copy(f, bodyReader{body}); err != nil {
		return size, err
	}
	if body.size >= 0 && size != body.size {
		return size, &sourceError{fmt.Errorf("received %d bytes instead of %d", size, body.size), temporary, true}
	}
	return size, f.Sync()
}

// bodyReader marks the errors of a body with *sourceError, to distinguish them
// from errors of the disk.
type bodyReader struct{ *content }

func (r bodyReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	switch {
	case errors.Is(err, cfimages.ErrResponseTooLarge):
		err = &sourceError{err: err} // a retry would give the same result
	case err != nil && err != io.EOF:
		err = &sourceError{withoutURL(err), temporary, true}
	}
	return n, err
}

func (d *downloader) close() {
	for _, j := range []*durable.Journal{d.files, d.failed} {
		if j != nil {
			j.Close()
		}
	}
	if d.root != nil {
		d.root.Close()
	}
	if d.dir != nil {
		d.dir.Close()
	}
}
