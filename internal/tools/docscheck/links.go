package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	heading  = regexp.MustCompile(`^#{1,6} +(.*)$`)
	external = regexp.MustCompile(`^[a-z]+:`)
	linkText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// checkLinks returns the local links of a page that lead nowhere.
func checkLinks(p page) (findings []string) {
	for i, line := range p.prose() {
		for _, found := range link.FindAllStringSubmatch(line, -1) {
			target := found[1] + found[2]
			if external.MatchString(target) {
				continue
			}
			if err := p.follow(target); err != nil {
				findings = append(findings, fmt.Sprintf("%s:%d: link %s: %v", p.name, i+1, target, err))
			}
		}
	}
	return findings
}

func (p page) follow(target string) error {
	path, anchor, hasAnchor := strings.Cut(target, "#")
	other := p
	if path != "" {
		file := filepath.Join(filepath.Dir(p.name), path)
		if _, err := os.Stat(file); err != nil {
			return err
		}
		if !hasAnchor {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		other = parsePage(file, string(text))
	}
	if !other.anchors()[anchor] {
		return fmt.Errorf("no heading with the anchor #%s", anchor)
	}
	return nil
}

// anchors returns the anchors of the page's headings, as GitHub makes them.
func (p page) anchors() map[string]bool {
	anchors := make(map[string]bool)
	for _, line := range p.prose() {
		found := heading.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, linkText.ReplaceAllString(found[1], "$1"))
		name := slug
		for n := 1; anchors[name]; n++ {
			name = fmt.Sprintf("%s-%d", slug, n)
		}
		anchors[name] = true
	}
	return anchors
}
