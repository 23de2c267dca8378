package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

var (
	repoPath  = regexp.MustCompile("(?:^|[\\s`(\\['\"])(?:\\./)?((?:internal|examples|scripts|imagestest|\\.ci)(?:/[\\w.-]+)+)")
	testName  = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark|Example)[A-Z_]\w*)(?:/([\w-]+))?`)
	runFlag   = regexp.MustCompile(`-(?:run|fuzz|bench) '?\^?(\w+)`)
	onlyFlag  = regexp.MustCompile(`-only ([a-z]+(?:,[a-z]+)*)`)
	testFuncs = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)
)

// tests are the test functions of the repository and the text of their files, and the text
// that names the benchmarks.
type tests struct {
	names      []string
	text       string
	benchmarks string
}

func readTests(root string) (tests, error) {
	benchmarks, err := os.ReadFile("internal/benchmarks/main.go")
	if err != nil {
		return tests{}, err
	}
	cmd := exec.Command("git", "ls-files", "-co", "--exclude-standard", "--", "*_test.go")
	cmd.Dir = root
	output, err := cmd.Output()
	if err != nil {
		return tests{}, fmt.Errorf("git ls-files: %w", err)
	}
	var text strings.Builder
	for name := range strings.Lines(string(output)) {
		source, err := os.ReadFile(strings.TrimSpace(name))
		if os.IsNotExist(err) {
			continue // deleted and not yet committed
		}
		if err != nil {
			return tests{}, err
		}
		text.Write(source)
	}
	return newTests(text.String(), string(benchmarks)), nil
}

func newTests(text, benchmarks string) tests {
	t := tests{text: text, benchmarks: benchmarks}
	for _, found := range testFuncs.FindAllStringSubmatch(text, -1) {
		t.names = append(t.names, found[1])
	}
	return t
}

// match reports whether a test's name contains the pattern, as -run does it.
func (t tests) match(pattern string) bool {
	for _, name := range t.names {
		if strings.Contains(name, pattern) {
			return true
		}
	}
	return false
}

// checkNames returns the paths, tests and benchmarks that a page names and that do not exist.
func checkNames(p page, t tests) (findings []string) {
	for i, line := range p.lines {
		missing := func(what, name string) {
			findings = append(findings, fmt.Sprintf("%s:%d: no %s %s", p.name, i+1, what, name))
		}
		for _, found := range repoPath.FindAllStringSubmatch(line, -1) {
			path := strings.TrimRight(strings.TrimSuffix(found[1], "/..."), ".")
			if _, err := os.Stat(path); err != nil {
				missing("file", path)
			}
		}
		for _, found := range testName.FindAllStringSubmatch(line, -1) {
			if !t.match(found[1]) {
				missing("test", found[1])
			} else if group := strings.ReplaceAll(found[2], "_", " "); !strings.Contains(t.text, `"`+group) {
				missing("case", found[0])
			}
		}
		for _, found := range runFlag.FindAllStringSubmatch(line, -1) {
			if !t.match(found[1]) {
				missing("test", found[1])
			}
		}
		for _, found := range onlyFlag.FindAllStringSubmatch(line, -1) {
			for name := range strings.SplitSeq(found[1], ",") {
				if !strings.Contains(t.benchmarks, `{"`+name+`", `) {
					missing("benchmark", name)
				}
			}
		}
	}
	return findings
}
