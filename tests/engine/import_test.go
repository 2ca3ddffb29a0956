// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"net/http"
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
	const theirScript = `export default { async fetch() { return new Response("theirs") } }`
	s.file(t, "theirs/index.js", theirScript)
	program, settings := adopting(t, c)
	s.file(t, "theirs/wrangler.json", settings)
	c.wrangler(t, s.dir, "", "deploy", "theirs/index.js", "--config", "theirs/wrangler.json", "--no-bundle")
	theirs := worker(c.Dump())

	said := s.refused(t, "up", "--yes", "--skip-preview")
	assert.Regexp(t, `the name is taken in account \w+: deployed by \S+ through wrangler on 20\d\d-`, said)
	assert.Contains(t, said, "hint: pulumi import cloudflare-workers:index:CloudflareWorker <name> "+
		emulator.DefaultAccountID+"/api")
	assert.Contains(t, said, "hint: adopt: true takes it over")
	assert.Equal(t, theirs, worker(c.Dump()))
	assert.NotContains(t, s.resources(t), "api")
	newProgram(t, c, program).movesIn(t, theirScript)

	s.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api\n      adopt: true")
	s.up(t)
	assert.NotEqual(t, theirs, worker(c.Dump()))
	s.unchanged(t)
	s.destroy(t)
	assert.NotContains(t, c.Dump(), "worker api")
}

// adopting is the program of the page about Cloudflare's provider, and the Worker that it is about in the words of
// wrangler, which somebody else deploys.
func adopting(t *testing.T, c *cloud) (program, settings string) {
	t.Helper()
	made := c.call(t, http.MethodPost, "/storage/kv/namespaces", `{"title": "theirs"}`)
	var namespace struct{ Result struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(made.body), &namespace))
	for _, snippet := range snippets(t) {
		if strings.Contains(snippet, "# docs:begin adopt\n") {
			program = strings.Replace(snippet, "0123456789abcdef0123456789abcdef", namespace.Result.ID, 1)
		}
	}
	require.Contains(t, program, namespace.Result.ID)
	return program, `{
		"name": "api", "main": "index.js", "compatibility_date": "2026-11-01", "workers_dev": false,
		"kv_namespaces": [{ "binding": "CACHE", "id": "` + namespace.Result.ID + `" }],
		"routes": [{ "pattern": "api.example.com/*", "zone_name": "example.com" }]
	}`
}

// movesIn does what the page says: it stores the code, imports the Worker, looks, deploys, and goes back.
func (s *stack) movesIn(t *testing.T, script string) {
	t.Helper()
	c := s.cloud
	c.call(t, http.MethodPut, "/workers/scripts/api/secrets",
		`{"name": "THEIR_KEY", "text": "their secret", "type": "secret_text"}`)
	before := worker(c.Dump())
	c.call(t, http.MethodPost, "/r2/buckets", `{"name": "bundles"}`)
	c.call(t, http.MethodPut, "/r2/buckets/bundles/objects/api/index.js", script)
	s.adopt(t, "cloudflare-workers:index:CloudflareWorker", "api", emulator.DefaultAccountID+"/api")
	preview := s.pulumi(t, "preview", "--diff")
	_, changes, found := strings.Cut(preview, "CloudflareWorker::api]\n")
	require.True(t, found, preview)
	assert.Regexp(t, `^ +~ bundle: \{\n( +~ \w+ *: ".*\n){3} +\}\nResources:\n +~ 1 to update`, changes,
		"and nothing else")
	assert.Equal(t, before, worker(c.Dump()), "nothing has been written")
	s.up(t)
	s.pulumi(t, "preview", "--expect-no-changes")
	assert.Equal(t, []any{"THEIR_KEY"}, s.resources(t)["api"].Outputs["unmanagedSecretNames"], "it stays")
	assert.Contains(t, c.Dump(), `route api.example.com/* -> "api"`)
	s.pulumi(t, "state", "delete", s.resources(t)["api"].URN)
	assert.Contains(t, worker(c.Dump()), "worker api")
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
