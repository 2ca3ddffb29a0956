// SPDX-License-Identifier: Apache-2.0

package changelog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/changelog"
)

const dir = "../../changelog"

func TestEveryFragmentIsWellFormed(t *testing.T) {
	t.Parallel()
	_, err := changelog.Read(filepath.Join(dir, "unreleased"))
	require.NoError(t, err)
	template, err := os.ReadFile(filepath.Join(dir, "TEMPLATE.md"))
	require.NoError(t, err)
	_, err = changelog.Parse(string(template))
	require.NoError(t, err, "the template must be an example of itself")
}

func TestOnlyFragmentsAreUnreleased(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(filepath.Join(dir, "unreleased"))
	require.NoError(t, err)
	for _, entry := range entries {
		assert.Regexp(t, `^[a-z0-9-]+\.md$|^\.gitkeep$`, entry.Name())
	}
}

func TestBadFragmentsAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, says string }{
		"unknown kind":      {"Improve: Things are better now.\n\nThey were not.\n", "the first line must be"},
		"no full stop":      {"Fix: Previews tell the truth\n\nThey did not.\n", "the first line must be"},
		"no capital letter": {"Fix: previews tell the truth.\n\nThey did not.\n", "the first line must be"},
		"too long":          {"Fix: A" + strings.Repeat("a", 100) + ".\n\nBody.\n", "the first line must be"},
		"no body":           {"Fix: Previews tell the truth.\n", "a paragraph must say"},
		"no migration":      {"Change: Names are longer.\n\nThey were short.\n", `Change needs a line "Migration: …"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := changelog.Parse(test.text)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestAReleaseMovesFragmentsToTheTop(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	unreleased := filepath.Join(top, "unreleased")
	require.NoError(t, os.Mkdir(unreleased, 0o700))
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(filepath.Join(unreleased, "a.md"), "Fix: Previews tell the truth.\n\nThey did not.\n")
	write(filepath.Join(unreleased, "b.md"), "Remove: The old name is gone.\n\nIt was.\n\nMigration: Use the new one.\n")
	file := filepath.Join(top, "CHANGELOG.md")
	write(file, "# Changelog\n\nPreamble.\n\n## 0.1.0\n\n### Add: Everything.\n\nAll of it.\n")

	require.NoError(t, changelog.Release(top, file, "0.2.0 (2026-12-24)"))

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, `# Changelog

Preamble.

## 0.2.0 (2026-12-24)

### Remove: The old name is gone.

It was.

Migration: Use the new one.

### Fix: Previews tell the truth.

They did not.

## 0.1.0

### Add: Everything.

All of it.
`, string(text))
	left, err := changelog.Read(unreleased)
	require.NoError(t, err)
	assert.Empty(t, left)
	require.ErrorContains(t, changelog.Release(top, file, "0.3.0"), "holds no fragment")
}
