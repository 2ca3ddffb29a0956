// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// A pipeline is an example that drives the engine itself, and what it is run with.
type pipeline struct {
	cloud   *cloud
	command []string
	dir     string // its directory
	worker  string // the Worker's
	env     []string
}

// newPipeline lays out the example of that name. The command to run it may be made of its directory.
func newPipeline(t *testing.T, name string, command func(dir string) []string) *pipeline {
	t.Helper()
	c := newCloud(t, running(t))
	dir, err := checkout.Lay(t.Context(), t.TempDir(), name)
	require.NoError(t, err)
	env, err := toolbox.Environ()
	require.NoError(t, err)
	state := t.TempDir()
	env = append(append(env, sandbox.Variables(state)...), c.variables()...)
	env = append(env, "CLOUDFLARE_WORKERS_CACHE_DIR="+filepath.Join(state, "cache"), "SIGNING_KEY="+signingKey,
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK=true")
	return &pipeline{
		cloud: c, command: command(dir), dir: dir, worker: filepath.Join(dir, "..", "worker"), env: env,
	}
}

// run runs the pipeline. It returns what it said, and asserts its exit status.
func (p *pipeline) run(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	args = append(append(p.command[1:len(p.command):len(p.command)], "--via="+p.cloud.front.URL, "--tries=1"), args...)
	cmd := exec.CommandContext(t.Context(), p.command[0], args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	err := cmd.Run()
	require.NotNil(t, cmd.ProcessState, "%v", err)
	require.Equal(t, status, cmd.ProcessState.ExitCode(), "%s\n%s", &out, &progress)
	return out.String(), progress.String()
}

// edit changes the Worker's source, and builds it.
func (p *pipeline) edit(t *testing.T, old, with string) {
	t.Helper()
	require.NoError(t, sandbox.Replace(filepath.Join(p.worker, "src", "index.ts"), old, with))
	require.NoError(t, sandbox.BuildWorker(t.Context(), p.worker))
}

// TestAPipelineLives takes the pipeline in each language through what a team's CI does. Both tell the same of it.
func TestAPipelineLives(t *testing.T) {
	t.Parallel()
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		p := newPipeline(t, "pipeline-go", func(string) []string { return []string{checkout.GoProgram("pipeline-go")} })
		p.lives(t, p.recovers)
	})
	t.Run("typescript", func(t *testing.T) {
		t.Parallel()
		node, err := toolbox.Node()
		require.NoError(t, err)
		p := newPipeline(t, "pipeline-ts", func(dir string) []string {
			checkTypes(t, dir) // which compiles it
			test := exec.CommandContext(t.Context(), node, "--test", filepath.Join("dist", "summary", "summary.test.js"))
			test.Dir = dir
			said, err := test.CombinedOutput()
			require.NoError(t, err, string(said))
			return []string{node, filepath.Join(dir, "dist", "main.js")}
		})
		p.lives(t, func(*testing.T, string) {})
	})
}

// staging and production are flags.
func staging(args ...string) []string { return append([]string{"--stack=staging"}, args...) }

func production(args ...string) []string {
	return append([]string{"--stack=production", "--promote-from=staging"}, args...)
}

// lives takes the pipeline from nothing to nothing. What follows the rollback is told staging's address.
func (p *pipeline) lives(t *testing.T, after func(t *testing.T, tested string)) {
	t.Helper()
	c := p.cloud
	empty := c.Dump()

	t.Log("nothing is deployed that nobody approved")
	first, _ := p.summarizes(t, 2, staging()...)
	assert.Equal(t, empty, c.Dump())
	assert.Len(t, first.Changes, 6)

	t.Log("staging, then the same digest in production")
	said, progress := p.run(t, 0, staging("--approve")...)
	assert.Contains(t, progress, "create CloudflareWorker hello\n")
	tested := served(t, said)
	p.says(t, tested, "Hello from staging:")
	next, said := p.summarizes(t, 0, production("--approve")...)
	assert.Equal(t, first.Bundles, next.Bundles)
	live := served(t, said)
	p.says(t, live, "Hello from production:")
	assert.NotEqual(t, tested, live)

	t.Log("nothing to do")
	c.Calls()
	said, _ = p.run(t, 0, staging()...)
	assert.Equal(t, "nothing to do\n", said)
	assert.Empty(t, c.Calls(), "a pipeline that has nothing to deploy asks Cloudflare nothing")

	t.Log("a change")
	before := c.Dump()
	p.edit(t, "GREETING} from", "GREETING} again from")
	p.env = append(p.env, "SIGNING_KEY=close sesame") // staging's
	change, markdown := p.summarizes(t, 2, staging()...)
	assert.Equal(t, before, c.Dump())
	assert.Equal(t, first.Bundles[0].New, change.Bundles[0].Old)
	short := strings.NewReplacer(change.Bundles[0].Old[:12], "<old>", change.Bundles[0].New[:12], "<new>")
	golden(t, "pipeline/summary.md", short.Replace(markdown))
	assert.NotContains(t, markdown, "sesame")

	t.Log("a change that does not work")
	p.edit(t, "return Response.json({ message", "return new Response(message); Response.json({ message")
	_, complaint := p.run(t, 3, staging("--approve")...)
	assert.Contains(t, complaint, "rolled back to bundle "+first.Bundles[0].New)
	assert.NotContains(t, complaint, "sesame")
	p.says(t, tested, "Hello from staging:")
	p.env = p.env[:len(p.env)-1]
	c.Calls()
	said, _ = p.run(t, 0, production("--approve")...)
	assert.Equal(t, "nothing to do\n", said, "what failed is not promoted")
	assert.Empty(t, c.Calls())
	after(t, tested)

	p.run(t, 0, production("--destroy")...)
	p.run(t, 0, staging("--destroy")...)
	assert.Equal(t, empty, c.Dump(), "something is left")
}

// migrating builds the pipeline of which the program migrates Durable Objects.
func migrating(t *testing.T) []string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	dir, built := filepath.Join(root, "examples", "pipeline-go"), t.TempDir()
	source, program := filepath.Join(dir, "program.go"), filepath.Join(built, "program.go")
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, text, 0o600))
	require.NoError(t, sandbox.Replace(program, "		WorkersDev: ", `		Migrations: cf.MigrationArray{cf.MigrationArgs{
			Tag: pulumi.String("v1"), NewSqliteClasses: pulumi.ToStringArray([]string{"Room"}),
		}},
		WorkersDev: `))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: program}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(built, "overlay.json"), overlay, 0o600))
	command := filepath.Join(built, "pipeline")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(built, "overlay.json"),
		"-o", command, ".")
	build.Dir = dir
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	return []string{command}
}

// recovers asserts that a migration is not rolled back with code that does not work, which nobody can promote then; and
// that a build that works is deployed after one that did not, and can be promoted.
func (p *pipeline) recovers(t *testing.T, tested string) {
	t.Helper()
	t.Log("a migration with a change that does not work")
	p.command = migrating(t)
	p.edit(t, "export default {", "export class Room {}\n\nexport default {")
	p.cloud.Calls()
	said, complaint := p.run(t, 4, staging("--approve")...)
	assert.Contains(t, said, "cannot be rolled back: if its smoke test fails, it serves nevertheless.\n"+
		"> - `hello`: `migration v1`\n")
	assert.Contains(t, complaint, "this deployment cannot be rolled back (hello: migration v1). Correct the code, leave")
	assert.NotContains(t, strings.Join(p.cloud.Calls(), "\n"), "/deployments", "nothing else is tried")
	assert.Contains(t, p.cloud.Dump(), "objects of class Room")
	_, complaint = p.run(t, 1, production("--approve")...)
	assert.Contains(t, complaint, "stack staging serves nothing that could be promoted")
	said, _ = p.run(t, 2, staging()...)
	assert.Contains(t, said, "nothing has changed, but what serves has failed its smoke test")

	t.Log("the code corrected")
	p.edit(t, "return new Response(message); Response.json({ message", "return Response.json({ message")
	p.run(t, 0, staging("--approve")...)
	p.says(t, tested, "Hello from staging: again")
	said, _ = p.run(t, 2, production()...)
	assert.Contains(t, said, "| update | CloudflareWorker `hello` | `bundle.sha256`, `migrations` |")
}

// A summary is what a pipeline says of its preview.
type summary struct {
	Changes []struct{}
	Bundles []struct{ Worker, Old, New string }
}

// summarizes runs the pipeline, and returns its summary, and what it said. The summary is a golden file once there is
// something to compare.
func (p *pipeline) summarizes(t *testing.T, status int, args ...string) (s summary, said string) {
	t.Helper()
	dir := t.TempDir()
	said, _ = p.run(t, status, append(args, "--summary="+dir)...)
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &s))
	require.Len(t, s.Bundles, 1)
	if s.Bundles[0].Old != "" {
		golden(t, "pipeline/summary.json", normal(string(text)))
	}
	text, err = os.ReadFile(filepath.Join(dir, "summary.md"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(said, string(text)), said)
	return s, said
}

// served is the address that the pipeline names.
func served(t *testing.T, said string) string {
	t.Helper()
	_, address, found := strings.Cut(said, "serving at ")
	require.True(t, found, said)
	return strings.TrimSpace(address)
}

// says asserts how the Worker begins its message.
func (p *pipeline) says(t *testing.T, address, message string) {
	t.Helper()
	status, body := p.cloud.get(t, address)
	assert.Equal(t, http.StatusOK, status, body)
	assert.Contains(t, body, `"message":"`+message+` from hello-`)
}
