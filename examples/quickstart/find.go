package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

const statusReviewed = "reviewed"

// awaitList waits until the list has all images of this run.
func (t *tour) awaitList(ctx context.Context) error {
	listed, err := t.await(ctx, imageCount, t.ours())
	if err == nil {
		t.printf("   the list shows %d of our %d images", len(listed), imageCount)
	}
	return err
}

// filter prints the images for which two conditions are true.
func (t *tour) filter(ctx context.Context) error {
	t.printf("\n4. Find images by metadata: region.name is eu-west, priority is at least 4")
	found, err := t.find(ctx, t.ours(),
		cfimages.Eq("region.name", "eu-west"),
		cfimages.Gte("priority", 4))
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b cfimages.Image) int { return strings.Compare(a.Filename, b.Filename) })
	for _, img := range found {
		var p photo
		if err := img.DecodeMeta(&p); err != nil {
			return err
		}
		t.printf("   %s  %s, priority %d", img.Filename, p.Region.Name, p.Priority)
	}
	return nil
}

// update changes the metadata of the first image, and then finds the image by the
// new metadata.
func (t *tour) update(ctx context.Context) error {
	t.printf("\n5. Change metadata: photo-01.png gets the status %q", statusReviewed)
	reviewed := []cfimages.Condition{t.ours(), cfimages.Eq("status", statusReviewed)}
	found, err := t.find(ctx, reviewed...)
	if err != nil {
		return err
	}
	t.printf("   before: a filter on this status finds %d images", len(found))
	if err := t.review(ctx, t.created[0]); err != nil {
		return err
	}
	if found, err = t.await(ctx, 1, reviewed...); err != nil {
		return err
	}
	if len(found) != 1 {
		t.printf("   after:  a filter on this status finds %d images within %v", len(found), listTimeout)
		return nil
	}
	t.printf("   after:  a filter on this status finds 1 image")
	t.printf("   %s  metadata %s", found[0].Filename, found[0].Meta)
	return nil
}

// review sets the status of an image. Because an update replaces all of the metadata,
// it reads the metadata first, changes it, and writes it back.
func (t *tour) review(ctx context.Context, id string) error {
	img, err := t.client.ImagesV1.Get(ctx, id)
	if err != nil {
		return err
	}
	var p photo
	if err := img.DecodeMeta(&p); err != nil {
		return err
	}
	p.Status = statusReviewed
	_, err = t.client.ImagesV1.Update(ctx, id, cfimages.UpdateParams{Metadata: p})
	return err
}

// listPages prints the size of each page.
func (t *tour) listPages(ctx context.Context) error {
	t.printf("\n6. List all our images, newest first, %d a page", perPage)
	n := 0
	for page, err := range t.client.ImagesV2.Pages(ctx, cfimages.ListParams{
		PerPage:   perPage,
		SortOrder: cfimages.SortDescending,
		Meta:      cfimages.Where(t.ours()),
	}) {
		if err != nil {
			return err
		}
		n++
		t.printf("   page %d: %d images", n, len(page.Images))
	}
	return nil
}

// ours returns the condition that is true only for images of this run.
func (t *tour) ours() cfimages.Condition { return cfimages.Eq("run", t.run) }

// await repeats a filtered list until it has count images, for at most listTimeout.
// Cloudflare does not document how soon a list shows an upload or a change.
func (t *tour) await(ctx context.Context, count int, conditions ...cfimages.Condition) ([]cfimages.Image, error) {
	for start := time.Now(); ; {
		listed, err := t.find(ctx, conditions...)
		if err != nil || len(listed) == count || time.Since(start) > listTimeout {
			return listed, err
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// find returns all images for which the conditions are true.
func (t *tour) find(ctx context.Context, conditions ...cfimages.Condition) ([]cfimages.Image, error) {
	var found []cfimages.Image
	for img, err := range t.client.ImagesV2.All(ctx, cfimages.ListParams{Meta: cfimages.Where(conditions...)}) {
		if err != nil {
			return nil, err
		}
		found = append(found, img)
	}
	return found, nil
}
