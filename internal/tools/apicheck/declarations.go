package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// declarations returns the API of a package as Go declarations without function
// bodies: all exported declarations, and the visible parts of the unexported types
// that they use.
func declarations(pkg *types.Package) ([]byte, error) {
	w := &writer{
		pkg:     pkg,
		imports: make(map[string]bool),
		done:    make(map[string]bool),
		sealed:  sealedInterfaces(pkg),
	}
	for _, name := range pkg.Scope().Names() {
		if token.IsExported(name) {
			w.queue = append(w.queue, name)
		}
	}
	for len(w.queue) > 0 {
		name := w.queue[0]
		w.queue = w.queue[1:]
		if !w.done[name] {
			w.done[name] = true
			w.object(pkg.Scope().Lookup(name))
		}
	}

	var file bytes.Buffer
	fmt.Fprintf(&file, "// The exported API of %s, written by scripts/api-export: do not edit.\n\npackage %s\n\nimport (\n", pkg.Path(), pkg.Name())
	for _, path := range slices.Sorted(maps.Keys(w.imports)) {
		fmt.Fprintf(&file, "%q\n", path)
	}
	file.WriteString(")\n")
	w.text.WriteTo(&file)
	return format.Source(file.Bytes())
}

// sealedInterfaces returns the exported interfaces with unexported methods. Only types
// of the package implement them, and the set of these types is part of the API.
func sealedInterfaces(pkg *types.Package) []*types.Interface {
	var sealed []*types.Interface
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		i, ok := obj.Type().Underlying().(*types.Interface)
		if ok && obj.Exported() && slices.ContainsFunc(slices.Collect(i.Methods()), func(m *types.Func) bool { return !m.Exported() }) {
			sealed = append(sealed, i)
		}
	}
	return sealed
}

// writer writes the declarations of one package.
type writer struct {
	pkg     *types.Package
	sealed  []*types.Interface
	imports map[string]bool // paths
	queue   []string        // names to declare
	done    map[string]bool
	text    bytes.Buffer
}

func (w *writer) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		typ := w.typ(obj.Type())
		if strings.HasPrefix(typ, "untyped ") {
			typ = ""
		}
		w.printf("\nconst %s %s = %s\n", obj.Name(), typ, obj.Val().ExactString())
	case *types.TypeName:
		w.typeName(obj)
	default: // a function or a variable
		w.printf("\n%s\n", types.ObjectString(obj, w.qualify))
	}
}

func (w *writer) typeName(obj *types.TypeName) {
	named, ok := obj.Type().(*types.Named)
	if !ok || obj.IsAlias() {
		w.printf("\n%s\n", types.ObjectString(obj, w.qualify))
		return
	}
	parameters := ""
	if _, list, generic := strings.Cut(w.typ(named), "["); generic {
		parameters = "[" + list
	}
	w.printf("\ntype %s%s ", obj.Name(), parameters)
	if s, ok := named.Underlying().(*types.Struct); ok {
		w.structure(s)
	} else {
		w.printf("%s\n", w.typ(named.Underlying()))
	}
	for _, method := range slices.SortedFunc(named.Methods(), func(a, b *types.Func) int { return strings.Compare(a.Name(), b.Name()) }) {
		if method.Exported() || w.seals(named, method) {
			var signature bytes.Buffer
			types.WriteSignature(&signature, method.Signature(), w.qualify)
			w.printf("func (%s) %s%s\n", w.typ(method.Signature().Recv().Type()), method.Name(), &signature)
		}
	}
}

// seals reports whether the method is one by which the type implements a sealed
// interface.
func (w *writer) seals(named *types.Named, method *types.Func) bool {
	return slices.ContainsFunc(w.sealed, func(i *types.Interface) bool {
		required, _, _ := types.LookupFieldOrMethod(i, false, w.pkg, method.Name())
		return required != nil && types.Implements(types.NewPointer(named), i)
	})
}

// structure writes the exported fields. For the others, it only writes whether the
// struct is comparable.
func (w *writer) structure(s *types.Struct) {
	w.printf("struct {\n")
	hidden := ""
	for i := range s.NumFields() {
		field := s.Field(i)
		switch {
		case !field.Exported() && !field.Embedded():
			if hidden == "" {
				hidden = "_ struct{} // unexported fields\n"
			}
			if !types.Comparable(field.Type()) {
				hidden = "_ [0]func() // unexported fields, not comparable\n"
			}
			continue
		case field.Embedded():
			w.printf("%s", w.typ(field.Type()))
		default:
			w.printf("%s %s", field.Name(), w.typ(field.Type()))
		}
		if name := jsonName(s.Tag(i)); name != "" {
			w.printf(" `json:%s`", strconv.Quote(name))
		}
		w.printf("\n")
	}
	w.printf("%s}\n", hidden)
}

// jsonName returns the JSON tag of a field. It is part of the API, because programs
// store the JSON. Other tags are not.
func jsonName(tag string) string { return reflect.StructTag(tag).Get("json") }

func (w *writer) typ(t types.Type) string { return types.TypeString(t, w.qualify) }

// own is the placeholder for the package's own name in the text of types until printf.
const own = "\x00"

func (w *writer) qualify(pkg *types.Package) string {
	if pkg == w.pkg {
		return own
	}
	w.imports[pkg.Path()] = true
	return pkg.Name()
}

var ownName = regexp.MustCompile(own + `\.[\pL_][\pL_\pN]*`)

// printf writes a text, and queues the names of the package in it.
func (w *writer) printf(layout string, args ...any) {
	w.text.WriteString(ownName.ReplaceAllStringFunc(fmt.Sprintf(layout, args...), func(name string) string {
		name = strings.TrimPrefix(name, own+".")
		w.queue = append(w.queue, name)
		return name
	}))
}

// parse parses the output of declarations.
func parse(name string, text []byte, path string, imp types.Importer) (*types.Package, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body == nil {
			f.Body = new(ast.BlockStmt) // a generic function must have one
		}
	}
	conf := types.Config{Importer: imp, IgnoreFuncBodies: true}
	return conf.Check(path, fset, []*ast.File{file}, nil)
}
