package main

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
)

const (
	attempts   = 4 // at one image
	firstPause = 250 * time.Millisecond

	// partial is the directory of incomplete files, below that of the files. No image
	// has a file of that name, since a dot at its start is escaped.
	partial = ".partial"
)

// savedFile is the record of a complete file.
type savedFile struct {
	ID          string    `json:"id"`
	Uploaded    time.Time `json:"uploaded"` // as in the list: an ID can be used again
	File        string    `json:"file"`
	Size        int64     `json:"size"`
	ETag        string    `json:"etag,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
}

// failedFile is the record of an image that could not be downloaded, with all that
// is needed to retry it.
type failedFile struct {
	cfimages.Image
	Reason string `json:"reason"`
}

// openDownloads opens the directory and what belongs to it, and changes nothing.
func (e *exporter) openDownloads() (err error) {
	if err := os.MkdirAll(e.opts.download, 0o777); err != nil {
		return err
	}
	if e.dir, err = os.Open(e.opts.download); err != nil {
		return err
	}
	if err := durable.Lock(e.dir); err != nil {
		return err
	}
	if e.files, err = durable.Open(e.opts.out+".files", 0o666); err != nil {
		return err
	}
	e.failed, err = durable.Open(e.opts.out+".failed", 0o666)
	return err
}

// resumeDownloads finds the files of the unfinished page, and removes what a crash
// has left after their records.
func (e *exporter) resumeDownloads() error {
	e.known = make(map[string]savedFile)
	end := e.state.Files
	for line, err := range e.files.Lines(end) {
		if err != nil {
			return err
		}
		var saved savedFile
		if json.Unmarshal(line.Text, &saved) != nil { // as all lines after it may be
			break
		}
		e.known[saved.ID], end = saved, line.End
	}
	if err := e.files.Cut(end); err != nil || e.state.Done {
		return err // after the last page, all that failed is retried
	}
	return e.failed.Cut(e.state.Failed)
}

// download downloads the images that next returns, several at a time, until it
// returns io.EOF. Then each is a file on the disk, or recorded as failed.
func (e *exporter) download(ctx context.Context, next func() (*cfimages.Image, error)) error {
	temp := filepath.Join(e.dir.Name(), partial)
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o777)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := func() {
		for ctx.Err() == nil {
			e.mu.Lock()
			img, err := next()
			e.mu.Unlock()
			if err == io.EOF {
				return
			}
			if err == nil {
				err = e.downloadOne(ctx, img)
			}
			if err != nil {
				cancel(err)
			}
		}
	}
	var workers sync.WaitGroup
	for range e.opts.workers {
		workers.Go(work)
	}
	workers.Wait()
	if err := errors.Join(context.Cause(ctx), os.RemoveAll(temp)); err != nil {
		return err
	}
	return errors.Join(durable.SyncDir(e.dir.Name()), e.files.Sync(), e.failed.Sync())
}

// downloadOne downloads an image, and records the outcome. An error is one that
// stops the export.
func (e *exporter) downloadOne(ctx context.Context, img *cfimages.Image) error {
	saved, err := e.try(ctx, img)
	failure, ok := errors.AsType[*sourceError](err)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		e.streak = 0
		if saved != e.known[img.ID] {
			err = errors.Join(e.files.Append(saved), e.files.Flush())
		}
	case !ok:
		return err
	case failure.scope == general:
		return fmt.Errorf("download of image %q: %w", img.ID, err)
	default:
		if failure.scope == passing {
			e.streak++
		}
		if e.streak >= e.outageAfter {
			return fmt.Errorf("the downloads of %d images in a row have failed, the last one of image %q: %w", e.streak, img.ID, err)
		}
		err = e.failed.Append(failedFile{*img, failure.Error()})
	}
	e.status.show(e.counts(), false)
	return err
}

// try makes the attempts at one image.
func (e *exporter) try(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	for attempt := 1; ; attempt++ {
		saved, err := e.fetch(ctx, img)
		if ctx.Err() != nil {
			return saved, ctx.Err()
		}
		failure, ok := errors.AsType[*sourceError](err)
		if !ok || !failure.retry || attempt == attempts {
			return saved, err
		}
		select {
		case <-time.After(rand.N(firstPause << attempt)):
		case <-ctx.Done():
			return saved, ctx.Err()
		}
	}
}

// fetch makes one attempt, from the first byte on: a part of an earlier one could
// be of another image with the same ID.
func (e *exporter) fetch(ctx context.Context, img *cfimages.Image) (savedFile, error) {
	var body *content
	var err error
	if e.opts.variant == "" {
		body, err = e.conn.original(ctx, img.ID)
	} else {
		body, err = e.conn.variant(ctx, img, e.opts.variant)
	}
	if err != nil {
		return savedFile{}, err
	}
	defer body.Close()
	saved := savedFile{img.ID, img.Uploaded, fileName(img.ID), body.size, body.etag, body.contentType}
	if known := e.known[img.ID]; e.has(known, saved) {
		return known, nil
	}
	temp := filepath.Join(e.dir.Name(), partial, cryptorand.Text())
	saved.Size, err = write(temp, body)
	if err == nil {
		err = os.Rename(temp, filepath.Join(e.dir.Name(), saved.File))
	}
	return saved, err
}

// has reports whether the file of a record is there, and still is what the source
// has: its image can have been replaced by another with the same ID.
func (e *exporter) has(known, now savedFile) bool {
	if known.File != now.File || !known.Uploaded.Equal(now.Uploaded) ||
		now.ETag != "" && now.ETag != known.ETag || now.Size >= 0 && now.Size != known.Size {
		return false
	}
	info, err := os.Lstat(filepath.Join(e.dir.Name(), known.File))
	return err == nil && info.Mode().IsRegular() && info.Size() == known.Size
}

// write returns when all of an image is on the disk.
func write(name string, body *content) (size int64, err error) {
	err = durable.Write(name, func(file *os.File) error {
		size, err = io.Copy(file, body)
		_, ofDisk := errors.AsType[*fs.PathError](err)
		switch {
		case errors.Is(err, cfimages.ErrResponseTooLarge):
			return &sourceError{err: err} // and so would it be the next time
		case err != nil && !ofDisk:
			return &sourceError{withoutURL(err), passing, true}
		case err == nil && body.size >= 0 && size != body.size:
			return &sourceError{fmt.Errorf("received %d bytes instead of %d", size, body.size), passing, true}
		}
		return err
	})
	return size, err
}
