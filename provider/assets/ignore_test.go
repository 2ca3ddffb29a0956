// SPDX-License-Identifier: Apache-2.0

package assets_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
)

func TestPatternsAreThoseOfGit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules         string
		ignored, kept []string
	}{
		"nothing":  {"", nil, []string{"a", "a/b"}},
		"comments": {"# a\n\n\\#b\n", []string{"#b"}, []string{"a", "# a"}},
		"a name in any place": {
			"a.txt", []string{"a.txt", "x/a.txt", "x/y/a.txt", "a.txt/below"}, []string{"ba.txt", "a.txts"},
		},
		"a name at the top":           {"/a.txt", []string{"a.txt"}, []string{"x/a.txt"}},
		"a path is at the top":        {"x/a.txt", []string{"x/a.txt"}, []string{"y/x/a.txt"}},
		"directories only":            {"build/", []string{"build/a", "x/build/a"}, []string{"build", "x/build"}},
		"a star":                      {"*.map", []string{"a.map", "x/.map"}, []string{"a.mapx", "map"}},
		"a star ends at a slash":      {"/x/*.js", []string{"x/a.js"}, []string{"x/y/a.js"}},
		"two stars before":            {"**/a", []string{"a", "x/a", "x/y/a"}, []string{"xa"}},
		"two stars between":           {"x/**/a", []string{"x/a", "x/y/a", "x/y/z/a"}, []string{"a", "xy/a"}},
		"two stars after":             {"x/**", []string{"x/a", "x/y/a"}, []string{"x", "y/x"}},
		"a question mark":             {"a?c", []string{"abc"}, []string{"ac", "abbc", "a/c"}},
		"a class":                     {"a[0-9]", []string{"a1"}, []string{"aa", "a"}},
		"a negated class":             {"a[!0-9]", []string{"ab"}, []string{"a1", "a/"}},
		"no class":                    {"a[b", []string{"a[b"}, []string{"ab"}},
		"taken back":                  {"*.txt\n!keep.txt", []string{"a.txt"}, []string{"keep.txt", "x/keep.txt"}},
		"ignored once more":           {"*.txt\n!keep.txt\nkeep.txt", []string{"keep.txt"}, nil},
		"not in an ignored directory": {"x/\n!x/keep.txt", []string{"x/keep.txt"}, nil},
		"but in one whose content is": {"x/*\n!x/keep.txt", []string{"x/a"}, []string{"x/keep.txt"}},
		"case":                        {"README.md", []string{"readme.MD"}, nil},
		"spaces at the end":           {"a  \nb\\ ", []string{"a", "b "}, []string{"b", "a  "}},
		"line ends":                   {"a\r\nb\r\n", []string{"a", "b"}, []string{"c"}},
		"regular expressions":         {"a.c+(d)", []string{"a.c+(d)"}, []string{"abc+(d)", "a.ccd"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ignore := assets.ParseIgnore(test.rules)
			for _, name := range test.ignored {
				assert.True(t, ignore.Ignored(name), name)
			}
			for _, name := range test.kept {
				assert.False(t, ignore.Ignored(name), name)
			}
		})
	}
}

// FuzzWhatIsBelowAnIgnoredDirectoryIsIgnored: so that a walk may leave it out.
func FuzzWhatIsBelowAnIgnoredDirectoryIsIgnored(f *testing.F) {
	f.Add("x/\n!x/y", "x", "y")
	f.Add("**/a[^b/]?\\", "a", "b/c")
	f.Add("[]a]\n[a\n[!]\n", "]", "[")
	f.Fuzz(func(t *testing.T, rules, directory, below string) {
		if directory == "" || below == "" || strings.HasPrefix(below, "/") || strings.HasSuffix(directory, "/") {
			return
		}
		ignore := assets.ParseIgnore(rules)
		if ignore.IgnoredDirectory(directory) {
			assert.True(t, ignore.Ignored(directory+"/"+below))
		}
	})
}
