package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// albumID is an account with images and nothing else, so that a fixture's own
// account stays as it was.
const albumID = "album"

// inAlbum are the options of a client for the album.
func inAlbum(opts ...cfimages.Option) []cfimages.Option {
	return append(opts, cfimages.WithAccountID(albumID))
}

// fillAlbum stores n images and returns their IDs, in the order of a walk.
func (f *fixture) fillAlbum(n int) []string {
	account := f.server.Account(albumID)
	account.AddToken(canaryToken, imagestest.Read)
	account.AddKey(canaryEmail, canaryKey)
	account.Seed(n, func(i int) cfimages.Image { return cfimages.Image{ID: fmt.Sprintf("img-%d", i)} })
	return ids(0, n)
}

var tens = cfimages.ListParams{PerPage: 10, SortOrder: cfimages.SortAscending}

// doWalk walks over an album of n images. Up to an error, it must yield all of them.
func doWalk(n int) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		all := f.fillAlbum(n)
		got, err := collect(f.client.ImagesV2.All(ctx, tens))
		return checkWalk(all, got, err)
	}
}

// checkWalk checks that a walk has yielded all images, or those before the
// place that its error states.
func checkWalk(all, got []string, err error) error {
	failed, ok := errors.AsType[*cfimages.PageError](err)
	switch {
	case err == nil && !slices.Equal(all, got):
		return fmt.Errorf("not the images: %v", got)
	case err == nil:
		return nil
	case !ok:
		return fmt.Errorf("not a *PageError: %v", err)
	case !slices.Equal(all[:len(got)], got) || len(got)%10 != failed.Yielded%10:
		return fmt.Errorf("%d yielded of the page, but these in all: %v", failed.Yielded, got)
	}
	return err
}

// doPages is doWalk by pages.
func doPages(n int) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		all := f.fillAlbum(n)
		var got []string
		var last error
		for page, err := range f.client.ImagesV2.Pages(ctx, tens) {
			if last = err; err == nil {
				for _, img := range page.Images {
					got = append(got, img.ID)
				}
			}
		}
		return checkWalk(all, got, last)
	}
}

// leaveAfter ends the loop over an album of 200 after n images and a second.
func leaveAfter(n int) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		f.fillAlbum(200)
		seen := 0
		for _, err := range f.client.ImagesV2.All(ctx, tens) {
			if err != nil {
				return err
			}
			if seen++; seen == n {
				time.Sleep(time.Second) // for the prefetch
				break
			}
		}
		return nil
	}
}

func walkCases() []testCase {
	const list = imagestest.OpList
	cases := []testCase{
		{
			name:   "a walk whose token repeats",
			client: inAlbum(),
			faults: faults(on(list, imagestest.RepeatToken{}, call(1))),
			call:   doWalk(25),
			want:   outcome{is: targets(cfimages.ErrTokenLoop), requests: 2},
		},
		{
			name:   "a walk over empty pages",
			client: inAlbum(),
			faults: faults(on(list, imagestest.EmptyPage{}, times(2)), on(list, imagestest.EmptyPage{}, call(3), times(2))),
			call:   doWalk(25),
			want:   outcome{requests: 7},
		},
		{
			name:   "a walk for a slow reader",
			client: inAlbum(),
			call: func(ctx context.Context, f *fixture) error {
				all := f.fillAlbum(25)
				var got []string
				for img, err := range f.client.ImagesV2.All(ctx, tens) {
					if err != nil {
						return err
					}
					got = append(got, img.ID)
					time.Sleep(time.Minute)
				}
				return checkWalk(all, got, nil)
			},
			want: outcome{requests: 3, took: 25 * time.Minute},
		},
		{
			name:   "a walk that ends early while the prefetched page stalls",
			client: inAlbum(),
			faults: faults(on(list, imagestest.Stall{}, call(2))),
			call:   leaveAfter(15),
			want:   outcome{requests: 3, took: time.Second},
		},
		{
			name:   "a walk that ends early while the prefetched page is unread",
			client: inAlbum(),
			call:   leaveAfter(15),
			want:   outcome{requests: 3, took: time.Second},
		},
		{
			name:   "a walk that ends early in the first page",
			client: inAlbum(),
			call:   leaveAfter(9),
			want:   outcome{requests: 1, took: time.Second},
		},
		{
			name:   "a walk that ends early, without prefetch",
			client: inAlbum(cfimages.WithPrefetch(false)),
			call:   leaveAfter(15),
			want:   outcome{requests: 2, took: time.Second},
		},
		{
			name:   "a walk that ends in a panic",
			client: inAlbum(),
			call: func(ctx context.Context, f *fixture) (err error) {
				f.fillAlbum(25)
				defer func() { recover() }()
				for img := range f.client.ImagesV2.All(ctx, tens) {
					if img.ID == "img-15" {
						time.Sleep(time.Second) // for the prefetch
						panic("mine")
					}
				}
				return errors.New("no panic")
			},
			want: outcome{requests: 3, took: time.Second},
		},
		{
			name:   "success:false in the second page",
			client: inAlbum(cfimages.WithPrefetch(false)),
			faults: faults(on(list, imagestest.Refusal(200), call(1))),
			call:   doWalk(25),
			want:   outcome{status: 200, attempts: 1, requests: 2},
		},
	}
	for page := range 3 {
		cases = append(cases, pageCases(page, true)...)
		cases = append(cases, pageCases(page, false)...)
		// With prefetch, the next page may or may not be requested before the error.
		cases = append(cases, testCase{
			name:   title("page", page, "cut, by pages, without retries"),
			client: inAlbum(append(once(), cfimages.WithPrefetch(false))...),
			faults: faults(on(list, imagestest.Cut{}, call(page), at(imagestest.MidBody(300)))),
			call:   doPages(25),
			want:   outcome{requests: page + 1, is: targets(io.ErrUnexpectedEOF)},
		})
	}
	return cases
}

// pageCases are failures of one page of three, with and without prefetch.
func pageCases(page int, prefetch bool) []testCase {
	suffix := map[bool]string{true: "with prefetch", false: "without prefetch"}[prefetch]
	const list = imagestest.OpList
	var cases []testCase
	add := func(name string, fault imagestest.Fault, call func(context.Context, *fixture) error, want outcome, opts ...cfimages.Option) {
		cases = append(cases, testCase{
			name: title("page", page, name, suffix), client: inAlbum(append(opts, cfimages.WithPrefetch(prefetch))...),
			faults: faults(fault), call: call, want: want,
		})
	}
	for _, status := range []int{403, 500} {
		fault := on(list, refusalOf(status), call(page))
		add(title(status, "without retries"), fault, doWalk(25), outcome{is: sentinelOf(status), status: status, attempts: 1, requests: page + 1}, once()...)
		if status == 500 {
			fault.Times = 3
			add("500 three times", fault, doWalk(25), outcome{requests: 6, atMost: backoffs(3)})
		}
	}
	cut := on(list, imagestest.Cut{}, call(page), at(imagestest.MidBody(300)), times(3))
	add("cut three times", cut, doWalk(25), outcome{requests: 6, atMost: backoffs(3)})
	add("cut three times, by pages", cut, doPages(25), outcome{requests: 6, atMost: backoffs(3)})
	return cases
}

// ids returns n IDs from the one numbered from.
func ids(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("img-%d", from+i)
	}
	return all
}

// collect ranges over a walk to its end.
func collect(walk iter.Seq2[cfimages.Image, error]) (got []string, err error) {
	for img, e := range walk {
		if e != nil {
			err = e
			continue
		}
		got = append(got, img.ID)
	}
	return got, err
}
