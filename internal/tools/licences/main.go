// Command licences prints the licences of all modules that the module in the current
// directory depends on, including its tests. It fails if a licence is not known to be
// permissive.
//
// It replaces github.com/google/go-licenses, whose second version is not on the module
// proxy.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run() error {
	const format = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}"
	list := exec.Command("go", "list", "-deps", "-test", "-f", format, "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	for _, module := range slices.Compact(modules) {
		parts := strings.SplitN(module, " ", 3)
		if len(parts) < 3 || strings.HasPrefix(parts[0], "github.com/cfimages/") {
			continue
		}
		licences, err := ofModule(parts[2])
		if err != nil {
			return fmt.Errorf("%s %s: %w", parts[0], parts[1], err)
		}
		fmt.Printf("%s %s: %s\n", parts[0], parts[1], strings.Join(licences, ", "))
	}
	return nil
}

// ofModule returns the licences in the root directory of a module. There must be at
// least one licence file, and each must contain a permissive licence.
func ofModule(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if entry.IsDir() || !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		found := permissive(string(text))
		if len(found) == 0 {
			return nil, fmt.Errorf("%s is none of MIT, BSD, ISC, Apache 2.0: use the module only if its licence permits that for all programs with this library", entry.Name())
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no licence in %s", dir)
	}
	return slices.Compact(all), nil
}

// permissive returns the permissive licences in a text, or nil if the text also contains
// another licence.
func permissive(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, other := range []string{"general public license", "mozilla public license", "eclipse public", "common clause", "business source", "advertising materials"} {
		if strings.Contains(text, other) {
			return nil
		}
	}
	var found []string
	for _, known := range []struct{ name, sentence string }{
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted"},
		{"ISC", "distribute this software for any purpose with or without fee is hereby granted"},
		{"Apache-2.0", "licensed under the apache license, version 2.0"},
	} {
		if strings.Contains(text, known.sentence) {
			found = append(found, known.name)
		}
	}
	return found
}
