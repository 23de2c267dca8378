package cfimages_test

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

// shownElsewhere names, for each package, the calls without an Example of their own,
// and the Example that shows each of them.
func shownElsewhere() map[string]map[string]string {
	return map[string]map[string]string{
		".": {
			"WithAccountID":         "NewClient",
			"WithAPIToken":          "NewClient",
			"Blob.Read":             "ImagesV1.Blob",
			"Blob.Close":            "ImagesV1.Blob",
			"DirectUpload.String":   "DirectUpload",
			"DirectUpload.GoString": "DirectUpload",
			"DirectUpload.LogValue": "DirectUpload",
			"Error.Error":           "Error",
			"Error.Unwrap":          "Error.Is",
			"ErrorInfo.String":      "Error",
			"ParamError.Error":      "ParamError",
			"ParamError.Is":         "ParamError",
			"PageError.Error":       "PageError",
			"PageError.Unwrap":      "PageError",
			"Quality.String":        "Quality",
			"SigningKey.Value":      "SigningKeys.Create",
		},
		"imagestest": {
			"Server.Close":      "NewServer",
			"Server.Clock":      "Clock.Advance",
			"Server.Count":      "Server.ResetRequests",
			"Account.ID":        "Server.Account",
			"Account.AddImages": "Server.Account",
			"Account.Images":    "Server.Account",
			"Account.Seed":      "Server.Seed",
			"Account.Delivery":  "Server.Delivery",
			"Clock.Now":         "NewClock",
			"WithClock":         "NewClock",
			"Fault.String":      "Fault", // for the logs of tests
			"Position.String":   "MidBody",
			"Request.Filters":   "Server.Requests",
		},
	}
}

// TestEveryCallHasAnExample checks that the documentation shows an Example at each
// exported function and method.
func TestEveryCallHasAnExample(t *testing.T) {
	for dir, elsewhere := range shownElsewhere() {
		calls, examples := exportedCalls(t, dir)
		for _, call := range calls {
			shown := call
			if other, ok := elsewhere[call]; ok {
				assert.False(t, examples[call], "%s: %s has an Example of its own", dir, call)
				shown = other
			}
			assert.True(t, examples[shown], "%s: %s has no Example", dir, call)
			delete(elsewhere, call)
		}
		assert.Empty(t, elsewhere, "%s: no such calls", dir)
	}
}

// TestExamplesAreShown checks that no Example is at a name, such as a variable, at which
// the documentation shows none.
func TestExamplesAreShown(t *testing.T) {
	for dir := range shownElsewhere() {
		pkg, files := parsePackage(t, dir)
		shown := make(map[string]bool)
		for _, s := range append(symbolsOf(pkg), symbol{examples: pkg.Examples}) {
			for _, example := range s.examples {
				shown["Example"+example.Name] = true
			}
		}
		require.NotEmpty(t, shown)
		for _, file := range files {
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
					assert.True(t, shown[f.Name.Name], "%s: %s is shown nowhere", dir, f.Name.Name)
				}
			}
		}
	}
}

// exportedCalls returns the exported functions and methods of the package in a directory,
// such as "NewClient" and "ImagesV1.Get", and the names that have an Example.
func exportedCalls(t *testing.T, dir string) (calls []string, examples map[string]bool) {
	t.Helper()
	pkg, _ := parsePackage(t, dir)
	examples = make(map[string]bool)
	for _, s := range symbolsOf(pkg) {
		examples[s.name] = len(s.examples) > 0
		if s.isCall {
			calls = append(calls, s.name)
		}
	}
	require.NotEmpty(t, calls)
	return calls, examples
}

// symbol is an exported function, method or type, and the Examples that the documentation
// shows at it.
type symbol struct {
	name     string
	isCall   bool
	examples []*doc.Example
}

func symbolsOf(pkg *doc.Package) (symbols []symbol) {
	add := func(prefix string, funcs []*doc.Func) {
		for _, f := range funcs {
			symbols = append(symbols, symbol{prefix + f.Name, true, f.Examples})
		}
	}
	add("", pkg.Funcs)
	for _, typ := range pkg.Types {
		symbols = append(symbols, symbol{typ.Name, false, typ.Examples})
		add("", typ.Funcs)
		add(typ.Name+".", typ.Methods)
	}
	return symbols
}

// parsePackage returns the documentation and the files of the package in a directory.
func parsePackage(t *testing.T, dir string) (*doc.Package, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, dir)
	require.NoError(t, err)
	return pkg, files
}
