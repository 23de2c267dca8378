package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cfimages/cfimages-go"
)

// outcome is the outcome of a write, as reported by the library.
type outcome int

const (
	none    outcome = iota // no such call was made
	failed                 // the write was not executed
	unknown                // the write may have been executed
	done
)

func (o outcome) String() string { return [...]string{"none", "failed", "unknown", "done"}[o] }

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return done
	case errors.Is(err, cfimages.ErrOutcomeUnknown):
		return unknown
	}
	return failed
}

// story is the life of one image: its draft is created, and in most cases a file is
// uploaded and the image is deleted. It stores the outcomes reported by the library,
// which are compared with the server at the end.
type story struct {
	worker *worker
	id     string

	created  outcome
	found    bool // after an unknown create, Get found the draft at once
	late     bool // or only at the end
	uploaded outcome
	deleted  outcome
}

// play makes the calls of the story.
func (s *story) play(ctx context.Context) {
	draft := s.create(ctx)
	if draft == nil {
		return
	}
	if s.worker.random.IntN(4) > 0 {
		s.uploadAndWait(ctx, draft.UploadURL)
	}
	if s.uploaded == done {
		s.worker.blob(ctx, s.id)
	}
	if (s.uploaded == none || s.uploaded == done) && s.worker.random.IntN(8) > 0 {
		s.deleted = outcomeOf(s.worker.tally.do(ctx, remove, func(ctx context.Context) error {
			return s.worker.client.ImagesV1.Delete(ctx, s.id)
		}))
	}
}

// create creates the draft with a unique custom ID, so that an unknown outcome can be
// looked up.
func (s *story) create(ctx context.Context) (draft *cfimages.DirectUpload) {
	w := s.worker
	err := w.tally.do(ctx, create, func(ctx context.Context) (err error) {
		draft, err = w.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: s.id, Creator: "soak"})
		return err
	})
	switch s.created = outcomeOf(err); {
	case s.created == done:
		return draft
	case s.created == unknown:
		img, _ := s.lookUp(ctx)
		s.found = img != nil
	case errors.Is(err, cfimages.ErrConflict):
		w.tally.breakf("the create of %q was retried after it was executed: %v", s.id, err)
	}
	return nil
}

// lookUp returns the details of the image, or nil if there is none.
func (s *story) lookUp(ctx context.Context) (img *cfimages.Image, err error) {
	s.worker.tally.do(ctx, get, func(ctx context.Context) error {
		img, err = s.worker.client.ImagesV1.Get(ctx, s.id)
		if errors.Is(err, cfimages.ErrNotFound) {
			img, err = nil, nil
		}
		return err
	})
	return img, err
}

// lookAgain looks up a draft whose create had an unknown outcome and that was not found
// at once: the server may have created it after the connection was lost.
func (s *story) lookAgain(ctx context.Context) {
	if s.created == unknown && !s.found {
		img, _ := s.lookUp(ctx)
		s.late = img != nil
	}
}

// uploadAndWait uploads the picture while a concurrent call waits for it.
func (s *story) uploadAndWait(ctx context.Context, url string) {
	waiting, stopWaiting := context.WithCancel(ctx)
	defer stopWaiting()
	waited := make(chan error)
	go func() { waited <- s.wait(waiting) }()
	err := s.upload(ctx, url)
	if s.uploaded != done {
		// If the upload was not completed, stop waiting: there is no further upload.
		if img, _ := s.lookUp(ctx); img == nil || img.Draft {
			stopWaiting()
		}
	}
	if errors.Is(err, cfimages.ErrConflict) {
		s.worker.tally.breakf("the upload to %q was retried after it was completed: %v", s.id, err)
	}
	<-waited
}

// wait waits until the upload is completed or ctx is canceled.
func (s *story) wait(ctx context.Context) error {
	return s.worker.tally.do(ctx, wait, func(call context.Context) error {
		img, err := s.worker.client.DirectUploads.Wait(call, s.id)
		switch {
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			return nil
		case err == nil && img.Draft:
			s.worker.tally.breakf("Wait returned the draft %q", s.id)
		}
		return err
	})
}

// upload uploads the picture. It retries an upload that is proven not to have been sent
// or processed.
func (s *story) upload(ctx context.Context, url string) (err error) {
	w := s.worker
	for range 5 {
		err = w.tally.do(ctx, upload, func(ctx context.Context) error {
			file := cfimages.File{Name: "soak.gif", ContentType: "image/gif", Body: bytes.NewReader(picture(s.id))}
			if w.random.IntN(2) == 0 {
				file.Body = io.MultiReader(file.Body) // of unknown size
			}
			_, err := w.client.DirectUploads.Upload(ctx, url, file)
			return err
		})
		if s.uploaded = outcomeOf(err); s.uploaded != failed || errors.Is(err, cfimages.ErrConflict) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// problem compares the outcomes reported by the library with the server: img is the
// stored image or nil, and content its uploaded file. It returns "" if they agree.
func (s *story) problem(img *cfimages.Image, content []byte) string {
	exists, complete := img != nil, img != nil && !img.Draft
	expected := s.created == done || s.created == unknown && (s.found || s.late)
	switch {
	case s.deleted == done && exists:
		return fmt.Sprintf("%q exists after its deletion", s.id)
	case s.deleted != none:
		return ""
	case expected != exists:
		return fmt.Sprintf("%q exists: %v, but the outcome of its create was %v, and it was found: %v", s.id, exists, s.created, s.found || s.late)
	case s.uploaded == done && !complete:
		return fmt.Sprintf("the upload to %q succeeded, but it is a draft", s.id)
	case s.uploaded != done && s.uploaded != unknown && complete:
		return fmt.Sprintf("%q is complete without an upload that may have happened", s.id)
	case complete && !bytes.Equal(content, picture(s.id)):
		return fmt.Sprintf("the upload to %q differs from the file: %d bytes instead of %d", s.id, len(content), len(picture(s.id)))
	}
	return ""
}
