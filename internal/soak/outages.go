package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// crowd is how many calls of each kind are made during an outage.
const crowd = 64

// outage counts the calls that failed because of an outage, with the default options.
type outage struct {
	downtime time.Duration
	apart    atomic.Int64 // calls in flight of clients with one call each
	together atomic.Int64 // calls in flight of one client
	later    atomic.Int64 // calls of one client, started while connections were refused
}

// measureOutages restarts a server with each downtime of the plan.
func (p plan) measureOutages(ctx context.Context) ([]*outage, error) {
	var outages []*outage
	for _, downtime := range p.outages {
		o := &outage{downtime: downtime}
		if err := o.measure(ctx); err != nil {
			return nil, err
		}
		outages = append(outages, o)
	}
	return outages, ctx.Err()
}

func (o *outage) measure(ctx context.Context) error {
	s, err := newSite()
	if err != nil {
		return err
	}
	defer s.close()
	s.server.Inject(imagestest.Fault{Operation: imagestest.OpGet, Times: 2 * crowd, Kind: imagestest.Stall{}})
	var calls sync.WaitGroup
	defer calls.Wait()
	shared, ofShared := s.newClient()
	defer ofShared.CloseIdleConnections()
	for range crowd {
		single, ofSingle := s.newClient()
		defer ofSingle.CloseIdleConnections()
		calls.Go(func() { getOrLose(ctx, single, &o.apart) })
		calls.Go(func() { getOrLose(ctx, shared, &o.together) })
	}
	for s.server.Count(imagestest.OpGet) < 2*crowd && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	later, ofLater := s.newClient()
	defer ofLater.CloseIdleConnections()
	s.network.down(true)
	for range crowd {
		calls.Go(func() { getOrLose(ctx, later, &o.later) })
	}
	time.Sleep(o.downtime)
	if err := s.network.up(); err != nil {
		return err
	}
	calls.Wait()
	return nil
}

func getOrLose(ctx context.Context, client *cfimages.Client, lost *atomic.Int64) {
	if _, err := client.ImagesV1.Get(ctx, galleryID(0)); err != nil {
		lost.Add(1)
	}
}
