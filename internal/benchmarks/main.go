// Command benchmarks prints how cfimages compares to the raw wire, to
// encoding/json and to the official SDKs, in one interleaved run. See README.md.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// plan says how much is measured.
type plan struct {
	rounds int
	quick  bool   // little of everything, to see that it works
	weight bool   // builds programs from nothing
	only   string // the one benchmark to run; "": all

	cpuProfile, memProfile string // files to write; "": none
}

// benchmark is one table.
type benchmark struct {
	name string
	run  func(plan, *server) (*table, error)
}

func benchmarks() []benchmark {
	return []benchmark{
		{"page", onePage},
		{"production", production},
		{"tenpages", tenPages},
		{"million", millionImages},
		{"call", wholeCall},
		{"create", createUpload},
		{"upload", uploadFile},
		{"params", encodeParams},
		{"weight", weigh},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == serveFlag {
		exitOn(serve())
		return
	}
	p, err := parsePlan(os.Args[1:])
	exitOn(err)
	exitOn(p.run(os.Stdout))
}

func parsePlan(args []string) (plan, error) {
	var names []string
	for _, b := range benchmarks() {
		names = append(names, b.name)
	}
	var p plan
	flags := flag.NewFlagSet("benchmarks", flag.ExitOnError)
	flags.IntVar(&p.rounds, "rounds", 9, "turns of each contestant; the million is walked once, the weight taken 3 times at most")
	flags.StringVar(&p.only, "only", "", "run one benchmark: "+strings.Join(names, ", "))
	flags.BoolVar(&p.quick, "quick", false, "one short round, to see that everything works: its numbers mean nothing")
	flags.BoolVar(&p.weight, "weight", false, "also build three programs, each with an empty build cache: a quarter of an hour")
	flags.StringVar(&p.cpuProfile, "cpuprofile", "", "write a CPU profile to this `file`")
	flags.StringVar(&p.memProfile, "memprofile", "", "write a profile of allocations to this `file`")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case p.only != "" && !slices.Contains(names, p.only):
		return p, fmt.Errorf("-only %s: no such benchmark, there are %s", p.only, strings.Join(names, ", "))
	case p.rounds < 1:
		return p, fmt.Errorf("-rounds %d: must be 1 or more", p.rounds)
	}
	if p.quick {
		p.rounds = 1
	}
	return p, nil
}

func (p plan) run(out io.Writer) error {
	tables, err := p.profile(p.measure)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s/%s, %d CPUs, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		time.Now().Format(time.DateOnly))
	if p.quick {
		fmt.Fprintln(out, "-quick: these numbers mean nothing")
	}
	var figures []figure
	for _, t := range tables {
		t.print(out)
		figures = append(figures, t.figures...)
	}
	if len(figures) > 0 {
		printFigures(out, figures)
	}
	return nil
}

// measure runs the benchmarks that were asked for.
func (p plan) measure() (tables []*table, err error) {
	server, err := startServer()
	if err != nil {
		return nil, err
	}
	defer server.close()
	for _, b := range benchmarks() {
		if !p.wants(b.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", b.name)
		t, err := b.run(p, server)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func (p plan) wants(name string) bool {
	if p.only != "" {
		return name == p.only
	}
	return name != "weight" || p.weight
}

// pick returns full, or quick in a quick run.
func (p plan) pick(full, quick int) int {
	if p.quick {
		return quick
	}
	return full
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}
