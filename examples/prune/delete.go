package main

import (
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

// delete deletes what is left of the plan, one image at a time.
func (p *pruner) delete(ctx context.Context, images int) error {
	inRow, tried := 0, 0
	for c, err := range p.report.remaining() {
		if err != nil {
			return err
		}
		became, cause := p.remove(ctx, c)
		if endsAll(ctx, cause) {
			return p.stopped(cause)
		}
		inRow++
		if !isOutage(cause) {
			inRow = 0
		}
		tried++
		o := outcome{N: c.N, ID: c.ID, Result: became, At: time.Now().UTC()}
		if cause != nil {
			o.Reason = cause.Error()
			fmt.Fprintf(p.out, "%s: %s\n", cell(c.ID), cell(o.Reason))
		}
		if err := p.report.record(o); err != nil {
			return fmt.Errorf("write the report, after %s was %s: %w", c.ID, became, err)
		}
		if inRow == maxFailures {
			return p.stopped(fmt.Errorf("%d failures in a row: %w", inRow, cause))
		}
		p.progress("%d of %d images: %s\n", tried, images, p.tally())
	}
	fmt.Fprintf(p.out, "Done: %s.\n", p.tally())
	if n := len(p.report.failed); n > 0 {
		return fmt.Errorf("%d images could not be deleted: the same command tries them again", n)
	}
	return nil
}

// remove deletes an image, if it is still the one that was planned.
func (p *pruner) remove(ctx context.Context, c candidate) (result, error) {
	if callsFor(c.ID) == 2 {
		became, err := p.lookAgain(ctx, c.ID)
		if became != "" {
			return became, err
		}
	}
	if err := p.pace.wait(ctx); err != nil {
		return failed, err
	}
	err := p.client.ImagesV1.Delete(ctx, c.ID)
	switch {
	case isGone(err):
		return gone, nil
	case err != nil:
		return failed, err
	}
	return deleted, nil
}

// lookAgain returns why an image is not to be deleted; "" if it is.
func (p *pruner) lookAgain(ctx context.Context, id string) (result, error) {
	if err := p.pace.wait(ctx); err != nil {
		return failed, err
	}
	img, err := p.client.ImagesV1.Get(ctx, id)
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

// stopped says how to go on.
func (p *pruner) stopped(cause error) error {
	if tally := p.tally(); tally != "" {
		fmt.Fprintf(p.out, "Stopped: %s.\n", tally)
	}
	return fmt.Errorf("stopped: %w\nthe same command goes on with %s", cause, p.report.file.Name())
}

// endsAll reports whether what happened to one image would happen to all others.
func endsAll(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil ||
		errors.Is(err, cfimages.ErrUnauthorized) || errors.Is(err, cfimages.ErrForbidden) || errors.Is(err, cfimages.ErrRateLimited))
}

// isGone reports whether the API says that there is no such image. A page of the
// edge with the same status does not say it.
func isGone(err error) bool {
	e, replied := errors.AsType[*cfimages.Error](err)
	return replied && errors.Is(err, cfimages.ErrNotFound) && len(e.Errors) > 0
}

// isOutage reports whether a failure was not about the image.
func isOutage(err error) bool {
	e, replied := errors.AsType[*cfimages.Error](err)
	refused := replied && e.StatusCode/100 == 4
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
