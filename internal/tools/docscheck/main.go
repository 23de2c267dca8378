// Command docscheck checks the Markdown pages of the repository: Go blocks compile, local links and
// anchors exist, and so do the paths, tests and benchmarks that the text names. Go blocks in the
// comments of the public packages must compile, too.
//
//	docscheck [-words] PAGE...
//
// It runs in the root of the repository. With -words, phrases of the old vocabulary are errors too,
// in the pages, in the package documentation and in the comments of its examples.
//
// A Go block may be a file, declarations or statements. A line such as "// v7" starts a new block. The
// names that blocks use without declaring them are declared in preludes/all.go.txt, for all pages,
// and in preludes/PAGE.go.txt, with _ in place of each / of the page's path. A block that begins with
// "```go excerpt" is not compiled.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "docscheck:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("docscheck", flag.ContinueOnError)
	words := flags.Bool("words", false, "also reject phrases of the old vocabulary")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: docscheck [-words] page [page ...]")
	}
	var pages []page
	for _, name := range flags.Args() {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		pages = append(pages, parsePage(name, string(text)))
	}
	comments, err := commentPages(".", "imagestest")
	if err != nil {
		return err
	}
	findings, err := check(pages, comments, *words)
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(out, f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("%d findings", len(findings))
	}
	return nil
}

func check(pages, comments []page, words bool) ([]string, error) {
	findings, err := checkCode(append(pages, comments...), "internal/tools/docscheck/preludes")
	if err != nil {
		return nil, err
	}
	tests, err := readTests(".")
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		findings = append(findings, checkLinks(p)...)
		findings = append(findings, checkNames(p, tests)...)
		if words {
			findings = append(findings, checkWords(p.name, p.prose())...)
		}
	}
	if words {
		found, err := checkGoDoc(".", "./imagestest")
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}
