// Package serve runs the HTTP servers of the example programs.
package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// grace is how long requests may continue after the context has ended.
const grace = 5 * time.Second

// Site is a server and its listener.
type Site struct {
	Listener net.Listener
	Server   *http.Server
}

// Run serves all sites until ctx is done or one of them fails. Requests in progress
// then have 5 s to finish. Run closes the listeners, and returns after all sites
// have stopped. Its error is nil if ctx is done.
func Run(ctx context.Context, sites ...Site) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error)
	for _, site := range sites {
		go func() { ended <- site.run(ctx) }()
	}
	var failed error
	for range sites {
		failed = errors.Join(failed, <-ended)
		stop()
	}
	return failed
}

func (s Site) run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Server.Serve(s.Listener) }()
	select {
	case err := <-failed:
		s.Server.Close()
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := s.Server.Shutdown(ending)
	if err != nil {
		err = s.Server.Close()
	}
	<-failed
	return err
}
