package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The programs that list once, in weight/.
const (
	plainProgram = "nethttp"
	ourProgram   = "cfimages"
	theirProgram = "cloudflare"
)

// load is the cost of building and shipping a program.
type load struct {
	build, cpu        time.Duration // with an empty build cache
	binary, stripped  int64         // bytes
	packages, modules int           // of others
}

// maxWeighings keeps the weight below half an hour, whatever the rounds.
const maxWeighings = 3

// weigh builds the same small program three ways, in turns. A quick run builds
// with the build cache that is there.
func weigh(p plan, _ *server) (*table, error) {
	programs := []string{plainProgram, ourProgram, theirProgram}
	weighed := make(map[string][]load)
	for range min(p.rounds, maxWeighings) {
		for _, program := range programs {
			l, err := weighProgram(program, p.quick)
			if err != nil {
				return nil, fmt.Errorf("weight/%s: %w", program, err)
			}
			weighed[program] = append(weighed[program], l)
		}
	}
	t := &table{
		title: "A program that lists once, built with an empty cache",
		head:  []string{"program", "build", "CPU", "MB", "MB stripped", "packages", "modules"},
	}
	loads := make(map[string]load)
	for _, program := range programs {
		loads[program] = medianLoad(weighed[program])
		t.rows = append(t.rows, append([]string{"weight/" + program}, loads[program].cells()...))
	}
	plain, ours, theirs := loads[plainProgram], loads[ourProgram], loads[theirProgram]
	t.atMost("binary over a plain net/http program that does the same, stripped",
		float64(ours.stripped-plain.stripped)/1e6, 1.2, 0.8, "MB")
	t.atLeast("cold build, v7 ÷ ours", ratio(theirs.build, ours.build), 5, 6, "")
	t.bars = []bar{buildBar(ours.build, theirs.build)}
	return t, nil
}

// medianLoad returns the medians of what varies: the times.
func medianLoad(loads []load) load {
	l := loads[0]
	l.build = median(loads, func(l load) time.Duration { return l.build })
	l.cpu = median(loads, func(l load) time.Duration { return l.cpu })
	return l
}

func (l load) cells() []string {
	return []string{
		duration(l.build), duration(l.cpu),
		number(float64(l.binary) / 1e6), number(float64(l.stripped) / 1e6),
		fmt.Sprint(l.packages), fmt.Sprint(l.modules),
	}
}

func weighProgram(program string, warm bool) (l load, err error) {
	folder, err := os.MkdirTemp("", "cfimages-weight-")
	if err != nil {
		return l, err
	}
	defer os.RemoveAll(folder)
	b := builder{source: "./" + filepath.Join("weight", program), folder: folder, warm: warm}
	start := time.Now()
	l.cpu, l.binary, err = b.build("program")
	if err != nil {
		return l, err
	}
	l.build = time.Since(start)
	if _, l.stripped, err = b.build("stripped", "-ldflags=-s -w"); err != nil {
		return l, err
	}
	l.packages, l.modules, err = b.dependencies()
	return l, err
}

// builder builds one program into a folder of its own.
type builder struct {
	source, folder string
	warm           bool // use the build cache that is there
}

func (b builder) build(name string, flags ...string) (cpu time.Duration, size int64, err error) {
	target := filepath.Join(b.folder, name)
	args := append([]string{"build", "-o", target}, flags...)
	cmd := b.command(append(args, b.source)...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("%w: %s", err, output)
	}
	info, err := os.Stat(target)
	if err != nil {
		return 0, 0, err
	}
	state := cmd.ProcessState
	return state.UserTime() + state.SystemTime(), info.Size(), nil
}

// dependencies counts the packages outside of the standard library and their
// modules, without the program's own.
func (b builder) dependencies() (packages, modules int, err error) {
	const format = `{{if not .Standard}}{{.Module.Main}} {{.Module.Path}}{{end}}`
	output, err := b.command("list", "-deps", "-f", format, b.source).Output()
	if err != nil {
		return 0, 0, err
	}
	seen := make(map[string]bool)
	for line := range strings.FieldsSeq(strings.ReplaceAll(string(output), " ", ":")) {
		if module, ok := strings.CutPrefix(line, "false:"); ok {
			packages++
			seen[module] = true
		}
	}
	return packages, len(seen), nil
}

func (b builder) command(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	if !b.warm {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOCACHE="+filepath.Join(b.folder, "cache"))
	}
	return cmd
}
