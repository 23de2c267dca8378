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
	attempts   = 4 // at one image
	firstPause = 250 * time.Millisecond

	// partial is the directory, in that of the files, of those that are not complete.
	// No image has a file of that name, since a dot at its start is escaped.
	partial = ".partial"
)

// savedFile is what is recorded of a file that is complete.
type savedFile struct {
	ID          string    `json:"id"`
	Uploaded    time.Time `json:"uploaded"` // of the image in the list: with the ID, it tells which image this is
	File        string    `json:"file"`
	Size        int64     `json:"size"`
	ETag        string    `json:"etag,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
}

// failedFile is what is recorded of an image that could not be downloaded: all that
// is needed to retry it.
type failedFile struct {
	cfimages.Image
	Reason string `json:"reason"`
}

// downloader brings the images of pages into a directory.
type downloader struct {
	source   source
	workers  int
	progress *progress
	root     *os.Root
	dir      *os.File // the same directory, for its lock

	known map[string]savedFile // files that an unfinished page has left, by ID
	temps atomic.Int64         // names given to partial files

	mu            sync.Mutex // guards the rest
	files, failed *durable.Journal
	streak        int // failures in a row that may pass
	// outageAfter is how long a streak is taken for an outage: the export stops, and
	// does not go on without thousands of images.
	outageAfter int
}

// openDownloads opens the directory and what belongs to it, and changes nothing.
func openDownloads(conn *connection, opts *options, p *progress) (_ *downloader, err error) {
	d := &downloader{source: originals(conn.Client), workers: opts.workers, progress: p, outageAfter: 10}
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

// isEmpty reports whether nothing was downloaded yet.
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

// resume removes what an earlier run has left incomplete, and learns which files
// of the unfinished page are there.
func (d *downloader) resume(c *checkpoint) error {
	d.known = make(map[string]savedFile)
	end := c.Files
	for line, err := range d.files.Lines(end) {
		if err != nil {
			return err
		}
		var saved savedFile
		if json.Unmarshal(line.Text, &saved) != nil { // damaged by a crash, as all after it may be
			break
		}
		d.known[saved.ID], end = saved, line.End
	}
	if err := d.files.Cut(end); err != nil {
		return err
	}
	if !c.Done { // afterwards, all of it is tried again
		if err := d.failed.Cut(c.Failed); err != nil {
			return err
		}
	}
	if err := d.root.RemoveAll(partial); err != nil {
		return err
	}
	return d.root.Mkdir(partial, 0o777)
}

// finish removes what is needed only while there is more to download.
func (d *downloader) finish() error { return d.root.RemoveAll(partial) }

// page downloads the images of a page. When it returns nil, each is a file on the
// disk, or recorded as failed.
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

// download brings one image. An error is one that stops the export.
func (d *downloader) download(ctx context.Context, img *cfimages.Image) error {
	saved, err := d.try(ctx, img)
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
	case failure.scope == general:
		return fmt.Errorf("download of image %q: %w", img.ID, err)
	default:
		if failure.scope == passing {
			d.streak++
		}
		if d.streak >= d.outageAfter {
			return fmt.Errorf("the downloads of %d images in a row have failed, the last one of image %q: %w", d.streak, img.ID, err)
		}
		err = d.failed.Append(failedFile{*img, failure.Error()})
	}
	d.progress.download(d.files.End.Lines, d.failed.End.Lines)
	return err
}

// try makes the attempts at one image.
func (d *downloader) try(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	for attempt := 1; ; attempt++ {
		saved, err := d.fetch(ctx, img)
		failure, ok := errors.AsType[*sourceError](err)
		if !ok || !failure.again || attempt == attempts {
			return saved, err
		}
		pause := rand.N(firstPause << attempt)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return saved, ctx.Err()
		}
	}
}

// fetch makes one attempt, from the first byte on: a part of an earlier one could
// be of another image with the same ID.
func (d *downloader) fetch(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	body, err := d.source(ctx, img)
	if err != nil {
		return savedFile{}, err
	}
	defer body.Close()
	if saved := d.known[img.ID]; d.has(saved, img, body) {
		return saved, nil
	}
	temp := path.Join(partial, strconv.FormatInt(d.temps.Add(1), 10))
	size, err := d.write(temp, body)
	saved := savedFile{img.ID, img.Uploaded, fileName(img.ID), size, body.etag, body.contentType}
	if err == nil {
		err = d.root.Rename(temp, saved.File)
	}
	if err != nil {
		d.root.Remove(temp) // or the next run does
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return saved, err
}

// has reports whether the file of an image is there already, as it was recorded,
// and is still what the source has: under its ID, it can have been replaced.
func (d *downloader) has(saved savedFile, img *cfimages.Image, now *content) bool {
	if saved.File != fileName(img.ID) || !saved.Uploaded.Equal(img.Uploaded) ||
		now.etag != "" && now.etag != saved.ETag || now.size >= 0 && now.size != saved.Size {
		return false
	}
	info, err := d.root.Lstat(saved.File)
	return err == nil && info.Mode().IsRegular() && info.Size() == saved.Size
}

// write returns when all of an image is on the disk, under a name for the time being.
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
		return size, &sourceError{fmt.Errorf("%d bytes came instead of %d", size, body.size), passing, true}
	}
	return size, f.Sync()
}

// bodyReader tells the errors of a body from those of the disk.
type bodyReader struct{ *content }

func (r bodyReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	switch {
	case errors.Is(err, cfimages.ErrResponseTooLarge):
		err = &sourceError{err: err} // and so would it be the next time
	case err != nil && err != io.EOF:
		err = &sourceError{withoutURL(err), passing, true}
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
