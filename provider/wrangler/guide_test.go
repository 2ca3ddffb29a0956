// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheGuideHasEveryKey keeps the table in the guide that of the package.
func TestTheGuideHasEveryKey(t *testing.T) {
	t.Parallel()
	const guide, begin, end = "../../docs/from-wrangler.md", "<!-- keys -->\n", "<!-- end of keys -->"
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := guideTable()
	if *update {
		require.NoError(t, os.WriteFile(guide, []byte(before+begin+want+end+after), 0o600))
		table = want
	}
	assert.Equal(t, want, table, "go test ./provider/wrangler -update accepts it")
	assert.Contains(t, after+before, "title: From wrangler\n")
}

// guideTable is all keys in Markdown.
func guideTable() string {
	var b strings.Builder
	b.WriteString("\n| in the file | here | to know |\n|---|---|---|\n")
	for _, key := range Keys() {
		item := byPath[key.Path+"[]"]
		switch {
		case strings.HasSuffix(key.Path, "[]"): // the list stands for it
			continue
		case key.To == "" && item != nil:
			key.To = item.To
		case key.Fate == Carried && key.Scope == "" && key.To == "" && key.Note == "": // it only holds others
			continue
		}
		here := string(key.Fate)
		if key.To != "" {
			here = "`" + key.To + "`"
		} else if key.Fate == Carried {
			here = "each member"
		}
		scope := ""
		switch key.Scope {
		case Own:
			scope = " ¹"
		case TopOnly:
			scope = " ²"
		case Inherited:
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", key.Path, scope, here, key.Note)
	}
	b.WriteString("\n")
	return b.String()
}
