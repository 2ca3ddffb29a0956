// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fences  = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```$")
	spans   = regexp.MustCompile("`[^`\n]*`")
	links   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unslug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// texts are the files whose links are checked.
func texts(t *testing.T) []string {
	t.Helper()
	all := append(pages(t), "README.md", "CONTRIBUTING.md")
	err := fs.WalkDir(os.DirFS(root), "examples", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "venv"):
			return fs.SkipDir
		case entry.Name() == "README.md":
			all = append(all, name)
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

// TestLinksLeadSomewhere: to a file that exists, and to a heading that it has.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range texts(t) {
		text := spans.ReplaceAllString(fences.ReplaceAllString(read(t, file), ""), "")
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			found++
			to, anchor, anchored := strings.Cut(link[1], "#")
			target := file
			if to != "" {
				target = path.Join(path.Dir(file), to)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
				assert.Failf(t, "leads nowhere", "%s: %s", file, link[1])
				continue
			}
			if anchored {
				assert.Containsf(t, anchors(read(t, target)), anchor, "%s: there is no such heading: %s", file, link[1])
			}
		}
	}
	assert.Greater(t, found, 80)
}

// anchors are the names of a page's headings, as GitHub and Hugo make them.
func anchors(text string) []string {
	var names []string
	for _, h := range heading.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		names = append(names, strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return names
}

// TestEveryPageIsFound: a page that the index does not name is found by nobody.
func TestEveryPageIsFound(t *testing.T) {
	t.Parallel()
	index := read(t, "docs/_index.md")
	for _, page := range pages(t) {
		if name := path.Base(page); name != "_index.md" {
			assert.Contains(t, index, "]("+name+")")
		}
	}
	for _, page := range pages(t) {
		assert.Regexpf(t, `(?s)^---\ntitle: [^\n]+\nmeta_desc: [^\n]+\nlayout: (package|installation)\n---\n`,
			read(t, page), "%s: the Registry wants a head", page)
	}
}
