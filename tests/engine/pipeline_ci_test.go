// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// pipelines are the examples of one, with the file that has their flags.
var pipelines = map[string]string{"pipeline-go": "main.go", "pipeline-ts": "main.ts"}

// TestTheWorkflowsOfPipelinesAreSound: actionlint accepts GitHub's, whose actions are pinned; GitLab's jobs have what a
// job needs; and the flags that they give are the program's.
func TestTheWorkflowsOfPipelinesAreSound(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	for example, program := range pipelines {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(root, "examples", example)
			text, err := os.ReadFile(filepath.Join(dir, program))
			require.NoError(t, err)
			flags := options(string(text), `(?:"|\b)([a-z-]+)"?(?:: \{ type: |, ("[^"]*"|false|10), ")`)
			require.Contains(t, flags, "promote-from")

			github := filepath.Join(dir, ".github", "workflows", "deploy.yml")
			checkGitHub(t, github, flags)
			checkGitLab(t, filepath.Join(dir, ".gitlab-ci.yml"), flags)
		})
	}
}

func checkGitHub(t *testing.T, path string, flags []string) {
	t.Helper()
	actionlint, err := toolbox.Actionlint()
	require.NoError(t, err)
	// No other linter than itself: which ones there are would depend on the machine.
	said, err := exec.CommandContext(t.Context(), actionlint, "-shellcheck=", "-pyflakes=", path).CombinedOutput()
	require.NoError(t, err, string(said))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	used := regexp.MustCompile(`uses: (\S+)`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, used)
	for _, action := range used {
		assert.Regexp(t, `^[a-z-]+/[a-z-]+@v\d+\.\d+\.\d+$`, action[1], "an action is pinned")
	}
	callsProgram(t, string(text), flags)
}

func checkGitLab(t *testing.T, path string, flags []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, yaml.Unmarshal(text, &file))
	stages, _ := file["stages"].([]any)
	require.NotEmpty(t, stages)
	delete(file, "stages")
	delete(file, "default")
	assert.Equal(t, []string{"preview", "production", "staging"}, slices.Sorted(maps.Keys(file)))
	for name, value := range file {
		job, _ := value.(map[string]any)
		assert.Contains(t, stages, job["stage"], name)
		script, _ := job["script"].([]any)
		assert.NotEmpty(t, script, name)
		for _, line := range script {
			assert.IsType(t, "", line, name)
		}
	}
	callsProgram(t, string(text), flags)
}

// callsProgram asserts that a workflow calls the program for each step, with flags that it has.
func callsProgram(t *testing.T, workflow string, flags []string) {
	t.Helper()
	for _, call := range []string{
		" --stack staging --summary summary", " --stack staging --approve",
		" --stack production --promote-from staging --approve",
	} {
		assert.Contains(t, workflow, call)
	}
	lines := regexp.MustCompile(`(?m)--plugins=.*$`).FindAllString(workflow, -1)
	require.Len(t, lines, 3)
	for _, line := range lines {
		for _, flag := range options(line, `--([a-z-]+)`) {
			assert.Contains(t, flags, flag)
		}
	}
}

// options are what the first group of a pattern matches.
func options(text, pattern string) []string {
	var all []string
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// TestTheSummariesOfPipelinesAgree runs the unit tests of the one in Go. That of the one in TypeScript is held to the
// same events, and to the same summary of them.
func TestTheSummariesOfPipelinesAgree(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	test := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "./summary")
	test.Dir = filepath.Join(root, "examples", "pipeline-go")
	said, err := test.CombinedOutput()
	require.NoError(t, err, string(said))
	for _, name := range []string{"events.json", "summary.json", "summary.md"} {
		var texts []string
		for example := range pipelines {
			text, err := os.ReadFile(filepath.Join(root, "examples", example, "summary", "testdata", name))
			require.NoError(t, err)
			texts = append(texts, string(text))
		}
		assert.Equal(t, texts[0], texts[1], name)
	}
}
