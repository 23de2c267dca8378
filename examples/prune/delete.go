package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/cfimages/cfimages-go"
)

// maxFailures is how many failures in a row make the program stop: it is an
// outage then, and not a matter of single images.
const maxFailures = 10

// grace is how long calls that were started may take after an interrupt.
const grace = 30 * time.Second

// removal is what a worker reports of a candidate.
type removal struct {
	candidate
	became result
	cause  error // of a failure
}

// delete deletes what is left of the plan, some images at a time. Only delete
// itself writes the report.
func (p *pruner) delete(ctx context.Context, workers, images int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()

	removals := make(chan removal)
	running, tried := 0, 0
	var failure error // the first that stops the program
	settleOne := func() {
		err := p.settle(<-removals)
		running--
		if err != nil {
			failure = cmp.Or(failure, err)
			stop()
			return
		}
		tried++
		p.progress("%d of %d images: %s\n", tried, images, p.tally())
	}
	for c, err := range p.report.remaining() {
		if running == workers {
			settleOne()
		}
		if failure = cmp.Or(failure, err, ctx.Err()); failure != nil {
			stop()
			break
		}
		running++
		go func() { removals <- p.remove(ctx, calls, c) }()
	}
	for running > 0 {
		settleOne()
	}
	return p.finish(failure)
}

// settle records what became of a candidate. An error is one that stops the
// program.
func (p *pruner) settle(r removal) error {
	if endsAll(r.cause) {
		return r.cause
	}
	p.inRow++
	if !isOutage(r.cause) {
		p.inRow = 0
	}
	o := outcome{N: r.N, ID: r.ID, Result: r.became, At: time.Now().UTC()}
	if r.cause != nil {
		o.Reason = r.cause.Error()
		fmt.Fprintf(p.out, "%s: %s\n", cell(r.ID), cell(o.Reason))
	}
	if err := p.report.record(o); err != nil {
		return fmt.Errorf("write the report, after %s was %s: %w", r.ID, r.became, err)
	}
	if p.inRow == maxFailures {
		return fmt.Errorf("%d failures in a row: %w", p.inRow, r.cause)
	}
	return nil
}

// finish says what was done, and how to go on if there is more.
func (p *pruner) finish(cause error) error {
	failures := p.report.done[failed]
	switch tally := p.tally(); {
	case cause == nil:
		fmt.Fprintf(p.out, "Done: %s.\n", tally)
	case tally != "":
		fmt.Fprintf(p.out, "Stopped: %s.\n", tally)
	}
	switch {
	case cause != nil:
		return fmt.Errorf("stopped: %w\nthe same command goes on with %s", cause, p.report.lines.File.Name())
	case failures > 0:
		return fmt.Errorf("%d images could not be deleted: the same command tries them again", failures)
	}
	return nil
}

// remove deletes an image, if it is still the one that was planned. When ctx
// ends, no call is begun; those that were have until calls ends.
func (p *pruner) remove(ctx, calls context.Context, c candidate) removal {
	if callsFor(c.ID) == 2 {
		became, err := p.lookAgain(ctx, calls, c.ID)
		if became != "" {
			return removal{c, became, err}
		}
	}
	if err := p.pace.wait(ctx); err != nil {
		return removal{c, failed, err}
	}
	err := p.client.ImagesV1.Delete(calls, c.ID)
	switch {
	case isGone(err):
		return removal{c, gone, nil}
	case err != nil:
		return removal{c, failed, err}
	}
	return removal{c, deleted, nil}
}

// lookAgain returns why an image is not to be deleted; "" if it is.
func (p *pruner) lookAgain(ctx, calls context.Context, id string) (result, error) {
	if err := p.pace.wait(ctx); err != nil {
		return failed, err
	}
	img, err := p.client.ImagesV1.Get(calls, id)
	switch {
	case isGone(err):
		return gone, nil
	case err != nil:
		return failed, err
	case img.Draft || img.Uploaded.IsZero() || !p.isOld(img.Uploaded):
		return kept, nil
	}
	return "", nil
}

// endsAll reports whether what happened to one image would happen to all others.
func endsAll(err error) bool {
	return errors.Is(err, context.Canceled) ||
		errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) || errors.Is(err, cfimages.ErrRateLimited)
}

// isGone reports whether the API says that there is no such image. A page of the
// edge with the same status does not say it.
func isGone(err error) bool {
	e, responded := errors.AsType[*cfimages.Error](err)
	return responded && errors.Is(err, cfimages.ErrNotFound) && len(e.Errors) > 0
}

// isOutage reports whether a failure was not about the image.
func isOutage(err error) bool {
	e, responded := errors.AsType[*cfimages.Error](err)
	refused := responded && e.StatusCode/100 == 4
	return err != nil && !refused && !errors.Is(err, cfimages.ErrInvalidParams)
}

var generatedID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// callsFor is how many calls it takes to delete an image. A custom ID is never a
// UUID (Cloudflare's API reference) and has to be looked at again.
func callsFor(id string) int {
	if generatedID.MatchString(id) {
		return 1
	}
	return 2
}
