// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestAnImportMatchesTheProgram: what one stack made, another takes over with the program unchanged, and then there is
// nothing to do. It imports by the ids that the documentation names.
func TestAnImportMatchesTheProgram(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	first := deployed(t, c)
	want := c.Dump()
	made := first.resources(t)

	second := newProgram(t, c, api)
	second.file(t, "dist/index.js", script)
	account := emulator.DefaultAccountID + "/"
	for _, r := range [][2]string{
		{"artifacts", account + "artifacts"},
		{"bundle", made["bundle"].ID},
		{"cache", account + made["cache"].ID},
		{"api", account + "api"},
	} {
		second.adopt(t, made[r[0]].Type, r[0], r[1])
	}
	have := second.resources(t)
	assert.Equal(t, "artifacts", have["artifacts"].ID)
	for name, r := range made {
		assert.Equal(t, r.ID, have[name].ID, name)
	}

	c.Calls()
	preview := second.pulumi(t, "preview", "--diff")
	golden(t, "imported.txt", normal(preview))
	assert.Empty(t, c.Calls())
	second.up(t)
	assert.Equal(t, unnoted(want), unnoted(c.Dump()), "the first up after an import changed something")
	second.unchanged(t)
	second.refresh(t, "--expect-no-changes")
}

// TestATakenNameIsRefused: a Worker that somebody else deployed is not overwritten unless the program says so.
func TestATakenNameIsRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, api)
	s.file(t, "dist/index.js", script)
	s.file(t, "theirs/index.js", `export default { async fetch() { return new Response("theirs") } }`)
	c.wrangler(t, s.dir, "", "deploy", "theirs/index.js", "--name", "api", "--compatibility-date", "2026-01-01")
	theirs := worker(c.Dump())

	said := s.refused(t, "up", "--yes", "--skip-preview")
	assert.Regexp(t, `the name is taken in account \w+: deployed by \S+ through wrangler on 20\d\d-`, said)
	assert.Contains(t, said, "hint: pulumi import cloudflare-workers:index:CloudflareWorker <name> "+
		emulator.DefaultAccountID+"/api")
	assert.Contains(t, said, "hint: adopt: true takes it over")
	assert.Equal(t, theirs, worker(c.Dump()))
	assert.NotContains(t, s.resources(t), "api")

	s.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api\n      adopt: true")
	s.up(t)
	assert.NotEqual(t, theirs, worker(c.Dump()))
	s.unchanged(t)
	s.destroy(t)
	assert.NotContains(t, c.Dump(), "worker api")
}

// worker is the part of a dump that speaks of Workers.
func worker(dump string) string {
	for _, next := range []string{"\n  kv ", "\n  bucket ", "\nzone "} {
		dump, _, _ = strings.Cut(dump, next)
	}
	return dump
}

// TestAnImportOfNothingIsRefused: an id that was mistyped must not become a resource.
func TestAnImportOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, api)
	said := s.refused(t, "import", "cloudflare-workers:index:CloudflareWorker", "api", emulator.DefaultAccountID+"/nobody",
		"--yes", "--skip-preview")
	assert.Contains(t, said, "does not exist")
	require.NotContains(t, s.resources(t), "api")
}
