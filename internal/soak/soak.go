package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// soak runs the workers and the injector, and compares the reported outcomes with the
// stored images.
func (p plan) soak(ctx context.Context) (*report, error) {
	goroutines := runtime.NumGoroutine()
	s, err := newSite()
	if err != nil {
		return nil, err
	}
	defer s.close()
	t := newTally()
	client, transport := s.newClient(cfimages.WithRequestTimeout(p.timeout), cfimages.WithLogger(slog.New(t)))
	injector := newInjector(p, s)
	workers, err := p.work(ctx, client, t, injector)
	if err != nil {
		return nil, err
	}
	for _, w := range workers {
		for _, s := range w.stories {
			s.lookAgain(ctx)
		}
	}
	r := &report{plan: p, tally: t, incidents: injector.counts}
	r.audit(s.server, workers)
	r.countUploads(s.server)
	r.closeConnections(s, transport)
	s.close()
	r.goroutines = settled(func() int { return max(0, runtime.NumGoroutine()-goroutines) })
	if r.goroutines > 0 {
		t.breakf("%d goroutines are left", r.goroutines)
	}
	r.broken = t.brokenPromises()
	return r, nil
}

// work runs all workers for the duration of the test, and returns them.
func (p plan) work(ctx context.Context, client *cfimages.Client, t *tally, injector *injector) ([]*worker, error) {
	var working, injecting sync.WaitGroup
	var injectErr error
	injectCtx, stop := context.WithCancel(ctx)
	injecting.Go(func() { injectErr = injector.run(injectCtx) })
	end := time.Now().Add(p.duration)
	workers := make([]*worker, p.workers)
	for i := range workers {
		workers[i] = &worker{number: i, client: client, tally: t, random: newRandom(p.seed, i+1)}
		working.Go(func() { workers[i].run(ctx, end) })
	}
	working.Wait()
	stop()
	injecting.Wait()
	injector.settle()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return workers, injectErr
}

// audit compares every story with the images on the server.
func (r *report) audit(server *imagestest.Server, workers []*worker) {
	stored := make(map[string]*cfimages.Image)
	for _, img := range server.Images() {
		if img.Creator != galleryCreator {
			stored[img.ID] = &img
		}
	}
	for _, w := range workers {
		r.again += w.again
		for _, s := range w.stories {
			img := stored[s.id]
			delete(stored, s.id)
			r.writes.add(s, img)
			if problem := s.problem(img, content(server, img)); problem != "" {
				r.tally.breakf("%s", problem)
			}
		}
	}
	for id := range stored {
		r.tally.breakf("%q exists, but no worker created it", id)
	}
}

// content returns the uploaded file, without a connection.
func content(server *imagestest.Server, img *cfimages.Image) []byte {
	if img == nil || img.Draft {
		return nil
	}
	recorder := httptest.NewRecorder()
	server.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, img.Variants[0], nil))
	return recorder.Body.Bytes()
}

// countUploads checks that no upload was sent twice. A check for conflicts would not be
// enough: the first request may have had no effect.
func (r *report) countUploads(server *imagestest.Server) {
	r.uploadRequests = server.Count(imagestest.OpUpload)
	if calls := r.tally.calls(upload); r.uploadRequests > calls {
		r.tally.breakf("%d calls sent %d uploads", calls, r.uploadRequests)
	}
}

// closeConnections closes all connections. They are idle, because no call is in flight.
func (r *report) closeConnections(s *site, transport *http.Transport) {
	r.connections, r.idle = s.network.connections()
	transport.CloseIdleConnections()
	r.open = settled(func() int {
		_, open := s.network.connections()
		return open
	})
	if r.open > 0 {
		r.tally.breakf("%d connections are left", r.open)
	}
}

// settled waits until count returns 0, at most 5 s, and returns the last count.
func settled(count func() int) int {
	for range 500 {
		if count() == 0 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return count()
}
