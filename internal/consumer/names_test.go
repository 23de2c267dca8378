package consumer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryExportedNameIsUsed(t *testing.T) {
	used := usedNames(t)
	for pkg, dir := range map[string]string{"cfimages": "../..", "imagestest": "../../imagestest"} {
		names := exportedNames(t, dir)
		require.NotEmpty(t, names)
		for _, name := range names {
			assert.True(t, used[pkg+"."+name], "use %s.%s in this package", pkg, name)
		}
	}
}

// usedNames returns the qualified names that this package uses outside its tests.
func usedNames(t *testing.T) map[string]bool {
	t.Helper()
	used := make(map[string]bool)
	for _, file := range parse(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok {
					used[pkg.Name+"."+sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	return used
}

// exportedNames returns the exported functions, types, constants and variables of a
// package, without methods and fields.
func exportedNames(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	add := func(ident *ast.Ident) {
		if ident.IsExported() {
			names = append(names, ident.Name)
		}
	}
	for _, file := range parse(t, dir) {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							add(name)
						}
					}
				}
			}
		}
	}
	return names
}

// parse returns the files of a package that are not tests.
func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}
