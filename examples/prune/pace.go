package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cfimages/cfimages-go"
)

// documentedQuota is how many calls Cloudflare documents for each user or token
// in 5 minutes. It stands in where responses do not name a quota.
const documentedQuota = 1200

// pacer makes calls wait for their turn, so that quota is left for others.
type pacer struct {
	client   *cfimages.Client
	interval time.Duration
	reserve  float64
	out      io.Writer      // is told of long waits
	next     chan time.Time // the earliest turn; who has taken it is the next, and the others queue up
}

func newPacer(client *cfimages.Client, rate, reserve float64, out io.Writer) *pacer {
	p := &pacer{client: client, interval: time.Duration(float64(time.Second) / rate), reserve: reserve, out: out, next: make(chan time.Time, 1)}
	p.next <- time.Time{}
	return p
}

// wait returns when the next call may be sent. Turns come in the order in which
// they are waited for.
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
		fmt.Fprintf(p.out, "Waiting until %s: only %d of %d calls are left.\n", date(limit.Reset), limit.Remaining, quota)
		if err := sleepUntil(ctx, limit.Reset); err != nil {
			return err
		}
	}
	next = time.Now().Add(p.interval)
	return nil
}

// estimate is how long n calls take, if they are quick and nothing holds them up.
func (p *pacer) estimate(n int) time.Duration {
	return time.Duration(float64(n) * float64(p.interval)).Round(time.Second)
}

func sleepUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}
