package main

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/exp/apidiff"
)

// compare reports the changes between two versions of a package.
func compare(before, after *types.Package) apidiff.Report {
	report := apidiff.Changes(before, after)
	for _, name := range before.Scope().Names() {
		was, is := before.Scope().Lookup(name), after.Scope().Lookup(name)
		if is == nil || !was.Exported() {
			continue
		}
		for _, message := range overlooked(was, is) {
			report.Changes = append(report.Changes, apidiff.Change{Message: name + message})
		}
	}
	return report
}

// overlooked returns the incompatible changes that apidiff does not detect: changes of
// type constraints, including wider ones, and of JSON tags.
func overlooked(before, after types.Object) []string {
	var messages []string
	changed := func(what, was, is string) {
		if was != is {
			messages = append(messages, fmt.Sprintf("%s changed from %s to %s", what, was, is))
		}
	}
	changed(": constraints", constraints(before), constraints(after))
	was, is := jsonNames(before.Type()), jsonNames(after.Type())
	for _, field := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[field]; ok {
			changed("."+field+": JSON", was[field], is[field])
		}
	}
	return messages
}

// constraints returns the constraints of a function's type parameters, the constraint
// that a type declares, or "".
func constraints(obj types.Object) string {
	relative := types.RelativeTo(obj.Pkg())
	if i, ok := obj.Type().Underlying().(*types.Interface); ok && !i.IsMethodSet() {
		return types.TypeString(i, relative)
	}
	f, ok := obj.(*types.Func)
	if !ok {
		return ""
	}
	var list []string
	for parameter := range f.Signature().TypeParams().TypeParams() {
		list = append(list, types.TypeString(parameter.Constraint(), relative))
	}
	return strings.Join(list, ", ")
}

// jsonNames returns the JSON tags of a struct's exported fields.
func jsonNames(t types.Type) map[string]string {
	names := make(map[string]string)
	if s, ok := t.Underlying().(*types.Struct); ok {
		for i := range s.NumFields() {
			if field := s.Field(i); field.Exported() {
				names[field.Name()] = strconv.Quote(jsonName(s.Tag(i)))
			}
		}
	}
	return names
}
