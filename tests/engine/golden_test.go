// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// golden compares text with a reviewed file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equalf(t, string(want), text, "accept it with: go test ./tests/engine -run %s -update", t.Name())
}

// volatile is what differs from one run to the next, in the order in which it is looked for.
var volatile = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"sha256", regexp.MustCompile(`\b[0-9a-f]{64}\b`)},
	{"uuid", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)},
	{"id", regexp.MustCompile(`\b[0-9a-f]{32}\b`)},
	{"time", regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)?`)},
}

// passing is what says nothing: how long it took, and which provider a typed SDK asked for.
var passing = regexp.MustCompile(`(?m)^Duration: .*\n|^ *\[provider=.*\n|\((\d+m)?[\d.]+s\)|[ \t]+$`)

// byVersion are lines that Pulumi sorts by the ids of versions, which are random.
var byVersion = regexp.MustCompile(`(?m)(^ *[~+-] [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}: .*\n){2,}`)

// value is what a line says of a version.
func value(line string) string {
	_, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
	return value
}

// step is what a preview with --diff says of one resource, and named its URN.
var (
	step  = regexp.MustCompile(`(?m)^ {4}[~+-]\S* ?\S+: \(\w+\)\n(?: {6,}.*\n)+`)
	named = regexp.MustCompile(`\[urn=(\S+)\]`)
)

// inTurn is a preview with its steps sorted by URN: they come in the order in which the engine got to them.
func inTurn(preview string) string {
	steps := step.FindAllString(preview, -1)
	slices.SortStableFunc(steps, func(a, b string) int {
		return slices.Compare(named.FindStringSubmatch(a), named.FindStringSubmatch(b))
	})
	return step.ReplaceAllStringFunc(preview, func(string) string {
		first := steps[0]
		steps = steps[1:]
		return first
	})
}

// farewell is what the language host of Java may say when the engine ends it, sooner than it expects.
var farewell = regexp.MustCompile(`(?m)^E\d{4} \S+ +\d+ main\.go:\d+\] unable to start debugging: .*\n\n?`)

// normal replaces what is volatile by its kind and a number: the same number for the same thing, so that it still
// shows what is the same.
func normal(text string) string {
	text = passing.ReplaceAllString(text, "")
	text = farewell.ReplaceAllString(text, "")
	text = byVersion.ReplaceAllStringFunc(text, func(run string) string {
		lines := slices.Collect(strings.Lines(run))
		slices.SortFunc(lines, func(a, b string) int { return strings.Compare(value(a), value(b)) })
		return strings.Join(lines, "")
	})
	text = strings.ReplaceAll(text, emulator.DefaultAccountID, "<account>")
	text = strings.ReplaceAll(text, emulator.DefaultZoneID, "<zone>")
	for _, v := range volatile {
		seen := map[string]string{}
		text = v.pattern.ReplaceAllStringFunc(text, func(found string) string {
			if seen[found] == "" {
				seen[found] = fmt.Sprintf("<%s %d>", v.kind, len(seen)+1)
			}
			return seen[found]
		})
	}
	return text
}

// note is a version's note of its bundle. One that a change of secrets alone has made has none.
var note = regexp.MustCompile(` message "r2://[^"]*"`)

// unnoted is a dump without the notes.
func unnoted(dump string) string { return note.ReplaceAllString(dump, ` message ""`) }

// sorted are calls in an order that does not depend on which of several at once came first.
func sorted(t *testing.T, calls []string) string {
	t.Helper()
	slices.Sort(calls)
	var lines strings.Builder
	for _, call := range calls {
		plain, err := url.PathUnescape(call)
		require.NoError(t, err)
		lines.WriteString(plain + "\n")
	}
	return lines.String()
}
