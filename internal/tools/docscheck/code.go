package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// compiler type-checks the Go blocks of pages.
type compiler struct {
	fset     *token.FileSet
	preludes string // folder
	importer types.Importer
}

// checkCode returns what does not compile. Unused variables and imports, and a second := for the
// same variable, are allowed: a page shows alternatives.
func checkCode(pages []page, preludes string) ([]string, error) {
	exports, err := exportData()
	if err != nil {
		return nil, err
	}
	c := compiler{fset: token.NewFileSet(), preludes: preludes}
	c.importer = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, errors.New("not a package of this repository, of the official SDK or of the standard library")
		}
		return os.Open(file)
	})
	var findings []string
	for _, p := range pages {
		found, err := c.page(p)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// exportData returns the export data of all packages that blocks can import, by path.
// The module of the benchmarks has the official SDK and this library.
func exportData() (map[string]string, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}",
		".", "github.com/cfimages/cfimages-go/imagestest", "testing", "testing/synctest", "html/template", "log/slog", "net/http/httptest")
	cmd.Dir = "internal/benchmarks"
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	return exports, nil
}

func (c compiler) page(p page) (findings []string, err error) {
	var blocks []block
	for _, b := range p.blocks {
		if b.info == "go" {
			blocks = append(blocks, b.parts()...)
		}
	}
	if len(blocks) == 0 {
		return nil, nil
	}
	var preludes []*ast.File
	for _, name := range []string{"all", strings.ReplaceAll(p.name, "/", "_")} {
		file, err := parser.ParseFile(c.fset, filepath.Join(c.preludes, name+".go.txt"), nil, parser.SkipObjectResolution)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		preludes = append(preludes, file)
	}
	for _, b := range blocks {
		if err := c.compile(p.name, b, preludes); err != nil {
			findings = append(findings, err.Error())
		}
	}
	return findings, nil
}

// compile returns the first error of a block.
func (c compiler) compile(name string, b block, preludes []*ast.File) (first error) {
	file, err := c.parse(name, b, preludes)
	if err != nil {
		return err
	}
	config := types.Config{Importer: c.importer, Error: func(err error) {
		var problem types.Error
		if errors.As(err, &problem) && !problem.Soft && first == nil {
			first = problem
		}
	}}
	files := append([]*ast.File{file}, preludes...)
	if strings.HasPrefix(b.text, "package ") {
		files = files[:1]
	}
	config.Check("page", c.fset, files, nil)
	return first
}

// parse reads a block as a file, as declarations or as statements.
func (c compiler) parse(name string, b block, preludes []*ast.File) (*ast.File, error) {
	line := fmt.Sprintf("\n//line %s:%d\n", name, b.line)
	if strings.HasPrefix(b.text, "package ") {
		return parser.ParseFile(c.fset, "", line+b.text, parser.SkipObjectResolution)
	}
	var head strings.Builder
	head.WriteString("package page\n")
	for _, prelude := range preludes {
		for _, spec := range prelude.Imports {
			alias := ""
			if spec.Name != nil {
				alias = spec.Name.Name
			}
			fmt.Fprintf(&head, "import %s %s\n", alias, spec.Path.Value)
		}
	}
	if file, err := parser.ParseFile(c.fset, "", head.String()+line+b.text, parser.SkipObjectResolution); err == nil {
		return file, nil
	}
	body := "func _() error {" + line + b.text + "\nreturn nil\n}\n"
	return parser.ParseFile(c.fset, "", head.String()+body, parser.SkipObjectResolution)
}
