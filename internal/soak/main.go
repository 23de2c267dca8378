// Command soak makes calls to a local test server from many goroutines while
// connections fail in many ways, and checks that no call is lost. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// errBroken is returned if a promise was broken.
var errBroken = errors.New("promises were broken")

// plan is the configuration of a soak test.
type plan struct {
	duration time.Duration // of the soak test
	seed     uint64
	workers  int
	every    time.Duration   // between two incidents
	restart  time.Duration   // between two restarts of the server
	downtime time.Duration   // how long a restarting server refuses connections
	timeout  time.Duration   // of a request
	outages  []time.Duration // downtimes to measure after the soak test
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	p, err := parsePlan(args)
	if err != nil {
		return err
	}
	r, err := p.soak(ctx)
	if err != nil {
		return err
	}
	if r.outages, err = p.measureOutages(ctx); err != nil {
		return err
	}
	r.print(out)
	if len(r.broken) > 0 {
		return errBroken
	}
	return nil
}

func parsePlan(args []string) (plan, error) {
	var p plan
	measure := true
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&p.duration, "for", time.Minute, "`duration` of the test")
	flags.Uint64Var(&p.seed, "seed", 1, "random `seed` of the calls and incidents")
	flags.IntVar(&p.workers, "goroutines", 64, "number `n` of concurrent callers")
	flags.DurationVar(&p.every, "every", 250*time.Millisecond, "time between two incidents")
	flags.DurationVar(&p.restart, "restart", 2900*time.Millisecond, "time between two restarts of the server")
	flags.DurationVar(&p.downtime, "downtime", 50*time.Millisecond, "how long a restarting server refuses connections")
	flags.DurationVar(&p.timeout, "timeout", 500*time.Millisecond, "request timeout of the client")
	flags.BoolVar(&measure, "outages", true, "also measure which downtimes calls survive, which takes 15 s")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if measure {
		for _, downtime := range []float64{0, 0.01, 0.05, 0.1, 0.2, 0.5, 1} {
			p.outages = append(p.outages, time.Duration(downtime*float64(time.Second)))
		}
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case p.workers < 1:
		return p, fmt.Errorf("-goroutines %d: must be 1 or more", p.workers)
	case min(p.duration, p.every, p.restart, p.timeout) <= 0 || p.downtime < 0:
		return p, errors.New("durations must be positive")
	}
	return p, nil
}
