package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
)

// maxFailures is how many failures in a row are treated as an outage, which stops
// the program.
const maxFailures = 10

// grace is how long calls in flight may take after an interrupt.
const grace = 30 * time.Second

// deleteAll deletes the remaining images of the plan, with several workers.
func (p *pruner) deleteAll(ctx context.Context, left []*candidate) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancelCalls) })()

	queue := make(chan *candidate, len(left))
	for _, c := range left {
		queue <- c
	}
	close(queue)
	stopped := make(chan error, p.workers)
	var workers sync.WaitGroup
	for range p.workers {
		workers.Go(func() {
			for c := range queue {
				result, err := p.remove(ctx, calls, c)
				if err := p.recordOutcome(c, result, err, len(left)); err != nil {
					stopped <- err // the first is the cause of the others
					stop()
					return
				}
			}
		})
	}
	workers.Wait()
	close(stopped)
	return p.finish(<-stopped)
}

// errReplaced means that a custom ID now refers to another, younger image.
var errReplaced = errors.New("image was replaced")

// remove deletes an image if it is still the planned one. After the end of ctx it
// starts no new call; a call in flight may continue until the end of calls.
func (p *pruner) remove(ctx, calls context.Context, c *candidate) (result, error) {
	err := p.checkCustomID(ctx, calls, c)
	if err == nil {
		err = p.pace.wait(ctx)
	}
	if err == nil {
		err = p.client.ImagesV1.Delete(calls, c.ID)
	}
	switch {
	case err == nil:
		return deleted, nil
	case errors.Is(err, errReplaced):
		return kept, nil
	case isGone(err):
		return gone, nil
	}
	return failed, err
}

// checkCustomID returns errReplaced if a custom ID now refers to a younger image.
func (p *pruner) checkCustomID(ctx, calls context.Context, c *candidate) error {
	if !c.isCustom() {
		return nil
	}
	if err := p.pace.wait(ctx); err != nil {
		return err
	}
	img, err := p.client.ImagesV1.Get(calls, c.ID)
	if err == nil && (img.Draft || img.Uploaded.IsZero() || !p.report.isOld(img.Uploaded)) {
		return errReplaced
	}
	return err
}

// recordOutcome records the outcome of one of n candidates. An error stops the
// program.
func (p *pruner) recordOutcome(c *candidate, result result, cause error, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if affectsAll(cause) {
		return cause
	}
	p.tried++
	p.outages++
	if !isOutage(cause) {
		p.outages = 0
	}
	o := outcome{N: c.N, ID: c.ID, Result: result, At: time.Now().UTC()}
	if cause != nil {
		o.Reason = cause.Error()
		p.out.Printf("%s: %s", cell(c.ID), cell(o.Reason))
	}
	if err := p.report.record(o); err != nil {
		return fmt.Errorf("write outcome %q of image %s to the report: %w", result, c.ID, err)
	}
	if p.outages == maxFailures {
		return fmt.Errorf("%d failures in a row: %w", p.outages, cause)
	}
	p.progress("%d of %d images: %s", p.tried, n, p.report.tally())
	return nil
}

// finish prints the tally. Its error reports how to continue if images are left.
func (p *pruner) finish(cause error) error {
	tally := p.report.tally()
	if cause != nil {
		p.out.Printf("Stopped: %s.", cmp.Or(tally, "nothing was deleted"))
		return fmt.Errorf("stopped: %w\nrun the same command again to continue with %s", cause, p.options.report)
	}
	p.out.Printf("Done: %s.", tally)
	if failures := p.report.done[failed]; failures > 0 {
		return fmt.Errorf("%d images could not be deleted: run the same command again to retry them", failures)
	}
	return nil
}

// affectsAll reports whether an error would occur for all other images too.
func affectsAll(err error) bool {
	return errors.Is(err, context.Canceled) ||
		errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) || errors.Is(err, cfimages.ErrRateLimited)
}

// isGone reports whether the API responded that the image does not exist. An HTML
// page of the edge with status 404 does not prove that.
func isGone(err error) bool {
	e, responded := errors.AsType[*cfimages.Error](err)
	return responded && errors.Is(err, cfimages.ErrNotFound) && len(e.Errors) > 0
}

// isOutage reports whether a failure was not caused by the image.
func isOutage(err error) bool {
	e, responded := errors.AsType[*cfimages.Error](err)
	rejected := responded && e.StatusCode/100 == 4
	return err != nil && !rejected && !errors.Is(err, cfimages.ErrInvalidParams)
}
