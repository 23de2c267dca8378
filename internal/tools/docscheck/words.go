package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// oldWords are phrases that the glossary replaced, each only in a form that has no other meaning.
var oldWords = regexp.MustCompile(`\b(?:ordinary host|asked for ahead|page ahead|has come|has arrived|held back|held up|breaks off|pays back|` +
	`stands still|reply|replies|not good any more|before anything is sent|gets no answer|` +
	`[Rr]efus(?:es|ed) (?:a|an|what|by)|[Ss]ent again|[Bb]eside|[Ss]witch(?:ed|es) on|[Ss]witch(?:ed|es)? off)\b`)

// checkWords returns the lines with an old phrase.
func checkWords(name string, lines []string) (findings []string) {
	for i, line := range lines {
		for _, phrase := range oldWords.FindAllString(line, -1) {
			findings = append(findings, fmt.Sprintf("%s:%d: %q is not a word of the glossary", name, i+1, phrase))
		}
	}
	return findings
}

// checkGoDoc returns the findings in the documentation of packages and in the comments of their
// examples.
func checkGoDoc(packages ...string) ([]string, error) {
	doc, err := packageDocs(packages...)
	if err != nil {
		return nil, err
	}
	findings := checkWords("go doc", strings.Split(doc, "\n"))
	examples, err := exampleComments(packages...)
	if err != nil {
		return nil, err
	}
	for _, p := range examples {
		findings = append(findings, checkWords(p.name, p.lines)...)
	}
	return findings, nil
}

// packageDocs returns the documentation of packages.
func packageDocs(packages ...string) (string, error) {
	var doc strings.Builder
	for _, pkg := range packages {
		output, err := exec.Command("go", "doc", "-all", pkg).Output()
		if err != nil {
			return "", fmt.Errorf("go doc -all %s: %w", pkg, err)
		}
		doc.Write(output)
	}
	return doc.String(), nil
}
