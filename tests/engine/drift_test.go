// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestRefreshNamesWhatWasDoneElsewhere: what somebody does with wrangler shows in a refresh by its name, and the next
// up repairs it.
func TestRefreshNamesWhatWasDoneElsewhere(t *testing.T) {
	t.Parallel()
	// Each is given the version that was deployed first, and the one that is deployed.
	for name, act := range map[string]func(t *testing.T, s *stack, first, second string){
		"secret replaced": func(t *testing.T, s *stack, _, _ string) {
			s.cloud.wrangler(t, s.dir, "stolen", "secret", "put", "KEY", "--name", "api")
		},
		"secret deleted": func(t *testing.T, s *stack, _, _ string) {
			s.cloud.wrangler(t, s.dir, "y\n", "secret", "delete", "KEY", "--name", "api")
		},
		"other code deployed": func(t *testing.T, s *stack, _, _ string) {
			s.file(t, "other/index.js", `export default { async fetch() { return new Response("other") } }`)
			s.cloud.wrangler(t, s.dir, "", "deploy", "other/index.js", "--name", "api",
				"--compatibility-date", "2026-11-02", "--var", "LEVEL:trace")
		},
		"rolled back": func(t *testing.T, s *stack, first, _ string) {
			s.cloud.wrangler(t, s.dir, "", "versions", "deploy", first+"@100%", "--name", "api", "--yes")
		},
		"traffic split": func(t *testing.T, s *stack, first, second string) {
			s.cloud.wrangler(t, s.dir, "", "versions", "deploy", first+"@90%", second+"@10%", "--name", "api", "--yes")
		},
		"namespace renamed": func(t *testing.T, s *stack, _, _ string) {
			id := s.resources(t)["cache"].ID
			s.cloud.wrangler(t, s.dir, "", "kv", "namespace", "rename", "--namespace-id", id, "--new-name", "cash")
		},
		"worker deleted": func(t *testing.T, s *stack, _, _ string) {
			s.cloud.wrangler(t, s.dir, "", "delete", "--name", "api", "--force")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, &emulator.Server{})
			s := deployed(t, c)
			first := s.version(t)
			s.edit(t, "dist/index.js", "one", "two")
			s.up(t)
			want := c.Dump()

			act(t, s, first, s.version(t))
			require.NotEqual(t, want, c.Dump())
			golden(t, "refresh/"+name+".txt", normal(s.pulumi(t, "refresh", "--preview-only", "--diff")))
			s.refresh(t)
			golden(t, "repair/"+name+".txt", normal(s.pulumi(t, "preview", "--diff")))
			s.up(t)
			assert.Equal(t, unnoted(want), unnoted(c.Dump()), "it is not repaired")
			s.unchanged(t)
			s.refresh(t, "--expect-no-changes")
		})
	}
}

// version is the id of the version that the program deployed.
func (s *stack) version(t *testing.T) string {
	t.Helper()
	id, ok := s.outputs(t)["version"].(string)
	require.True(t, ok)
	return id
}
