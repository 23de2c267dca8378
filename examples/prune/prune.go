package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cfimages/cfimages-go"
)

// pruner deletes images, in the steps plan, survey and delete.
type pruner struct {
	client *cfimages.Client
	report *report
	pace   *pacer
	out    io.Writer
	inRow  int       // failures that came one after the other
	spoken time.Time // when progress was last told
}

// prune plans, unless the report has a plan, and then shows it or deletes.
func prune(ctx context.Context, client *cfimages.Client, opts *options, user console) (err error) {
	r, err := openReport(opts.report, opts.selection)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	out := &lockedWriter{w: user.out}
	p := &pruner{client: client, report: r, pace: newPacer(client, opts.rate, opts.reserve, out), out: out, spoken: time.Now()}
	resumed := r.planned
	if !resumed {
		if err := p.plan(ctx, opts.listParams()); err != nil {
			return fmt.Errorf("plan: %w\nnothing was deleted", err)
		}
	}
	left, err := p.survey(!opts.delete)
	if err != nil {
		return err
	}
	if resumed && left.images == 0 {
		return fmt.Errorf("report %s is finished (%s): name another", opts.report, cmp.Or(p.tally(), "nothing to delete"))
	}
	p.describe(left)
	switch {
	case left.images == 0:
		return nil
	case !opts.delete:
		fmt.Fprintln(p.out, "Nothing was deleted: that takes -delete and a -report.")
		return nil
	case !opts.yes:
		if err := confirm(user, left.images); err != nil {
			return err
		}
	}
	// Until here, an interrupt just ends the program: nothing was deleted.
	ctx, stop := user.untilInterrupt(ctx)
	defer stop()
	return p.delete(ctx, opts.workers, left.images)
}

// plan writes down the images that are old.
func (p *pruner) plan(ctx context.Context, params cfimages.ListParams) error {
	if err := p.pace.wait(ctx); err != nil {
		return err
	}
	for page, err := range p.client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return err
		}
		candidates, more, err := p.choose(page.Images)
		if err != nil {
			return err
		}
		if err := p.report.plan(candidates); err != nil {
			return err
		}
		if !more || page.ContinuationToken == "" {
			break
		}
		p.progress("%d images planned so far\n", len(p.report.results))
		if err := p.pace.wait(ctx); err != nil { // for the next page
			return err
		}
	}
	return p.report.finishPlan()
}

// choose returns the images of a page that are old. As the list is sorted by
// upload time, there are no more after the first that is young.
func (p *pruner) choose(images []cfimages.Image) (candidates []candidate, more bool, err error) {
	wanted := p.report.header.selection
	for _, img := range images {
		switch {
		case wanted.Limit > 0 && len(p.report.results)+len(candidates) == wanted.Limit:
			return candidates, false, nil
		case img.Uploaded.IsZero():
			return nil, false, fmt.Errorf("image %q has no upload time, so its age is not known", img.ID)
		case wanted.Creator != "" && img.Creator != wanted.Creator:
			return nil, false, fmt.Errorf("image %q is of creator %q: the server does not keep to -creator", img.ID, img.Creator)
		case !p.isOld(img.Uploaded):
			return candidates, false, nil
		}
		candidates = append(candidates, candidate{ID: img.ID, Uploaded: img.Uploaded, Filename: img.Filename})
	}
	return candidates, true, nil
}

func (p *pruner) isOld(uploaded time.Time) bool {
	return uploaded.Before(p.report.header.Cutoff)
}
