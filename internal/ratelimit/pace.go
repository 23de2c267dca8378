package ratelimit

import (
	"context"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// paceSlack is how far a Pace may fall behind and catch up again: timers fire late.
const paceSlack = 10 * time.Millisecond

// Pace lets requests pass one by one and evenly. It is for one goroutine at a
// time: its users queue for it in the order that they want.
type Pace struct {
	interval time.Duration
	next     time.Time // when another one may pass
}

// NewPace returns a Pace of so many requests a second.
func NewPace(perSecond int) *Pace {
	return &Pace{interval: time.Second / time.Duration(perSecond)}
}

// Wait returns nil when a request may be sent, and ctx.Err() when ctx ends
// first, which leaves its turn to the next.
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
