package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/cfimages/cfimages-go"
)

// worker makes calls sequentially.
type worker struct {
	number  int
	client  *cfimages.Client
	tally   *tally
	random  *rand.Rand
	stories []*story
	again   int // blobs that failed while they were read, and were requested again
}

// run makes calls until the end time.
func (w *worker) run(ctx context.Context, end time.Time) {
	for time.Now().Before(end) && ctx.Err() == nil {
		switch w.random.IntN(8) {
		case 0:
			w.list(ctx)
		case 1:
			w.walkImages(ctx)
		case 2:
			w.walkPages(ctx)
		case 3, 4:
			w.get(ctx)
		default:
			w.newStory().play(ctx)
		}
		time.Sleep(time.Duration(w.random.IntN(20)) * time.Millisecond)
	}
}

func galleryParams() cfimages.ListParams {
	return cfimages.ListParams{Creator: new(galleryCreator), PerPage: pageSize}
}

func (w *worker) list(ctx context.Context) {
	w.tally.do(ctx, list, func(ctx context.Context) error {
		page, err := w.client.ImagesV2.List(ctx, galleryParams())
		if err != nil {
			return err
		}
		w.compare(list, page.Images, pageSize)
		return nil
	})
}

func (w *worker) walkImages(ctx context.Context) {
	w.tally.do(ctx, all, func(ctx context.Context) error {
		images, err := collect(w.client.ImagesV2.All(ctx, galleryParams()))
		if err == nil {
			w.compare(all, images, gallerySize)
		}
		return err
	})
}

func (w *worker) walkPages(ctx context.Context) {
	w.tally.do(ctx, pages, func(ctx context.Context) error {
		walked, err := collect(w.client.ImagesV2.Pages(ctx, galleryParams()))
		if err != nil {
			return err
		}
		var images []cfimages.Image
		for _, page := range walked {
			images = append(images, page.Images...)
		}
		w.compare(pages, images, gallerySize)
		return nil
	})
}

func collect[T any](walk iter.Seq2[T, error]) (items []T, err error) {
	for item, err := range walk {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// compare checks that images are the first n images of the gallery, in order.
func (w *worker) compare(k kind, images []cfimages.Image, n int) {
	if len(images) != n {
		w.tally.breakf("%s returned %d images instead of %d, without an error", k, len(images), n)
		return
	}
	for i, img := range images {
		if img.ID != galleryID(i) {
			w.tally.breakf("%s returned image %q in place of %q", k, img.ID, galleryID(i))
			return
		}
	}
}

func (w *worker) get(ctx context.Context) {
	id := galleryID(w.random.IntN(gallerySize))
	w.tally.do(ctx, get, func(ctx context.Context) error {
		img, err := w.client.ImagesV1.Get(ctx, id)
		if err == nil && (img.ID != id || img.Filename != id+".png") {
			w.tally.breakf("Get returned %q for %q", img.ID, id)
		}
		return err
	})
}

// blob reads an uploaded image. If the connection is lost while the image is read, Read
// must return an error, and blob requests the image again.
func (w *worker) blob(ctx context.Context, id string) {
	for whole := false; !whole; {
		w.tally.do(ctx, blob, func(ctx context.Context) error {
			content, err := w.client.ImagesV1.Blob(ctx, id)
			if err != nil {
				whole = true // stop: the call failed
				return err
			}
			defer content.Close()
			read, err := io.ReadAll(content)
			whole = err == nil
			switch {
			case !whole:
				w.again++
			case !bytes.Equal(read, picture(id)):
				w.tally.breakf("Blob returned %d wrong bytes instead of the %d of %q, without an error", len(read), len(picture(id)), id)
			}
			return nil
		})
	}
}

// newStory returns the story of a new image.
func (w *worker) newStory() *story {
	s := &story{worker: w, id: fmt.Sprintf("soak/%d/%d", w.number, len(w.stories))}
	w.stories = append(w.stories, s)
	return s
}
