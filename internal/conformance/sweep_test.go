package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// TestWalksBrokenAtEveryByte breaks the responses of a walk over three pages, each
// at every byte of its body, and each page three times before it arrives whole.
// What the walk and those that resume from its errors have yielded is exactly the
// list. Over HTTP/2, where a break mostly costs a TLS handshake, the four combinations
// of a failure share the bytes. Under the race detector, which makes all this ten
// times slower, each takes every eleventh byte, and each another one.
func TestWalksBrokenAtEveryByte(t *testing.T) {
	n := 0
	failures := map[protocol][]string{
		http1: {"cut", "reset", "stall", "cancel"},
		http2: {"cut", "reset", "stall", "cancel", "GOAWAY", "RST_STREAM"},
	}
	for _, p := range protocols {
		for _, failure := range failures[p] {
			for _, retries := range []bool{true, false} {
				for _, prefetch := range []bool{true, false} {
					step := everyNth
					if p == http2 {
						step = max(everyNth, 4)
					}
					first := n % step
					n++
					t.Run(fmt.Sprintf("%s %s retries=%t prefetch=%t", p, failure, retries, prefetch), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							newSweep(t, p, failure, retries, prefetch).run(t, first, step)
						})
					})
				}
			}
		}
	}
}

// breaks is how often each page is broken.
const breaks = 3

// sweep is one way to break walks.
type sweep struct {
	*fixture
	all     []string // the IDs
	cancel  bool     // the walk is canceled while a response stalls
	retries bool
	shared  bool // a page and the prefetched one share a connection, and break together
	opts    []cfimages.Option
	breaker breaker
}

func newSweep(t *testing.T, p protocol, failure string, retries, prefetch bool) *sweep {
	s := &sweep{fixture: newFixture(t, p, nil, nil), cancel: failure == "cancel", retries: retries}
	s.shared = p == http2 && prefetch && (failure == "cut" || failure == "reset" || failure == "GOAWAY")
	s.all = s.fillAlbum(21)
	s.breaker = breaker{fixture: s.fixture, kind: imagestest.Stall{}}
	switch failure {
	case "cut":
		s.breaker.kind = imagestest.Cut{}
	case "reset":
		s.breaker.kind = imagestest.Reset{}
	case "GOAWAY":
		s.breaker.kind = imagestest.GoAway{Close: true}
	case "RST_STREAM":
		s.breaker.kind = imagestest.ResetStream{Code: 2}
	}
	s.opts = inAlbum(cfimages.WithPrefetch(prefetch), cfimages.WithHTTPClient(&http.Client{Transport: &s.breaker}))
	policy := cfimages.RetryPolicy{}
	if retries {
		policy = cfimages.DefaultRetryPolicy()
		policy.MaxAttempts = 2*breaks + 1 // where a page can break together with another
	}
	s.opts = append(s.opts, cfimages.WithRetryPolicy(policy))
	return s
}

func (s *sweep) run(t *testing.T, first, step int) {
	defer s.server.Close()
	s.breaker.learn(t, s.newClient(s.opts...))
	require.Len(t, s.breaker.pages, 3)
	for start := first; start < s.breaker.longestStep(); start += step {
		broken := s.breaker.aim(start)
		got, errs := s.walk(t)
		require.Equal(t, s.all, got, "broken at %d", start)
		if s.retries && !s.cancel {
			broken = 0
		}
		if s.shared && broken > 0 {
			require.GreaterOrEqual(t, errs, (broken+1)/2, "errors, broken at %d", start)
			require.LessOrEqual(t, errs, 2*broken, "errors, broken at %d", start)
		} else {
			require.Equal(t, broken, errs, "errors, broken at %d", start)
		}
		require.Zero(t, s.openBodies.Load())
	}
	s.checkNothingLeft(t)
}

// walk walks to the end, and resumes after every error.
func (s *sweep) walk(t *testing.T) (got []string, errs int) {
	client := s.newClient(s.opts...)
	params := tens
	for {
		part, err := s.walkOnce(t.Context(), client, params)
		got = append(got, part...)
		if err == nil {
			return got, errs
		}
		errs++
		require.Equal(t, s.cancel, errors.Is(err, context.Canceled), "%v", err)
		failed, ok := errors.AsType[*cfimages.PageError](err)
		require.True(t, ok)
		params.ContinuationToken, params.Skip = failed.ContinuationToken, failed.Yielded
	}
}

func (s *sweep) walkOnce(ctx context.Context, client *cfimages.Client, params cfimages.ListParams) ([]string, error) {
	if s.cancel {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer time.AfterFunc(time.Second, cancel).Stop()
	}
	return collect(client.ImagesV2.All(ctx, params))
}

// breaker is a transport that knows which page is asked for, and breaks it at
// the bytes that are next.
type breaker struct {
	fixture *fixture
	kind    imagestest.Kind

	mu    sync.Mutex
	pages map[string]*target // by the token that asks for it
}

// target is a page to be broken: first at byte next, then a step further, until
// it was broken three times.
type target struct {
	size, next, left int
}

func (p *target) step() int { return (p.size + breaks - 1) / breaks }

// learn walks once without faults, to learn the sizes of the pages.
func (b *breaker) learn(t *testing.T, client *cfimages.Client) {
	b.pages = make(map[string]*target)
	_, err := collect(client.ImagesV2.All(t.Context(), tens))
	require.NoError(t, err)
}

func (b *breaker) longestStep() int {
	longest := 0
	for _, p := range b.pages {
		longest = max(longest, p.step())
	}
	return longest
}

// aim sets the first byte at which the pages are broken. Those that are too
// short for it have been broken everywhere. It returns how often there will be a break.
func (b *breaker) aim(start int) (broken int) {
	for _, p := range b.pages {
		p.next, p.left = start, 0
		for i := 0; i < breaks && start < p.step() && start+i*p.step() < p.size; i++ {
			p.left++
		}
		broken += p.left
	}
	return broken
}

// RoundTrip lets the headers of a response arrive whatever happens to the request
// meanwhile, so that the fault affects this response and no other.
func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	page := b.pages[req.URL.Query().Get("continuation_token")]
	if page != nil && page.left > 0 {
		b.fixture.server.Inject(on(imagestest.OpList, b.kind, at(imagestest.MidBody(page.next))))
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
	resp, err := b.fixture.RoundTrip(req.WithContext(ctx))
	for err != nil && len(b.fixture.server.Unused()) > 0 { // the break of another page took the connection
		resp, err = b.fixture.RoundTrip(req.WithContext(ctx))
	}
	if err != nil {
		cancel()
		return nil, err
	}
	context.AfterFunc(req.Context(), cancel)
	if page == nil {
		b.pages[req.URL.Query().Get("continuation_token")] = &target{size: int(resp.ContentLength)}
		return resp, nil
	}
	resp.Body = &firstRead{ReadCloser: resp.Body, do: func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		page.next += page.step()
		page.left--
	}}
	return resp, nil
}

// firstRead calls do before it is first read: a prefetched
// page that was never read has not been broken.
type firstRead struct {
	io.ReadCloser
	once sync.Once
	do   func()
}

func (r *firstRead) Read(p []byte) (int, error) {
	r.once.Do(r.do)
	return r.ReadCloser.Read(p)
}

// Every break of every page must happen, or the sweep tests nothing.
func TestSweepAimsEverywhere(t *testing.T) {
	struck := make(map[int]int)
	b := breaker{pages: map[string]*target{"": {size: 10}, "short": {size: 4}}}
	for start := range b.longestStep() {
		b.aim(start)
		for _, p := range b.pages {
			for ; p.left > 0; p.left-- {
				struck[p.size*100+p.next]++
				p.next += p.step()
			}
		}
	}
	assert.Len(t, struck, 10+4)
	for position, n := range struck {
		assert.Equal(t, 1, n, position)
	}
}
