package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// kind is a kind of call.
type kind string

const (
	list   kind = "List"
	all    kind = "All"
	pages  kind = "Pages"
	get    kind = "Get"
	blob   kind = "Blob"
	create kind = "Create"
	upload kind = "Upload"
	wait   kind = "Wait"
	remove kind = "Delete"
)

func kinds() []kind { return []kind{list, all, pages, get, blob, create, upload, wait, remove} }

// isRepeatable reports whether calls of this kind are retried and so must not fail.
func (k kind) isRepeatable() bool { return k != create && k != upload }

// count has the numbers of the calls of one kind.
type count struct {
	calls, failed     int
	attempts, retries int
	slowest           time.Duration
}

// tally counts calls and their attempts, and collects broken promises. It is also the
// handler of the client's log.
type tally struct {
	mu     sync.Mutex
	counts map[kind]*count
	broken []string
	more   int // broken promises that are not in broken
}

func newTally() *tally {
	t := &tally{counts: make(map[kind]*count)}
	for _, k := range kinds() {
		t.counts[k] = new(count)
	}
	return t
}

// do makes a call and counts it. If the call returns nil, it is not counted as failed.
func (t *tally) do(ctx context.Context, k kind, call func(context.Context) error) error {
	began, trace := time.Now(), &trace{kind: k}
	err := call(context.WithValue(ctx, traceKey{}, trace))
	took := time.Since(began)
	t.mu.Lock()
	c := t.counts[k]
	c.calls++
	c.slowest = max(c.slowest, took)
	if err != nil {
		c.failed++
	}
	t.mu.Unlock()
	if err != nil && k.isRepeatable() {
		t.breakf("%s failed after %v: %v; failed attempts:%s", k, took.Round(time.Millisecond), err, trace.failures)
	}
	return err
}

// breakf records a broken promise.
func (t *tally) breakf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.broken) == 20 {
		t.more++
		return
	}
	t.broken = append(t.broken, fmt.Sprintf(format, args...))
}

// brokenPromises returns the recorded promises.
func (t *tally) brokenPromises() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	broken := slices.Clone(t.broken)
	if t.more > 0 {
		broken = append(broken, fmt.Sprintf("and %d more", t.more))
	}
	return broken
}

// calls returns how many calls of a kind were made.
func (t *tally) calls(k kind) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[k].calls
}

// trace collects the failed attempts of a call. It is guarded by the tally's mutex.
type trace struct {
	kind     kind
	failures string
}

type traceKey struct{}

// Enabled makes a tally a slog.Handler, as the other methods do.
func (t *tally) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts an attempt.
func (t *tally) Handle(ctx context.Context, r slog.Record) error {
	trace, ok := ctx.Value(traceKey{}).(*trace)
	if !ok {
		return nil
	}
	attrs := make(map[string]slog.Value)
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[trace.kind]
	c.attempts++
	if attrs["attempt"].Int64() > 1 {
		c.retries++
	}
	if failure, ok := attrs["error"]; ok {
		trace.failures += fmt.Sprintf("\n    %d, %v: %v", attrs["attempt"].Int64(), attrs["duration"].Duration().Round(time.Millisecond), failure)
	}
	return nil
}

// WithAttrs is not used by the library.
func (t *tally) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup is not used by the library.
func (t *tally) WithGroup(string) slog.Handler { return t }
