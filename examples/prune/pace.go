package main

import (
	"cmp"
	"context"
	"log"
	"time"

	"github.com/cfimages/cfimages-go"
)

// documentedQuota is how many calls Cloudflare documents for each user or token
// in 5 minutes. It is used if responses do not report a quota.
const documentedQuota = 1200

// pacer spaces out calls, and leaves a share of the quota to other programs.
type pacer struct {
	client   *cfimages.Client
	interval time.Duration
	reserve  float64
	out      *log.Logger
	next     chan time.Time // time of the next call; the call that received it blocks the others
}

func newPacer(client *cfimages.Client, rate, reserve float64, out *log.Logger) *pacer {
	next := make(chan time.Time, 1)
	next <- time.Time{}
	return &pacer{client, time.Duration(float64(time.Second) / rate), reserve, out, next}
}

// wait returns when the next call may be sent.
func (p *pacer) wait(ctx context.Context) error {
	var next time.Time
	select {
	case next = <-p.next:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.next <- next }()
	if err := sleepUntil(ctx, next); err != nil {
		return err
	}
	limit := p.client.RateLimit()
	quota := cmp.Or(limit.Quota, documentedQuota)
	if !limit.Reset.IsZero() && float64(limit.Remaining-1) < p.reserve*float64(quota) {
		p.out.Printf("Waiting until %s: only %d of %d calls are left.", date(limit.Reset), limit.Remaining, quota)
		if err := sleepUntil(ctx, limit.Reset); err != nil {
			return err
		}
	}
	next = time.Now().Add(p.interval)
	return nil
}

func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(t)):
	}
	return ctx.Err()
}
