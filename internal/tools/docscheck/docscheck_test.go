package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root makes the root of the repository the working directory, where the command runs.
func root(t *testing.T) { t.Chdir("../../..") }

func fenced(info, code string) string { return "# Title\n\n```" + info + "\n" + code + "\n```\n" }

func TestBlocksCompile(t *testing.T) {
	root(t)
	for _, test := range []struct {
		name, text string
		want       string // part of the only finding; "": none
	}{
		{"statements", fenced("go", "img, err := client.ImagesV1.Get(ctx, \"id\")\nimg, err := client.ImagesV1.Get(ctx, \"other\")"), ""},
		{"a return", fenced("go", "if err != nil {\n\treturn err\n}"), ""},
		{"declarations", fenced("go", "func TestIt(t *testing.T) { fmt.Println(client) }"), ""},
		{"a file", fenced("go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }"), ""},
		{"parts", fenced("go", "// v7\nx := 1\n// here\nx := \"\""), ""},
		{"an excerpt", fenced("go excerpt", "{x: 1},"), ""},
		{"another language", fenced("sh", "go run"), ""},
		{"an unknown method", fenced("go", "\nclient.ImagesV1.Fetch(ctx)"), "README.md:5: client.ImagesV1.Fetch undefined"},
		{"an unknown name", fenced("go", "fmt.Println(stranger)"), "README.md:4: undefined: stranger"},
		{"a wrong type", fenced("go", "x := 1\n// here\nvar s string = 1"), "README.md:6: cannot use 1"},
		{"an unknown import", fenced("go", "package main\n\nimport \"example.com/none\""), "could not import example.com/none"},
		{"no Go", fenced("go", "for {"), "README.md:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := checkCode([]page{parsePage("README.md", test.text)}, "internal/tools/docscheck/preludes")
			require.NoError(t, err)
			if test.want == "" {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Contains(t, found[0], test.want)
		})
	}
}

func TestCodeInCommentsCompiles(t *testing.T) {
	root(t)
	folder := t.TempDir()
	const source = "package p\n\n// F fetches:\n//\n//\timg, err := client.ImagesV1.Fetch(ctx, id)\n//\n// It is sent as\n//\n//\tmeta.<field>[eq]=<value>\nfunc F() {}\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "p.go"), []byte(source), 0o600))
	pages, err := commentPages(folder)
	require.NoError(t, err)
	found, err := checkCode(pages, "internal/tools/docscheck/preludes")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Contains(t, found[0], "p.go:3: client.ImagesV1.Fetch undefined")

	pages, err = commentPages(".", "imagestest")
	require.NoError(t, err)
	blocks := 0
	for _, p := range pages {
		blocks += len(p.blocks)
	}
	assert.GreaterOrEqual(t, blocks, 6, "the comments of the public packages have code")
}

func TestLinksLeadSomewhere(t *testing.T) {
	root(t)
	text := "# One `code`, two\n\n## Same\n\n## Same\n\n"
	for target, ok := range map[string]bool{
		"#one-code-two": true, "#same": true, "#same-1": true, "#same-2": false, "#two": false,
		"LICENSE": true, "internal/benchmarks": true, "NONE.md": false,
		"internal/benchmarks/README.md#the-tables": true, "internal/benchmarks/README.md#none": false,
		"https://example.com/#x": true, "mailto:a@example.com": true,
	} {
		found := checkLinks(parsePage("README.md", text+"[a]("+target+")"))
		assert.Equal(t, ok, len(found) == 0, "%s: %v", target, found)
	}
	assert.Len(t, checkLinks(parsePage("README.md", `<img src="docs/none.svg">`)), 1)
	assert.Empty(t, checkLinks(parsePage("README.md", fenced("md", "[a](NONE.md)"))))
	assert.Empty(t, checkLinks(parsePage("internal/benchmarks/README.md", "[a](../soak)")), "relative to the page")
}

func TestNamesExist(t *testing.T) {
	root(t)
	all := newTests("func TestConformance(t *testing.T) {\n{\"quota\", quotaCases}, {\"two words\"}\nfunc FuzzPage(f *testing.F)\n",
		"{\"page\", onePage}, {\"call\", wholeCall}")
	for text, ok := range map[string]bool{
		"`TestConformance`": true, "`TestConformance/quota`": true, "`TestConformance/two_words`": true, "`FuzzPage`": true,
		"`TestNone`": false, "`TestConformance/none`": false, "`FuzzNone`": false,
		"go test -run Conf ./internal/conformance": true, "go test -run 'Gone'": false, "go test -run '^$'": true,
		"go run ./internal/soak": true, "go run ./internal/none": false, "`scripts/fuzz 10m`": true, "`scripts/none`": false,
		"go run . -only page,call": true, "go run . -only page,none": false, "-only NAME": true,
	} {
		found := checkNames(parsePage("README.md", text), all)
		assert.Equal(t, ok, len(found) == 0, "%s: %v", text, found)
	}
}

func TestOldWords(t *testing.T) {
	for text, want := range map[string]int{
		"the response": 0, "imagestest.Reply": 0, "replied": 0, "the reply and the ordinary host": 2, "two replies": 1,
		"refuses a URL": 1, "refused by the host": 1, "a connection refused": 0, "sent again": 1, "Beside it, besides": 1,
		"Switch off the prefetch": 1, "switches on and off": 1, "switched to": 0, "a type switch on it": 0,
	} {
		assert.Len(t, checkWords("README.md", []string{text}), want, text)
	}
}

func TestCommentsOfExamplesAreFound(t *testing.T) {
	folder := t.TempDir()
	const source = "package p\n\n// Beside it.\nfunc Example() {\n\tx := \"beside\" // beside\n}\n"
	for _, name := range []string{"p_example_test.go", "p_test.go"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(source), 0o600))
	}
	pages, err := exampleComments(folder)
	require.NoError(t, err)
	require.Len(t, pages, 1, "only the file of examples")
	found := checkWords("p", pages[0].lines)
	require.Len(t, found, 2)
	assert.Contains(t, found[0], "p:3: ")
	assert.Contains(t, found[1], "p:5: ")
}

func TestRun(t *testing.T) {
	root(t)
	var out strings.Builder
	require.NoError(t, run([]string{"SECURITY.md"}, &out))
	assert.Empty(t, out.String())
	require.ErrorContains(t, run(nil, &out), "usage:")
	require.Error(t, run([]string{"NONE.md"}, &out))
}
