// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

const signingKey = "open sesame"

// TestAnExampleLives takes the same stack in each language from its first preview to nothing. What it deploys and what
// each operation costs in requests is the same in all of them, and reviewed.
func TestAnExampleLives(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"yaml", "typescript", "python", "go", "java"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, running(t))
			empty := c.Dump()
			scratch := t.TempDir()
			dir, err := checkout.Lay(t.Context(), scratch, language)
			require.NoError(t, err)
			s := newStack(t, c, dir, "PYTHONPATH="+checkout.PythonPath())
			s.pulumi(t, "config", "set", "zoneId", emulator.DefaultZoneID)
			s.pulumi(t, "config", "set", "--secret", "signingKey", signingKey)
			var bill strings.Builder // what each operation costs
			note := func(operation string) { bill.WriteString("# " + operation + "\n" + sorted(t, c.Calls()) + "\n") }

			if language == "python" { // with a snippet, since no other program in Python meets the engine
				s.showsASnippet(t)
			} else {
				s.pulumi(t, "preview")
			}
			note("preview of the first up")
			s.up(t)
			note("up: all is new")
			golden(t, "deployed.txt", normal(c.Dump()))
			state := s.pulumi(t, "stack", "export")
			assert.NotContains(t, state, signingKey)
			golden(t, "state.txt", normal(recorded(t, state)))
			s.answers(t, "Hello", 1)

			s.pulumi(t, "preview", "--expect-no-changes")
			note("preview: nothing changed")
			s.up(t, "--expect-no-changes")
			note("up: nothing changed")
			s.refresh(t, "--expect-no-changes")
			note("refresh: nothing changed")

			worker := filepath.Join(scratch, "examples", "worker")
			source := filepath.Join(worker, "src", "index.ts")
			require.NoError(t, sandbox.Replace(source, "GREETING} from", "GREETING} again from"))
			require.NoError(t, sandbox.BuildWorker(t.Context(), worker))
			c.Calls()
			preview := s.pulumi(t, "preview", "--diff")
			note("preview: one line of the Worker changed")
			golden(t, "changed.txt", normal(inTurn(preview)))
			s.up(t)
			note("up: one line of the Worker changed")
			s.answers(t, "Hello again", 3)

			s.pulumi(t, "config", "set", "--secret", "signingKey", "close sesame")
			golden(t, "rotated.txt", normal(inTurn(s.pulumi(t, "preview", "--diff"))))
			note("preview: a secret changed")

			s.destroy(t)
			note("destroy")
			assert.Equal(t, empty, c.Dump(), "something is left")
			golden(t, "calls.txt", normal(bill.String()))
		})
	}
}

// showsASnippet previews a program in Python with the snippet that takes a Worker from wrangler's configuration.
func (s *stack) showsASnippet(t *testing.T) {
	t.Helper()
	s.file(t, "wrangler.jsonc", wranglerFile)
	s.file(t, "dist/index.js", script)
	path := filepath.Join(s.dir, "__main__.py")
	program, err := os.ReadFile(path)
	require.NoError(t, err)
	s.file(t, "__main__.py", string(program)+"\nimport snippets\npulumi.export(\"web\", snippets.from_wrangler())\n")
	preview := s.pulumi(t, "preview", "--diff")
	_, web, found := strings.Cut(preview, "::web]")
	require.True(t, found)
	assert.Contains(t, web, `"api-production"`)
	assert.Contains(t, web, `LOG_LEVEL: "info"`)
	assert.Contains(t, web, `id: "0123456789abcdef0123456789abcdef"`)
	s.file(t, "__main__.py", string(program))
}

// recorded is what a stack's state says of each resource, in whatever language its program is written: its name and
// those of its parents, what it depends on, its inputs and its outputs.
func recorded(t *testing.T, state string) string {
	t.Helper()
	var exported struct{ Deployment apitype.DeploymentV3 }
	require.NoError(t, json.Unmarshal([]byte(state), &exported))
	var lines []string
	for _, r := range exported.Deployment.Resources {
		if strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			continue
		}
		said, err := json.MarshalIndent(map[string]any{"inputs": r.Inputs, "outputs": r.Outputs}, "  ", " ")
		require.NoError(t, err)
		on := urns(r.Dependencies)
		slices.Sort(on)
		lines = append(lines, fmt.Sprintf("%s\n  parent %s\n  depends on %s\n  %s\n", r.URN, r.Parent, on, said))
	}
	slices.Sort(lines)
	return fleeting.ReplaceAllString(strings.Join(lines, ""), `"<$1$2>"`)
}

// fleeting are times and encrypted values, which say nothing by being the same.
var fleeting = regexp.MustCompile(`"(?:(v1):[^"]*|(20)\d\d-\d\d-\d\dT[^"]*)"`)

// answers asks the Workers at their addresses: the one that has two, which counts its visitors from visit, and the app.
// Each must have computed its answer from its variables, its secret, what is in its KV namespace, and the module that
// is a text.
func (s *stack) answers(t *testing.T, greeting string, visit int) {
	t.Helper()
	outputs := s.outputs(t)
	urls, ok := outputs["urls"].([]any)
	require.True(t, ok)
	require.Len(t, urls, 2)
	assert.Equal(t, "trial-news-15a9458", outputs["trialQueue"])
	for _, w := range []struct {
		url            any
		greeting, host string
		visit          int
	}{
		{urls[0], greeting, "hello-6cb88db.emulator.workers.dev", visit},
		{urls[1], greeting, "hello.example.com", visit + 1},
		{outputs["trialUrl"], strings.Replace(greeting, "Hello", "Try", 1), "hello-trial.emulator.workers.dev", visit/2 + 1},
	} {
		address, ok := w.url.(string)
		require.True(t, ok)
		status, body := s.cloud.get(t, address)
		require.Equal(t, http.StatusOK, status, body)
		message := w.greeting + " from " + w.host
		mac := hmac.New(sha256.New, []byte(signingKey))
		mac.Write([]byte(message))
		want, err := json.Marshal(map[string]any{
			"message": message, "visit": w.visit, "signature": hex.EncodeToString(mac.Sum(nil)),
			"about": "An example of pulumi-cloudflare-workers.",
		})
		require.NoError(t, err)
		assert.JSONEq(t, string(want), body)
	}
}

// TestTheExampleWorkerIsSound: its types are right, and it can be built by wrangler, which the project has, as well as
// by esbuild.
func TestTheExampleWorkerIsSound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := checkout.Lay(t.Context(), dir, "yaml")
	require.NoError(t, err)
	worker := filepath.Join(dir, "examples", "worker")
	checkTypes(t, worker)

	node, err := toolbox.Node()
	require.NoError(t, err)
	compiled, err := toolbox.CompileCache()
	require.NoError(t, err)
	s := newStack(t, newCloud(t, running(t)), filepath.Join(dir, "examples", "yaml"), compiled,
		"WRANGLER_SEND_METRICS=false", "CI=1", "HOME="+filepath.Join(t.TempDir(), "home"),
		"PATH="+filepath.Dir(node)+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.edit(t, "Pulumi.yaml", "prefix: hello\n      path: ../worker/dist",
		"path: ../worker/by-wrangler\n      build: { directory: ../worker }")
	s.pulumi(t, "config", "set", "zoneId", emulator.DefaultZoneID)
	s.pulumi(t, "config", "set", "--secret", "signingKey", signingKey)
	s.up(t)
	s.answers(t, "Hello", 1)
	assert.FileExists(t, filepath.Join(worker, "by-wrangler", "README.md"), "wrangler leaves it")
}

// checkTypes runs TypeScript's compiler on the example in dir. What it imports is checked with the guides, once.
func checkTypes(t *testing.T, dir string) {
	t.Helper()
	node, err := toolbox.Node()
	require.NoError(t, err)
	modules, err := toolbox.NodeModules()
	require.NoError(t, err)
	tsc := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript", "bin", "tsc"), "--skipLibCheck")
	tsc.Dir = dir
	said, err := tsc.CombinedOutput()
	require.NoError(t, err, string(said))
}

// TestExamplesCoverEveryToken: what has no example that runs is not known to work.
// What needs something that an account does not have by itself, or takes the place of the others, has an example of its
// own.
func TestExamplesCoverEveryToken(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	var schema struct {
		Resources, Functions map[string]any
	}
	raw, err := os.ReadFile(filepath.Join(root, "schema.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &schema))
	require.NotEmpty(t, schema.Resources)
	const own, app = "cloudflare-workers:index:SecretsStoreSecret", "cloudflare-workers:index:WorkerApp"
	require.Contains(t, schema.Resources, own)
	require.Contains(t, schema.Resources, app)
	delete(schema.Resources, own)
	for language, program := range map[string]string{"yaml": "Pulumi.yaml", "typescript": "index.ts"} {
		text, err := os.ReadFile(filepath.Join(root, "examples", "secrets-store", language, program))
		require.NoError(t, err)
		assert.Contains(t, string(text), "SecretsStoreSecret", language)
	}
	for example, program := range map[string]string{
		"yaml": "Pulumi.yaml", "typescript": "index.ts", "python": "__main__.py", "go": "main.go",
		"pipeline-go": "program.go", "pipeline-ts": "program.ts", "java": "src/main/java/hello/App.java",
	} {
		text, err := os.ReadFile(filepath.Join(root, "examples", example, program))
		require.NoError(t, err)
		for token := range schema.Resources {
			if token == app && strings.HasPrefix(example, "pipeline-") { // which has its parts
				continue
			}
			assert.Contains(t, string(text), token[strings.LastIndex(token, ":")+1:], example)
		}
	}
	var asking strings.Builder
	for _, program := range []string{"functions/Pulumi.yaml", "yaml/snippets.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "examples", filepath.FromSlash(program)))
		require.NoError(t, err)
		asking.Write(text)
	}
	for token := range schema.Functions {
		assert.Contains(t, asking.String(), token[strings.LastIndex(token, ":")+1:])
	}
}
