package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/cfimages/cfimages-go"
)

// pruner makes the plan, and then shows it or deletes its images.
type pruner struct {
	*options
	user   console
	client *cfimages.Client
	pace   *pacer
	out    *log.Logger // used by all workers

	report *report

	mu       sync.Mutex // guards the rest
	tried    int        // images
	outages  int        // failures in a row
	reported time.Time  // when progress was last printed
}

func prune(ctx context.Context, client *cfimages.Client, opts *options, user console) (err error) {
	r, err := openReport(opts.report, opts.header)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	out := log.New(user.out, "", 0)
	p := &pruner{options: opts, user: user, client: client, pace: newPacer(client, opts.rate, opts.reserve, out), out: out, report: r, reported: time.Now()}
	resumed := r.planned
	if !resumed {
		if err := p.plan(ctx); err != nil {
			return fmt.Errorf("plan: %w\nnothing was deleted", err)
		}
	}
	left := r.left()
	if resumed && len(left) == 0 {
		return fmt.Errorf("report %s is complete (%s): use another -report", opts.report, cmp.Or(r.tally(), "nothing to delete"))
	}
	if err := p.show(left); err != nil || len(left) == 0 || !opts.delete {
		return err
	}
	if err := p.confirm(len(left)); err != nil {
		return err
	}
	// Before this point, an interrupt ends the program at once: nothing was deleted.
	ctx, stop := user.untilInterrupt(ctx)
	defer stop()
	return p.deleteAll(ctx, left)
}

// plan lists the old images, oldest first, and saves the list.
func (p *pruner) plan(ctx context.Context) error {
	params := cfimages.ListParams{SortOrder: cfimages.SortAscending, Meta: cfimages.Where(p.conditions...)}
	if p.Creator != "" {
		params.Creator = &p.Creator
	}
	if err := p.pace.wait(ctx); err != nil {
		return err
	}
	for page, err := range p.client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return err
		}
		more, err := p.choose(page.Images)
		if err != nil {
			return err
		}
		if !more || page.ContinuationToken == "" {
			break
		}
		p.progress("%d images planned so far", len(p.report.plan))
		if err := p.pace.wait(ctx); err != nil { // for the next page
			return err
		}
	}
	return p.report.savePlan()
}

// choose adds the old images of a page to the plan. The list is sorted by upload
// time, so no old image follows the first young one.
func (p *pruner) choose(images []cfimages.Image) (more bool, err error) {
	for _, img := range images {
		switch {
		case p.Limit > 0 && len(p.report.plan) == p.Limit:
			return false, nil
		case img.Uploaded.IsZero():
			return false, fmt.Errorf("image %q has no upload time, so its age is unknown", img.ID)
		case p.Creator != "" && img.Creator != p.Creator:
			return false, fmt.Errorf("image %q has creator %q: the server ignored -creator", img.ID, img.Creator)
		case !p.report.isOld(img.Uploaded):
			return false, nil
		}
		p.report.plan = append(p.report.plan, &candidate{N: len(p.report.plan), ID: img.ID, Uploaded: img.Uploaded, Filename: img.Filename})
	}
	return true, nil
}

// show prints the images to delete, unless they are deleted now, and a summary.
func (p *pruner) show(left []*candidate) error {
	calls := 0
	for _, c := range left {
		calls++
		if c.isCustom() {
			calls++
		}
		if p.delete {
			continue
		}
		if _, err := fmt.Fprintf(p.user.out, "%s  %-36s  %s\n", date(c.Uploaded), cell(c.ID), cell(c.Filename)); err != nil {
			return err
		}
	}
	p.out.Printf("To delete: %s", p.selection)
	p.out.Printf("  cutoff:   uploaded before %s\n  images:   %d", date(p.report.Cutoff), len(left))
	if len(left) > 0 {
		byAge := func(a, b *candidate) int { return a.Uploaded.Compare(b.Uploaded) }
		p.out.Printf("  oldest:   %s\n  newest:   %s", date(slices.MinFunc(left, byAge).Uploaded), date(slices.MaxFunc(left, byAge).Uploaded))
		p.out.Printf("  duration: at least %v, for %d calls", (time.Duration(calls) * p.pace.interval).Round(time.Second), calls)
	}
	if before := p.report.tally(); before != "" {
		p.out.Printf("  before:   %s", before)
	}
	if len(left) > 0 && !p.delete {
		p.out.Print("Nothing was deleted. To delete the images, add -delete and -report.")
	}
	return nil
}

// confirm asks the user to type the number of images.
func (p *pruner) confirm(images int) error {
	if p.yes {
		return nil
	}
	fmt.Fprint(p.user.out, "This cannot be undone. Type the number of images to delete them: ")
	answer, err := bufio.NewReader(p.user.in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != strconv.Itoa(images) {
		return errors.New("not confirmed: nothing was deleted")
	}
	return nil
}

// progress prints a line, at most one every 30 seconds.
func (p *pruner) progress(format string, args ...any) {
	if time.Since(p.reported) >= 30*time.Second {
		p.reported = time.Now()
		p.out.Printf(format, args...)
	}
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cell returns text without terminal control characters.
func cell(text string) string {
	return cmp.Or(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text), "-")
}
