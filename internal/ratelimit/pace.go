package ratelimit

import (
	"context"
	"time"

	"github.com/cfimages/cfimages-go/internal/retry"
)

// paceSlack is how far a Pace may fall behind and catch up again: timers fire late.
const paceSlack = 10 * time.Millisecond

// Pace lets requests pass one by one, evenly and in order of arrival. It is safe
// for concurrent use.
type Pace struct {
	interval time.Duration
	head     chan struct{} // held by the first of the queue; a channel serves its senders in order
	next     time.Time     // when another one may pass; for who holds head
}

// NewPace returns a Pace of so many requests a second.
func NewPace(perSecond int) *Pace {
	return &Pace{interval: time.Second / time.Duration(perSecond), head: make(chan struct{}, 1)}
}

// Wait returns nil when a request may be sent, and ctx.Err() when ctx ends
// first, which leaves its turn to the next.
func (p *Pace) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.head }()
	if wait := time.Until(p.next); wait > 0 {
		if err := retry.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	if late := time.Now().Add(-paceSlack); p.next.Before(late) {
		p.next = late
	}
	p.next = p.next.Add(p.interval)
	return nil
}
