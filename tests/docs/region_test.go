// SPDX-License-Identifier: Apache-2.0

// Package docs_test keeps the documentation true: code comes from programs that tests run or compile, texts of errors
// from those that tests pin, and links lead somewhere. Run with -update to write the code into the pages anew.
package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the top of the checkout.
const root = "../.."

// A language that pages show, and the files whose marked regions they show.
type language struct {
	name  string
	files []string
}

var languages = []language{
	{"typescript", []string{"examples/typescript/index.ts", "examples/typescript/snippets.ts"}},
	{"python", []string{"examples/python/__main__.py", "examples/python/snippets.py"}},
	{"go", []string{"examples/go/main.go", "examples/go/snippets/snippets.go"}},
	{"java", []string{
		"examples/java/src/main/java/hello/App.java", "examples/java/src/main/java/hello/Snippets.java",
	}},
	{"yaml", []string{"examples/yaml/Pulumi.yaml", "examples/yaml/snippets.yaml"}},
}

// A region is a part of a file between comments "docs:begin NAME" and "docs:end NAME".
type region struct {
	file, name, code string
}

// regions are those of a file, by name. Other regions may lie within one: their marks are left out.
func regions(file, text string) (map[string]region, error) {
	found, open := map[string]region{}, map[string][]string{}
	for i, line := range strings.Split(text, "\n") {
		mark, name, marked := cutMark(line)
		switch {
		case !marked:
			for name := range open {
				open[name] = append(open[name], line)
			}
		case mark == "begin":
			if _, twice := found[name]; twice || open[name] != nil {
				return nil, fmt.Errorf("%s:%d: the region %q begins a second time", file, i+1, name)
			}
			open[name] = []string{}
		default:
			if open[name] == nil {
				return nil, fmt.Errorf("%s:%d: the region %q ends without a beginning", file, i+1, name)
			}
			found[name] = region{file, name, dedent(open[name])}
			delete(open, name)
		}
	}
	for name := range open {
		return nil, fmt.Errorf("%s: the region %q has no end", file, name)
	}
	return found, nil
}

// cutMark reads a line such as "  // docs:begin kv".
func cutMark(line string) (mark, name string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "//" && fields[0] != "#" {
		return "", "", false
	}
	mark, ok = strings.CutPrefix(fields[1], "docs:")
	return mark, fields[2], ok && (mark == "begin" || mark == "end")
}

// dedent removes what all lines begin with, and the empty lines around them.
func dedent(lines []string) string {
	indent, first := "", true
	for _, line := range lines {
		rest := strings.TrimLeft(line, " \t")
		if rest == "" {
			continue
		}
		if own := line[:len(line)-len(rest)]; first || len(own) < len(indent) {
			indent, first = own, false
		}
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(strings.TrimPrefix(line, indent) + "\n")
	}
	return strings.Trim(text.String(), "\n") + "\n"
}

// imported finds the name under which a line such as `import * as cf from "…"` or `import pulumi` imports.
var imported = regexp.MustCompile(`^import (?:.* as )?(\w+)`)

// withImports puts before a region what it uses of its file's region "imports".
func withImports(all map[string]region, r region) region {
	var head strings.Builder
	for line := range strings.Lines(all["imports"].code) {
		if name := imported.FindStringSubmatch(line); name != nil && strings.Contains(r.code, name[1]+".") {
			head.WriteString(line)
		}
	}
	if head.Len() > 0 {
		r.code = head.String() + "\n" + r.code
	}
	return r
}

// code is the region of that name in the language, with its imports.
func code(t *testing.T, l language, name string) region {
	t.Helper()
	for _, file := range l.files {
		all := regionsOf(t, file)
		if r, ok := all[name]; ok {
			return withImports(all, r)
		}
	}
	require.Failf(t, "no such region", "%s is not in %s", name, strings.Join(l.files, ", "))
	return region{}
}

func regionsOf(t *testing.T, file string) map[string]region {
	t.Helper()
	found, err := regions(file, read(t, file))
	require.NoError(t, err)
	return found
}

// read is the text of a file, named from the top of the checkout.
func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	require.NoError(t, err)
	return string(text)
}
