// SPDX-License-Identifier: Apache-2.0

package assets_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// FuzzAStoreIsADirectory: whatever a .assetsignore says, the same files are served from a store that lists them, by
// [assets.Kept] and [assets.Assemble], as from a directory.
func FuzzAStoreIsADirectory(f *testing.F) {
	for _, rules := range []string{
		"", "*.txt", "!a.txt", "/a", "b/", "b/*\n!b/c.html", "**/c.html", "a/**", "[a-c].txt", "[!a].txt", "[", `\#`,
		"# a", "a ", `a\ `,
		"*", "*\n!*/", "_worker.js", "_*", "a/**/b", "?", "*.HTML", "b\n!b/c.html", "\r\n*.txt\r\n", "]", "[]a]", "a//b",
	} {
		f.Add(rules, "a.txt\nb/c.html\na/b/c.txt\n_headers\nb/_headers\n#", true)
	}
	f.Add("", "_worker.js/index.js\nindex.html", false)
	f.Add("", "_redirects", true)
	f.Fuzz(func(t *testing.T, rules, names string, has bool) {
		directory := fstest.MapFS{}
		for name := range strings.SplitSeq(names, "\n") {
			first, _, nested := strings.Cut(name, "/")
			if nested && slices.Contains([]string{".assetsignore", "_headers", "_redirects"}, first) {
				continue // a directory of that name is an error; R2 has no directories
			}
			nests := func(other string) bool {
				return strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/")
			}
			if digest.CheckName(name) != nil || slices.ContainsFunc(slices.Collect(maps.Keys(directory)), nests) {
				continue
			}
			directory[name] = &fstest.MapFile{Data: []byte(name)}
		}
		delete(directory, ".assetsignore")
		var text *string
		if has {
			directory[".assetsignore"], text = &fstest.MapFile{Data: []byte(rules)}, &rules
		}
		want, wantErr := assets.Read(t.Context(), directory)
		kept, err := assets.Kept(slices.Sorted(maps.Keys(directory)), text)
		var got assets.Tree
		if err == nil {
			sums := map[string]assets.Sum{}
			for _, name := range kept {
				data := directory[name].Data
				sums[name] = assets.Sum{Size: int64(len(data)), Digest: digest.OfBytes(data)}
			}
			content := func(name string) string {
				if file := directory[name]; file != nil {
					return string(file.Data)
				}
				return ""
			}
			got, err = assets.Assemble(sums, content("_headers"), content("_redirects"))
		}
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", wantErr, err)
		if err == nil {
			assert.Equal(t, want, got)
		}
	})
}

// FuzzTheLastRuleDecides: a rule that takes back everything takes back what is ignored of files at the top.
func FuzzTheLastRuleDecides(f *testing.F) {
	f.Add("*.txt\n[a-z]*", "a.txt")
	f.Add("a?c\n\\!x", "abc")
	f.Fuzz(func(t *testing.T, rules, name string) {
		if digest.CheckName(name) != nil || strings.Contains(name, "/") {
			return
		}
		assert.False(t, assets.ParseIgnore(rules+"\n!*").Ignored(name))
		assert.True(t, assets.ParseIgnore(rules+"\n*").Ignored(name))
	})
}
