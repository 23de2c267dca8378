package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// before is a package with one example of each kind of declaration in this module's API.
const before = `package p

import (
	"context"
	"iter"
)

const Max, Name, Sent = 5, "x", Order("a")
var Err error
type Order string
type Number interface{ ~int | ~int8 }
type Option func(*config)
type config struct{ list []int }
type Client struct{ Service *Service; config }
type Service struct{ c *config }
type Key struct{ ID, Name string; n int }
type Image struct{ ID string ` + "`json:\"id,omitempty\" url:\"i\"`" + ` }
type Kind interface{ strike(*hit) }
type Stop struct{}
type hit struct{ config }
type Page[T any] struct{ Items []T }
func (s *Service) Get(ctx context.Context, id string) (*Image, error) { return nil, nil }
func (s *Service) All() iter.Seq2[Image, error] { return nil }
func (i Image) String() string { return "" }
func (Stop) strike(*hit) {}
func (s *Service) strike() {}
func (p *Page[T]) First() T { return p.Items[0] }
func Eq[T ~string | Number](name string, value T) bool { return false }
func With(opts ...Option) *Client { return nil }
`

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		want           []string // the incompatible changes
	}{
		{"nothing", "Max", "Max", nil},
		{"an added function", "func With(", "func More() {}; func With(", nil},
		{"an added field", "ID, Name string;", "ID, Name, More string;", nil},
		{"an added method", "func (Stop) strike", "func (Stop) String() string { return \"\" }; func (Stop) strike", nil},
		{"a renamed parameter", "Eq[T ~string | Number](name string", "Eq[T ~string | Number](field string", nil},
		{"an unexported field", "c *config", "other int", nil},
		{"an unexported type", "list []int", "other map[string]bool", nil},
		{"a tag that is not JSON", `url:\"i\"`, `url:\"j\"`, nil},

		{"a removed function", "func With(", "func with(", []string{"With: removed"}},
		{"a removed method", ") All()", ") all()", []string{"(*Service).All: removed"}},
		{"a removed field", "Service *Service;", "", []string{"Client.Service: removed"}},
		{"a removed type", "Order", "order", []string{"Order: removed", "Sent: changed from Order to order"}},
		{"a removed variable", "Err error", "err error", []string{"Err: removed"}},
		{"another parameter", "id string)", "id string, n int)", []string{
			"(*Service).Get: changed from func(context.Context, string) (*Image, error) to func(context.Context, string, int) (*Image, error)"}},
		{"another result", "All() iter.Seq2[Image, error]", "All() iter.Seq[Image]", []string{
			"(*Service).All: changed from func() iter.Seq2[Image, error] to func() iter.Seq[Image]"}},
		{"another receiver", "(i Image) String", "(i *Image) String", []string{"Image.String: removed"}},
		{"another kind", "var Err error", "func Err() error { return nil }", []string{"Err: changed from var to func"}},
		{"another value", `"x"`, `"y"`, []string{`Name: value changed from "x" to "y"`}},
		{"no longer comparable by a hidden field", "n int }", "n []int }", []string{"Key: old is comparable, new is not"}},
		{"no longer of the kind", "func (Stop) strike(*hit)", "func (Stop) hit(*hit)", []string{"Stop: no longer implements Kind"}},
		{"a narrower constraint", "~int | ~int8", "~int", []string{"Number: constraints changed from interface{~int | ~int8} to interface{~int}"}},
		{"another constraint", "~string | Number]", "Number]", []string{"Eq: constraints changed from ~string | Number to Number"}},
		{"another name in JSON", "id,omitempty", "ID,omitempty", []string{`Image.ID: JSON changed from "id,omitempty" to "ID,omitempty"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := strings.NewReplacer(unescape(test.old), unescape(test.new))
			require.Contains(t, before, unescape(test.old))
			stored, err := declarations(compile(t, before))
			require.NoError(t, err)
			old, err := parse("p.go.txt", stored, "example.com/p", importer.Default())
			require.NoError(t, err, "%s", stored)

			var incompatible []string
			for _, c := range compare(old, compile(t, change.Replace(before))).Changes {
				if !c.Compatible {
					incompatible = append(incompatible, c.Message)
				}
			}
			assert.Equal(t, test.want, incompatible)
		})
	}
}

func unescape(s string) string { return strings.ReplaceAll(s, `\"`, `"`) }

func compile(t *testing.T, source string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	require.NoError(t, err)
	conf := types.Config{Importer: importer.Default()}
	pkg, err := conf.Check("example.com/p", fset, []*ast.File{file}, nil)
	require.NoError(t, err)
	return pkg
}

func TestRun(t *testing.T) {
	const pkg = "github.com/cfimages/cfimages-go/internal/tools/apicheck/testdata/sample"
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run([]string{"store", dir, pkg}, &out))
	require.NoError(t, run([]string{"compare", dir, pkg}, &out))
	assert.Empty(t, out.String())

	file := filepath.Join(dir, "sample.go.txt")
	stored, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(stored, "func Gone()\n"...), 0o600))
	err = run([]string{"compare", dir, pkg}, &out)
	require.ErrorContains(t, err, "package sample could break")
	assert.Contains(t, out.String(), "Incompatible changes:\n- Gone: removed\n")
}

func TestRunRejects(t *testing.T) {
	for _, args := range [][]string{nil, {"store"}, {"store", "dir"}, {"forget", "dir", "fmt"}} {
		require.ErrorContains(t, run(args, nil), "usage:")
	}
	require.ErrorContains(t, run([]string{"compare", t.TempDir(), "errors"}, nil), "errors.go.txt")
}
