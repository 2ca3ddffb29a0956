// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuotedErrorsAreRealOnes: whoever searches the page for what a program said finds it, word by word.
func TestQuotedErrorsAreRealOnes(t *testing.T) {
	t.Parallel()
	pinned := read(t, "provider/testdata/errors.txt") + read(t, "provider/testdata/check.txt")
	page := read(t, "docs/troubleshooting.md")
	quotes := regexp.MustCompile("(?ms)^```text\n(.*?)^```$").FindAllStringSubmatch(page, -1)
	require.Greater(t, len(quotes), 15)
	for _, quote := range quotes {
		for line := range strings.Lines(quote[1]) {
			line = strings.TrimSpace(line)
			assert.Greater(t, len(line), 12, "too short to be found")
			assert.Contains(t, pinned, line)
		}
	}
	codes := regexp.MustCompile(`\[code \w+\]`).FindAllString(page, -1)
	require.Greater(t, len(codes), 10)
	for _, code := range codes {
		assert.Contains(t, pinned, code)
	}
}

// TestTheConfigurationIsComplete: the page has each key of the provider's configuration, and no other.
func TestTheConfigurationIsComplete(t *testing.T) {
	t.Parallel()
	keys := configuration(t)
	require.Greater(t, len(keys), 8)
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)`").FindAllStringSubmatch(
		read(t, "docs/installation-configuration.md"), -1) {
		told = append(told, row[1])
	}
	assert.ElementsMatch(t, keys, told)
}
