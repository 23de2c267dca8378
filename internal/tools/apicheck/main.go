// Command apicheck detects incompatible changes of this module's exported API. Run it in
// the root of the module:
//
//	apicheck store DIR PACKAGE...    write the API of each package to DIR/NAME.go.txt
//	apicheck compare DIR PACKAGE...  report the changes since then, and fail if one is incompatible
//
// The comparison is done by golang.org/x/exp/apidiff. The API is stored as Go
// declarations instead of apidiff's binary export data: reviewers can read their diff,
// and every version of Go can parse them.
package main

import (
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "apicheck:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) < 3 || args[0] != "store" && args[0] != "compare" {
		return errors.New("usage: apicheck store|compare DIR PACKAGE [PACKAGE]")
	}
	dir, paths := args[1], args[2:]
	imp, err := compiled(paths)
	if err != nil {
		return err
	}
	var errs []error
	for _, pkgPath := range paths {
		pkg, err := imp.Import(pkgPath)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, pkg.Name()+".go.txt")
		if args[0] == "store" {
			err = store(file, pkg)
		} else {
			err = compareWith(file, pkg, imp, out)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// compiled returns an importer of the packages and their dependencies, from the export
// data of the go command.
func compiled(paths []string) (types.Importer, error) {
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}"}, paths...)...)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		pkgPath, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[pkgPath] = file
	}
	lookup := func(pkgPath string) (io.ReadCloser, error) {
		file := exports[pkgPath]
		if file == "" {
			return nil, fmt.Errorf("package %s is no longer imported", pkgPath)
		}
		return os.Open(file)
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", lookup), nil
}

func store(file string, pkg *types.Package) error {
	text, err := declarations(pkg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// compareWith reports the changes of pkg since the file was stored.
func compareWith(file string, pkg *types.Package, imp types.Importer, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := parse(file, text, pkg.Path(), imp)
	if err != nil {
		return err
	}
	report := compare(old, pkg)
	release := filepath.Base(filepath.Dir(file))
	if changes := report.String(); changes != "" {
		fmt.Fprintf(out, "package %s since %s:\n%s", pkg.Name(), release, changes)
	}
	for _, change := range report.Changes {
		if !change.Compatible {
			return fmt.Errorf("programs written for %s of package %s could break: see CONTRIBUTING.md, Versions", release, pkg.Name())
		}
	}
	return nil
}
