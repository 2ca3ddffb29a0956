// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

			s.pulumi(t, "preview")
			note("preview of the first up")
			s.up(t)
			note("up: all is new")
			golden(t, "deployed.txt", normal(c.Dump()))

			s.answers(t, "Hello", 1)
			assert.NotContains(t, s.pulumi(t, "stack", "export"), signingKey)

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
			golden(t, "changed.txt", normal(preview))
			s.up(t)
			note("up: one line of the Worker changed")
			s.answers(t, "Hello again", 3)

			s.pulumi(t, "config", "set", "--secret", "signingKey", "close sesame")
			golden(t, "rotated.txt", normal(s.pulumi(t, "preview", "--diff")))
			note("preview: a secret changed")

			s.destroy(t)
			note("destroy")
			assert.Equal(t, empty, c.Dump(), "something is left")
			golden(t, "calls.txt", normal(bill.String()))
		})
	}
}

// answers asks the Worker at both of its addresses. It must have computed its answer from its variables, its secret,
// what is in KV, and the module that is a text.
func (s *stack) answers(t *testing.T, greeting string, visit int) {
	t.Helper()
	urls, ok := s.outputs(t)["urls"].([]any)
	require.True(t, ok)
	require.Len(t, urls, 2)
	for i, host := range []string{"hello-6cb88db.emulator.workers.dev", "hello.example.com"} {
		address, ok := urls[i].(string)
		require.True(t, ok)
		status, body := s.cloud.get(t, address)
		require.Equal(t, http.StatusOK, status, body)
		message := greeting + " from " + host
		mac := hmac.New(sha256.New, []byte(signingKey))
		mac.Write([]byte(message))
		want, err := json.Marshal(map[string]any{
			"message": message, "visit": visit + i, "signature": hex.EncodeToString(mac.Sum(nil)),
			"about": "An example of pulumi-cloudflare-workers.",
		})
		require.NoError(t, err)
		assert.JSONEq(t, string(want), body)
	}
}

// TestTheExampleWorkerIsSound: its types are right, and it can be built by wrangler as well as by esbuild.
func TestTheExampleWorkerIsSound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := checkout.Lay(t.Context(), dir, "yaml")
	require.NoError(t, err)
	worker := filepath.Join(dir, "examples", "worker")
	checkTypes(t, worker)

	c := newCloud(t, running(t))
	c.wrangler(t, worker, "", "deploy", "--dry-run", "--outdir", "dist")
	assert.Empty(t, c.Calls())
	s := newStack(t, c, filepath.Join(dir, "examples", "yaml"))
	s.pulumi(t, "config", "set", "zoneId", emulator.DefaultZoneID)
	s.pulumi(t, "config", "set", "--secret", "signingKey", signingKey)
	s.up(t)
	s.answers(t, "Hello", 1)
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

// TestExamplesCoverEveryResource: what has no example that runs is not known to work.
// What needs something that an account does not have by itself, or takes the place of the others, has an example of its
// own.
func TestExamplesCoverEveryResource(t *testing.T) {
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
	own := map[string]string{
		"cloudflare-workers:index:SecretsStoreSecret": "secrets-store", "cloudflare-workers:index:WorkerApp": "app",
	}
	for token, example := range own {
		require.Contains(t, schema.Resources, token)
		delete(schema.Resources, token)
		for language, program := range map[string]string{"yaml": "Pulumi.yaml", "typescript": "index.ts"} {
			text, err := os.ReadFile(filepath.Join(root, "examples", example, language, program))
			require.NoError(t, err)
			assert.Contains(t, string(text), token[strings.LastIndex(token, ":")+1:], example)
		}
	}
	for example, program := range map[string]string{
		"yaml": "Pulumi.yaml", "typescript": "index.ts", "python": "__main__.py", "go": "main.go",
		"pipeline-go": "program.go", "pipeline-ts": "program.ts", "java": "src/main/java/hello/App.java",
	} {
		text, err := os.ReadFile(filepath.Join(root, "examples", example, program))
		require.NoError(t, err)
		for token := range schema.Resources {
			assert.Contains(t, string(text), token[strings.LastIndex(token, ":")+1:], example)
		}
	}
}
