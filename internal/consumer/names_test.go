package consumer_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
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
	_, files := parse(t, ".")
	for _, file := range files {
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
	fset, files := parse(t, dir)
	pkg, err := doc.NewFromFiles(fset, files, dir)
	require.NoError(t, err)
	var names []string
	add := func(values []*doc.Value, funcs []*doc.Func) {
		for _, value := range values {
			names = append(names, value.Names...)
		}
		for _, f := range funcs {
			names = append(names, f.Name)
		}
	}
	add(pkg.Consts, pkg.Funcs)
	add(pkg.Vars, nil)
	for _, typ := range pkg.Types {
		names = append(names, typ.Name)
		add(typ.Consts, typ.Funcs)
		add(typ.Vars, nil)
	}
	return names
}

// parse returns the files of a package that are not tests.
func parse(t *testing.T, dir string) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	return fset, files
}
