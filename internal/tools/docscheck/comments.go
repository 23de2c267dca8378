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
func commentPages(folders ...string) ([]page, error) {
	var pages []page
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			p := page{name: filepath.ToSlash(name)}
			for _, group := range file.Comments {
				p.blocks = append(p.blocks, commentBlocks(fset, group)...)
			}
			pages = append(pages, p)
		}
	}
	return pages, nil
}

// exampleComments returns a page for each file of examples in the folders. A line of it is the
// comment at that line of the file, or empty.
func exampleComments(folders ...string) ([]page, error) {
	var pages []page
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*example_test.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			p := page{name: filepath.ToSlash(name), lines: make([]string, fset.File(file.Pos()).LineCount())}
			for _, group := range file.Comments {
				for _, c := range group.List {
					p.lines[fset.Position(c.Pos()).Line-1] = c.Text
				}
			}
			pages = append(pages, p)
		}
	}
	return pages, nil
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
