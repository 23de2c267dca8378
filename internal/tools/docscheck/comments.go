package main

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// commentPages returns a page for each Go file of the folders that has Go code in its comments.
// An indented block is Go code if it can be parsed and has a call or an assignment: tables, URLs
// and output are not.
func commentPages(folders ...string) (pages []page, err error) {
	isSource := func(name string) bool { return !strings.HasSuffix(name, "_test.go") }
	err = eachFile(folders, isSource, func(name string, fset *token.FileSet, file *ast.File) {
		p := page{name: name}
		for _, group := range file.Comments {
			p.blocks = append(p.blocks, commentBlocks(fset, group)...)
		}
		pages = append(pages, p)
	})
	return pages, err
}

// exampleComments returns a page for each file of examples in the folders. A line of it is the
// comment at that line of the file, or empty.
func exampleComments(folders ...string) (pages []page, err error) {
	isExample := func(name string) bool { return strings.HasSuffix(name, "example_test.go") }
	err = eachFile(folders, isExample, func(name string, fset *token.FileSet, file *ast.File) {
		p := page{name: name, lines: make([]string, fset.File(file.Pos()).LineCount())}
		for _, group := range file.Comments {
			for _, c := range group.List {
				p.lines[fset.Position(c.Pos()).Line-1] = c.Text
			}
		}
		pages = append(pages, p)
	})
	return pages, err
}

// eachFile parses the Go files of the folders whose names match.
func eachFile(folders []string, match func(name string) bool, visit func(name string, fset *token.FileSet, file *ast.File)) error {
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return err
		}
		for _, name := range names {
			if !match(name) {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(name), fset, file)
		}
	}
	return nil
}

func commentBlocks(fset *token.FileSet, group *ast.CommentGroup) (blocks []block) {
	for _, content := range new(comment.Parser).Parse(group.Text()).Content {
		code, ok := content.(*comment.Code)
		if !ok || !strings.ContainsAny(code.Text, "(=") {
			continue
		}
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+code.Text+"\n}", parser.SkipObjectResolution)
		if err == nil {
			blocks = append(blocks, block{info: "go", text: code.Text, line: fset.Position(group.Pos()).Line})
		}
	}
	return blocks
}
