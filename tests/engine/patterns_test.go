// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// A proof asserts that a Worker does what it is for.
type proof func(t *testing.T, s *site)

// patterns are the examples of what Workers are used for, each with a function that makes in the cloud what its program
// does not, and returns the configuration of its stack and what proves that it works.
var patterns = map[string]func(t *testing.T, c *cloud) (config map[string]string, works proof){
	"bindings": bindingsPattern, "chat": chatPattern, "email": emailPattern, "files": filesPattern,
	"gateway": gatewayPattern, "notes": notesPattern, "python": pythonPattern, "router": routerPattern,
	"webhook": webhookPattern,
}

// TestAPatternLives takes each pattern from its first deployment to nothing.
func TestAPatternLives(t *testing.T) {
	t.Parallel()
	for name, pattern := range patterns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, clock := ticking(t)
			c := newCloud(t, server)
			config, works := pattern(t, c)
			empty := c.Dump()
			dir, err := checkout.Lay(t.Context(), t.TempDir(), "patterns/"+name)
			require.NoError(t, err)
			s := newStack(t, c, dir)
			if len(config) > 0 {
				set := []string{"config", "set-all"}
				for key, value := range config {
					set = append(set, "--secret", key+"="+value)
				}
				s.pulumi(t, set...)
			}
			s.up(t)
			works(t, s.site(t, clock))
			s.unchanged(t)
			s.refresh(t, "--expect-no-changes")
			s.destroy(t)
			assert.Equal(t, empty, c.Dump(), "something is left")
		})
	}
}

// TestExamplesOfSeveralWorkersAreSound: the types of Workers and programs are right, and each pattern is tested.
func TestExamplesOfSeveralWorkersAreSound(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	program, err := checkout.Lay(t.Context(), t.TempDir(), "url-shortener/typescript")
	require.NoError(t, err)
	checkTypes(t, program)
	checkTypes(t, filepath.Join(root, "examples", "url-shortener", "worker"))
	checkTypes(t, filepath.Join(root, "examples", "patterns"))
	programs, err := filepath.Glob(filepath.Join(root, "examples", "patterns", "*", "Pulumi.yaml"))
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "examples", "patterns", "README.md"))
	require.NoError(t, err)
	var found []string
	for _, program := range programs {
		name := filepath.Base(filepath.Dir(program))
		found = append(found, name)
		assert.Contains(t, string(readme), "[`"+name+"/`]("+name+")")
	}
	assert.Equal(t, slices.Sorted(maps.Keys(patterns)), found)
}
