package conformance_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cfimages/cfimages-go"
)

// then makes one call of several. The first error ends them.
func then(calls ...func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		for _, call := range calls {
			if err := call(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}
}

// loses makes a call that must fail with an unknown outcome. It returns nil then.
func loses(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		if err := call(ctx, f); !errors.Is(err, cfimages.ErrOutcomeUnknown) {
			return fmt.Errorf("not of an unknown outcome: %w", cmp.Or(err, errors.New("a success")))
		}
		return nil
	}
}

// together makes several calls at the same time.
func together(calls ...func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		errs := make([]error, len(calls))
		var running sync.WaitGroup
		for i, call := range calls {
			running.Go(func() { errs[i] = call(ctx, f) })
		}
		running.Wait()
		return errors.Join(errs...)
	}
}

// atOnce makes a call n times at the same time.
func atOnce(n int, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return together(slices.Repeat([]func(context.Context, *fixture) error{call}, n)...)
}

// after makes a call after a pause.
func after(pause time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		time.Sleep(pause)
		return call(ctx, f)
	}
}

// within gives a call a deadline.
func within(d time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return call(ctx, f)
	}
}

// errEnough is the cause with which canceledAfter cancels.
var errEnough = errors.New("enough")

// canceledAfter cancels a call after a time.
func canceledAfter(d time.Duration, call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer time.AfterFunc(d, func() { cancel(errEnough) }).Stop()
		return call(ctx, f)
	}
}

// once is a client that makes one attempt.
func once() []cfimages.Option {
	return []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
}
