// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the code of the examples into the pages")

var (
	// choosers are the places of a page with one block for each language. The comment names the region.
	choosers = regexp.MustCompile(`(?ms)^<!-- chooser: ([\w-]+) -->\n.*?^<!-- end of chooser -->$`)
	// blocks are those whose comment names file and region.
	blocks = regexp.MustCompile("(?ms)^<!-- code: (\\S+) ([\\w-]+) -->\n```(\\w+)\n(.*?)^```$")
	// examples are the part of a resource's description that is shown in the language of the reader.
	examples = regexp.MustCompile(`(?ms)^\{\{% examples %\}\}$.*?^\{\{% /examples %\}\}$`)
)

// shown are the regions that the descriptions of resources show, each with what it is.
var shown = map[string][]struct{ title, region string }{
	"provider/doc/cloudflare_worker.md": {
		{"A Worker and a KV namespace", "worker"},
		{"Code that a pipeline has stored", "adopt"},
	},
	"provider/doc/worker_bundle.md":        {{"Build and store", "bundle"}, {"Deploy", "worker"}},
	"provider/doc/kv_namespace.md":         {{"A namespace with a key", "kv"}},
	"provider/doc/r2_bucket.md":            {{"A bucket in Western Europe", "r2"}},
	"provider/doc/d1_database.md":          {{"A database, its migrations, and a Worker", "d1"}},
	"provider/doc/queue.md":                {{"A queue and a Worker that sends to it", "queue"}},
	"provider/doc/secrets_store_secret.md": {{"A secret and a Worker that reads it", "secrets-store"}},
	"provider/doc/from_wrangler.md":        {{"A Worker that wrangler's configuration describes", "from-wrangler"}},
	"provider/component/doc/worker_app.md": {
		{"From a build output to a URL", "app"},
		{"In production, what another stack has tested", "promote"},
	},
}

// pages are the pages of the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.Greater(t, len(found), 10)
	for i := range found {
		found[i] = "docs/" + filepath.Base(found[i])
	}
	return found
}

// TestThePagesShowTheCodeOfTheExamples: what a page shows is what a test runs or compiles.
func TestThePagesShowTheCodeOfTheExamples(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		text := choosers.ReplaceAllStringFunc(read(t, page), func(chooser string) string {
			return chooserOf(t, choosers.FindStringSubmatch(chooser)[1])
		})
		text = blocks.ReplaceAllStringFunc(text, func(block string) string {
			part := blocks.FindStringSubmatch(block)
			all := regionsOf(t, part[1])
			r, ok := all[part[2]]
			require.Truef(t, ok, "%s: %s has no region %s", page, part[1], part[2])
			return blockOf(withImports(all, r), part[3])
		})
		upToDate(t, page, text)
	}
}

// TestTheDescriptionsShowTheCodeOfTheExamples: as the pages, in the form in which code generators choose a language.
func TestTheDescriptionsShowTheCodeOfTheExamples(t *testing.T) {
	t.Parallel()
	for page, list := range shown {
		var text strings.Builder
		text.WriteString("{{% examples %}}\n## Example Usage\n\n")
		for _, e := range list {
			text.WriteString("{{% example %}}\n### " + e.title + "\n\n")
			for _, l := range languages {
				text.WriteString("```" + l.name + "\n" + code(t, l, e.region).code + "```\n\n")
			}
			text.WriteString("{{% /example %}}\n")
		}
		text.WriteString("{{% /examples %}}")
		old := read(t, page)
		require.Lenf(t, examples.FindAllString(old, -1), 1, "%s has no place for examples", page)
		upToDate(t, page, examples.ReplaceAllLiteralString(old, text.String()))
	}
}

func chooserOf(t *testing.T, name string) string {
	t.Helper()
	var names []string
	for _, l := range languages {
		names = append(names, l.name)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "<!-- chooser: %s -->\n{{< chooser language %q >}}\n\n", name, strings.Join(names, ","))
	for _, l := range languages {
		fmt.Fprintf(&text, "{{%% choosable language %s %%}}\n\n%s\n\n{{%% /choosable %%}}\n", l.name,
			blockOf(code(t, l, name), l.name))
	}
	text.WriteString("\n{{< /chooser >}}\n<!-- end of chooser -->")
	return text.String()
}

func blockOf(r region, language string) string {
	return "<!-- code: " + r.file + " " + r.name + " -->\n```" + language + "\n" + r.code + "```"
}

// upToDate compares a page with what it should be, or writes it.
func upToDate(t *testing.T, page, want string) {
	t.Helper()
	if *update && want != read(t, page) { // at once, for other tests read it
		path := filepath.Join(root, filepath.FromSlash(page))
		require.NoError(t, os.WriteFile(path+".new", []byte(want), 0o644))
		require.NoError(t, os.Rename(path+".new", path))
	}
	assert.Equalf(t, want, read(t, page), "%s is stale: go test ./tests/docs -update", page)
}

// TestEveryRegionIsShown: a mark that no page uses says nothing.
func TestEveryRegionIsShown(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, page := range pages(t) {
		all.WriteString(read(t, page))
	}
	for _, list := range shown {
		for _, e := range list {
			all.WriteString("<!-- chooser: " + e.region + " -->")
		}
	}
	for _, l := range languages {
		for _, file := range l.files {
			for name := range regionsOf(t, file) {
				if name == "imports" {
					continue
				}
				assert.Containsf(t, all.String(), "<!-- chooser: "+name+" -->", "%s: nothing shows the region %s", file, name)
			}
		}
	}
}

// byHand are pages with code of their own, which tests/engine compiles (TypeScript) or previews (YAML).
var byHand = map[string]bool{"docs/secrets.md": true}

// TestNoCodeIsWrittenByHand: in other pages, and in languages that no test reads, code comes from a program.
func TestNoCodeIsWrittenByHand(t *testing.T) {
	t.Parallel()
	fence := regexp.MustCompile("(?m)^(?:(<!-- code: .*-->)\n)?[ \t]*```(\\w+)\n")
	found := 0
	for _, page := range pages(t) {
		for _, block := range fence.FindAllStringSubmatch(read(t, page), -1) {
			found++
			switch block[2] {
			case "sh", "text", "json", "hcl", "mermaid":
				continue
			case "ts", "js", "yaml":
				if byHand[page] {
					continue
				}
			}
			assert.NotEmptyf(t, block[1], "%s: a block in %s names no region", page, block[2])
		}
	}
	assert.Greater(t, found, 50)
}

// TestMarksThatDoNotFitAreErrors: a forgotten end would show half a file.
func TestMarksThatDoNotFitAreErrors(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"has no end":               "// docs:begin a\n",
		"ends without a beginning": "# docs:end a\n",
		"begins a second time":     "# docs:begin a\n# docs:end a\n# docs:begin a\n# docs:end a\n",
	} {
		_, err := regions("x", text)
		require.ErrorContains(t, err, name)
	}
	found, err := regions("x", "a\n\t# docs:begin outer\n\tb\n\n\t\t# docs:begin inner\n\t\tc\n\t\t# docs:end inner\n"+
		"\td\n\t# docs:end outer\n")
	require.NoError(t, err)
	assert.Equal(t, "b\n\n\tc\nd\n", found["outer"].code)
	assert.Equal(t, "c\n", found["inner"].code)
}
