package ratelimit

import (
	"context"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// paceSlack is how far a Pace may fall behind and still catch up: timers fire late.
const paceSlack = 10 * time.Millisecond

// Pace spaces out requests evenly. It must be used by one goroutine at a time: the
// callers determine the order.
type Pace struct {
	interval time.Duration
	next     time.Time // time of the next request
}

// NewPace returns a Pace with a number of requests per second.
func NewPace(perSecond int) *Pace {
	return &Pace{interval: time.Second / time.Duration(perSecond)}
}

// Wait waits until the next request may be sent and returns nil. If ctx ends first, it
// returns ctx.Err(), and the next caller gets the turn.
func (p *Pace) Wait(ctx context.Context) error {
	if err := retry.Sleep(ctx, time.Until(p.next)); err != nil {
		return err
	}
	if late := time.Now().Add(-paceSlack); p.next.Before(late) {
		p.next = late
	}
	p.next = p.next.Add(p.interval)
	return nil
}
