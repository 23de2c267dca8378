// Command benchmarks compares cfimages with raw HTTP, with encoding/json and with
// the official SDKs, in one interleaved run. See README.md.
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

// plan is what to measure.
type plan struct {
	rounds int
	quick  bool     // one short round, to check that everything works
	weight bool     // builds programs with an empty cache
	only   []string // the benchmarks to run; empty: all
	svg    string   // the chart to write; "": none
	args   []string // as given, for the caption of the chart

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
	p := plan{args: args}
	var only string
	flags := flag.NewFlagSet("benchmarks", flag.ExitOnError)
	flags.IntVar(&p.rounds, "rounds", 9, "rounds; million always runs once, weight at most 3 times")
	flags.StringVar(&only, "only", "", "run only these benchmarks, separated by commas: "+strings.Join(names, ", "))
	flags.StringVar(&p.svg, "svg", "", "write a chart of the ratios to the official SDK to this `file`")
	flags.BoolVar(&p.quick, "quick", false, "run one short round to check that everything works; the numbers mean nothing")
	flags.BoolVar(&p.weight, "weight", false, "also build three programs with an empty build cache; takes about 15 minutes")
	flags.StringVar(&p.cpuProfile, "cpuprofile", "", "write a CPU profile to this `file`")
	flags.StringVar(&p.memProfile, "memprofile", "", "write a profile of allocations to this `file`")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if only != "" {
		p.only = strings.Split(only, ",")
	}
	for _, name := range p.only {
		if !slices.Contains(names, name) {
			return p, fmt.Errorf("-only %s: no such benchmark, there are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("unexpected argument %q", flags.Arg(0))
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
	fmt.Fprintln(out, machine())
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
	if p.svg != "" {
		return p.draw(tables)
	}
	return nil
}

// machine describes where and when a run was measured.
func machine() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		time.Now().Format(time.DateOnly))
}

// measure runs the selected benchmarks.
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
	if len(p.only) > 0 {
		return slices.Contains(p.only, name)
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
