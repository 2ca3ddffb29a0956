// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const published = "      workersDev: { enabled: true }\n"

// also adds to what the program says of the Worker.
func (s *stack) also(t *testing.T, text string) {
	t.Helper()
	s.edit(t, "Pulumi.yaml", published, published+text)
}

// previewed is what each form of a preview says of secrets, or why there is none.
func (s *stack) previewed(t *testing.T) string {
	t.Helper()
	differs, err := s.Pulumi(t.Context(), "preview", "--diff")
	text := "# preview --diff\n" + differs
	if err != nil {
		return text
	}
	text += "\n# preview\n" + settled(s.pulumi(t, "preview"))
	var preview struct {
		Steps []struct {
			Op, URN            string
			OldState, NewState struct{ Inputs map[string]any }
			DetailedDiff       map[string]any
		}
	}
	require.NoError(t, s.JSON(t.Context(), &preview, "preview", "--json"))
	var steps strings.Builder
	for _, step := range preview.Steps {
		if strings.HasSuffix(step.URN, "CloudflareWorker::api") {
			shown, err := json.MarshalIndent(map[string]any{
				"op": step.Op, "detailedDiff": step.DetailedDiff,
				"old": step.OldState.Inputs["secrets"], "new": step.NewState.Inputs["secrets"],
			}, "", "  ")
			require.NoError(t, err)
			steps.WriteString(string(shown) + "\n")
		}
	}
	return text + "\n# preview --json: what it says of the Worker's secrets\n" + steps.String()
}

// settled is what a command said, without the lines whose number and order depend on how fast it was.
func settled(said string) string {
	var lines strings.Builder
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(strings.TrimSpace(line), "@ ") && !strings.HasSuffix(strings.TrimSpace(line), "running") &&
			!strings.Contains(line, "pulumi:pulumi:Stack test-dev  ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// TestPreviewsNameSecrets keeps what a reviewer reads about secrets: each by its name, none by its value.
func TestPreviewsNameSecrets(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		act     func(t *testing.T, s *stack)
		refused bool // so that up says the same, and changes nothing
	}{
		"added": {act: func(t *testing.T, s *stack) {
			s.edit(t, "Pulumi.yaml", "        OLD:", "        NEW: new one\n        OLD:")
		}},
		"changed": {act: func(t *testing.T, s *stack) { s.edit(t, "Pulumi.yaml", "key one", "key two") }},
		"removed": {act: func(t *testing.T, s *stack) {
			s.edit(t, "Pulumi.yaml", "        OLD: \"old one\"\n", "")
		}},
		"three at once": {act: func(t *testing.T, s *stack) {
			s.edit(t, "Pulumi.yaml", "        OLD: \"old one\"", "        NEW: new one")
			s.edit(t, "Pulumi.yaml", "key one", "key two")
		}},
		"and code": {act: func(t *testing.T, s *stack) {
			s.edit(t, "Pulumi.yaml", "key one", "key two")
			s.edit(t, "dist/index.js", "const path", "/* two */ const path")
		}},
		"behind a reference": {act: func(t *testing.T, s *stack) {
			s.file(t, "key.txt", "key one\n")
			s.edit(t, "Pulumi.yaml", `"key one"`, `"file:./key.txt"`)
			s.unchanged(t) // it is the same value
			s.file(t, "key.txt", "key two\n")
		}},
		"of others kept": {act: func(t *testing.T, s *stack) {
			s.cloud.wrangler(t, s.dir, "theirs", "secret", "put", "THEIRS", "--name", "api")
			s.refresh(t)
		}},
		"of others removed": {act: func(t *testing.T, s *stack) {
			s.also(t, "      unmanagedSecrets: remove\n")
			s.up(t)
			s.cloud.wrangler(t, s.dir, "theirs", "secret", "put", "THEIRS", "--name", "api")
			s.refresh(t)
		}},
		"of others refused": {act: func(t *testing.T, s *stack) {
			s.also(t, "      unmanagedSecrets: error\n")
			s.up(t)
			s.cloud.wrangler(t, s.dir, "theirs", "secret", "put", "THEIRS", "--name", "api")
			s.refresh(t)
		}, refused: true},
		"ignored, and changed elsewhere": {act: func(t *testing.T, s *stack) {
			s.also(t, "    options: { ignoreChanges: [secrets] }\n")
			s.cloud.wrangler(t, s.dir, "stolen", "secret", "put", "KEY", "--name", "api")
			s.refresh(t)
		}},
		"ignored in a replacement": {act: func(t *testing.T, s *stack) {
			s.also(t, "    options: { ignoreChanges: [secrets] }\n")
			s.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api2")
		}}, // what is ignored is so in updates only: the new Worker gets the program's values
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, &emulator.Server{})
			s := newProgram(t, c, signing)
			s.file(t, "dist/index.js", signer)
			s.up(t)
			change.act(t, s)
			before := c.Dump()
			c.Calls()
			text := s.previewed(t)
			require.Empty(t, c.Calls(), "a preview makes no request")
			for _, value := range []string{"key one", "key two", "old one", "new one", "theirs", "sealed:1:"} {
				assert.NotContains(t, text, value)
			}
			golden(t, "secret preview/"+name+".txt", normal(text))
			if change.refused {
				s.refused(t, "up", "--yes", "--skip-preview")
				assert.Equal(t, before, c.Dump(), "something was deployed, or deleted")
				return
			}
			s.up(t)
			s.unchanged(t)
		})
	}
}

// TestRequiredSecretsStopADeployment: without secrets that others have to set nothing is deployed; once they are
// there, it is, and they stay.
func TestRequiredSecretsStopADeployment(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, signing)
	s.file(t, "dist/index.js", signer)
	s.up(t)
	before := c.Dump()
	s.also(t, "      requiredSecrets: [PARTNER, TEAM]\n")
	s.edit(t, "Pulumi.yaml", "key one", "key two")
	said := s.refused(t, "up", "--yes", "--skip-preview")
	assert.Contains(t, said, `requiredSecrets: Worker "api" does not have PARTNER, TEAM; nothing was deployed`)
	assert.Contains(t, said, "hint: set them with wrangler secret put or in the dashboard, or in the program's secrets")
	assert.Equal(t, before, c.Dump())

	s.file(t, "theirs.json", `{"PARTNER":"p","TEAM":"t"}`)
	c.wrangler(t, s.dir, "", "secret", "bulk", "theirs.json", "--name", "api")
	s.up(t)
	assert.Contains(t, c.Dump(), `"name":"TEAM"`)
	s.unchanged(t)
}

// TestOneSecretCanBeIgnored: what a path of ignoreChanges names stays as it is, and the others change.
func TestOneSecretCanBeIgnored(t *testing.T) {
	t.Parallel()
	s := signed(t)
	s.also(t, "    options: { ignoreChanges: [secrets.KEY] }\n")
	s.edit(t, "Pulumi.yaml", "key one", "key two")
	s.unchanged(t)
	s.edit(t, "Pulumi.yaml", "old one", "old two")
	preview := s.pulumi(t, "preview", "--diff")
	assert.Contains(t, preview, "~ OLD: [secret]")
	assert.NotContains(t, preview, "~ KEY:")
	s.up(t)
	s.signs(t, "", "ours", map[string]string{"KEY": "key one", "OLD": "old two"})
	s.unchanged(t)
}
