// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestSecretsAreNowhereInPlainText looks for a secret's value, and the API token's, in all that Pulumi writes.
func TestSecretsAreNowhereInPlainText(t *testing.T) {
	t.Parallel()
	const token = "a-token-that-is-not-guessed"
	c := newCloud(t, &emulator.Server{Token: token})
	program := strings.Replace(api, `{ "fn::secret": open sesame }`, `"${key}"`, 1)
	s := newProgram(t, c, "config: { key: { type: string, secret: true } }"+program)
	s.Setenv("CLOUDFLARE_API_TOKEN="+token, "PULUMI_DEBUG_COMMANDS=true") // which has --event-log
	s.file(t, "dist/index.js", script)
	s.pulumi(t, "config", "set", "--secret", "key", "open sesame")
	first := s.log(t, "up", "--yes")
	s.edit(t, "dist/index.js", "one", "two")
	second := s.log(t, "up", "--yes")
	s.pulumi(t, "config", "set", "--secret", "key", "close sesame")
	third := s.log(t, "up", "--yes")
	refresh := s.log(t, "refresh", "--yes")

	for where, text := range map[string]string{
		"state": s.pulumi(t, "stack", "export"), "first up": first, "up with other code": second,
		"up with another secret": third, "refresh": refresh, "files": everything(t, filepath.Dir(s.Home())),
		"history": s.pulumi(t, "stack", "history", "--json"),
	} {
		assert.NotContains(t, text, "open sesame", where)
		assert.NotContains(t, text, "close sesame", where)
		assert.NotContains(t, text, token, where)
	}
	shown := s.pulumi(t, "stack", "export", "--show-secrets")
	assert.NotContains(t, shown, token, "a token of the environment stays there")
	// What everybody may see is there: the search is not blind.
	assert.Contains(t, everything(t, filepath.Dir(s.Home())), "LIMITS")
	s.destroy(t)
}

// log runs a command with everything that it can tell: the provider's output, the event log.
func (s *stack) log(t *testing.T, args ...string) string {
	t.Helper()
	events := filepath.Join(t.TempDir(), "events.json")
	said := s.pulumi(t, append(args, "--diff", "--logflow", "--logtostderr", "--verbose=3", "--event-log", events)...)
	recorded, err := os.ReadFile(events)
	require.NoError(t, err)
	require.Contains(t, string(recorded), "CloudflareWorker")
	return said + string(recorded)
}

// everything is the content of all files below dir.
func everything(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	}))
	return all.String()
}
