// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/leak"
)

// A life is a stack whose every command leaves a trail.
type life struct {
	*stack

	trail   *trail
	data    string          // the emulator's
	reached map[string]bool // labels of the values that Cloudflare was given

	checkpoint []byte // as last seen
}

// leakPlaces are the places that every life has.
var leakPlaces = []place{
	inState, inBackend, inSettings, inEvents, inOutput, inHome, inTemporaries, inCache, inCalls, inDump,
}

// observe records what other processes can see of a life's provider while it works. Nil: it is not known how to on this
// system.
var observe func(l *life) error

// emulatorState is the file of the emulator's data that has what a Worker needs to run, its secrets among it, as the
// emulator's usage says.
const emulatorState = "state.json"

// watchData has the emulator's data searched, except for what has to be there.
func (tr *trail) watchData(dir string) {
	tr.watch(inData, dir, func(path string) bool { return path == emulatorState })
}

// live makes a stack leave a trail. It gets a directory of its own for temporary files. data is the emulator's.
func live(t *testing.T, tr *trail, s *stack, data string) *life {
	t.Helper()
	temporary := t.TempDir()
	s.Setenv("TMPDIR="+temporary, "PULUMI_DEBUG_COMMANDS=true") // which has --event-log
	state := filepath.Dir(s.Home())
	tr.watch(inTemporaries, temporary, nil)
	tr.watch(inHome, s.Home(), nil)
	tr.watch(inBackend, filepath.Join(state, ".pulumi"), nil)
	tr.watch(inCache, filepath.Join(state, "cache"), nil)
	return &life{stack: s, trail: tr, data: data, reached: map[string]bool{}}
}

// give sets a secret of the stack's configuration, without an argument that others could see.
func (l *life) give(t *testing.T, key string, s leak.Secret) {
	t.Helper()
	cmd := l.Command(t.Context(), "config", "set", "--secret", key)
	cmd.Stdin = strings.NewReader(s.Value)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	l.trail.record(t, inOutput, "config set", string(said))
}

// try runs a command and keeps all that it leaves.
func (l *life) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	name := strings.Join(args, " ")
	full := args
	if slices.Contains([]string{"up", "preview", "refresh", "destroy"}, args[0]) {
		full = append(slices.Clone(args), "--event-log", l.trail.file(t, inEvents, name))
	}
	said, err := l.Pulumi(t.Context(), full...)
	l.trail.record(t, inOutput, name, said)
	stored, readErr := filepath.Glob(filepath.Join(filepath.Dir(l.Home()), ".pulumi", "stacks", "*", "dev.json"))
	require.NoError(t, readErr)
	require.Len(t, stored, 1)
	checkpoint, readErr := os.ReadFile(stored[0])
	require.NoError(t, readErr)
	if !bytes.Equal(checkpoint, l.checkpoint) {
		l.checkpoint = checkpoint
		l.trail.record(t, inState, "after "+name, l.pulumi(t, "stack", "export", "--show-secrets"))
	}
	settings, readErr := os.ReadFile(filepath.Join(l.dir, "Pulumi.dev.yaml"))
	require.NoError(t, readErr)
	l.trail.record(t, inSettings, "after "+name, string(settings))
	if l.cloud != nil {
		l.trail.record(t, inCalls, name, strings.Join(l.cloud.Calls(), "\n"))
		l.trail.record(t, inDump, "after "+name, l.cloud.Dump())
	}
	return said, err
}

// run is try for a command that must succeed.
func (l *life) run(t *testing.T, args ...string) string {
	t.Helper()
	said, err := l.try(t, args...)
	require.NoError(t, err)
	return said
}

// fail is try for a command that must not succeed.
func (l *life) fail(t *testing.T, args ...string) string {
	t.Helper()
	said, err := l.try(t, args...)
	require.Error(t, err, said)
	return said
}

func (l *life) deploy(t *testing.T, args ...string) string {
	t.Helper()
	return l.run(t, append([]string{"up", "--yes", "--skip-preview"}, args...)...)
}

// arrived notes which values Cloudflare has been given: a search for what was never used proves nothing.
func (l *life) arrived(t *testing.T) {
	t.Helper()
	found, err := known(t, l.trail).File(filepath.Join(l.data, emulatorState))
	require.NoError(t, err)
	for _, f := range found {
		l.reached[f.Label] = true
	}
}

// allArrived asserts that every value was given to Cloudflare.
func (l *life) allArrived(t *testing.T) {
	t.Helper()
	want := map[string]bool{}
	for _, s := range l.trail.secrets {
		want[s.Label] = true
	}
	assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(l.reached)))
}

// quoted is a text as YAML and TypeScript read it.
func quoted(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// leakProgram is a Worker with a secret from each source, and a key. What is no reference by itself is to be filled in.
const leakProgram = `
config: { key: { type: string, secret: true } }
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  cache:
    type: cloudflare-workers:KvNamespace
    properties: { title: cache }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      variables: { LEVEL: info }
      secrets:
        LITERAL: %s
        MARKED: { "fn::secret": %s }
        CONFIG: ${key}
        OUTPUT: %s
        ENV: env:LEAK_SOURCE
        FILE: %s
      bindings:
        CACHE: { kvNamespace: { id: "${cache.id}" } }
        KEY: { secretKey: { format: raw, algorithm: { name: HMAC, hash: SHA-256 }, usages: [sign], keyBase64: %s } }
      workersDev: { enabled: true }
outputs:
  version: ${api.versionId}
`

// leakStack is a stack of leakProgram, not deployed yet.
type leakStack struct {
	*life

	literal, before, after string // the literal, and what stands around the output
}

func newLeakStack(t *testing.T, tr *trail, c *cloud) *leakStack {
	t.Helper()
	literal, marked, env, file := tr.secret("literal"), tr.secret("marked"), tr.secret("env"), tr.secret("file")
	around := []string{tr.secret("before").Value, tr.secret("after").Value}
	tr.secrets = tr.secrets[:len(tr.secrets)-2] // they are secret only together with what is between them
	path, keyPath := filepath.Join(t.TempDir(), "secret.txt"), filepath.Join(t.TempDir(), "key.txt")
	require.NoError(t, os.WriteFile(path, []byte(file.Value), 0o600))
	key := base64.StdEncoding.EncodeToString([]byte(tr.secret("key").Value)) // which is looked for too
	require.NoError(t, os.WriteFile(keyPath, []byte(key), 0o600))
	s := newProgram(t, c, fmt.Sprintf(leakProgram, quoted(literal.Value), quoted(marked.Value),
		quoted(around[0]+"${cache.namespaceId}"+around[1]), quoted("file:"+path), quoted("file:"+keyPath)))
	s.file(t, "dist/index.js", script)
	s.Setenv("LEAK_SOURCE=" + env.Value)
	l := &leakStack{life: live(t, tr, s, c.DataDir), literal: literal.Value, before: around[0], after: around[1]}
	l.give(t, "key", tr.secret("config"))
	return l
}

// knowOutput has the output looked for, which is known when the namespace is there.
func (l *leakStack) knowOutput(t *testing.T) {
	t.Helper()
	id, ok := l.resources(t)["cache"].Outputs["namespaceId"].(string)
	require.True(t, ok)
	l.trail.know(leak.Secret{Label: "output", Value: l.before + id + l.after})
}

// rotate gives the literal and the configured secret other values.
func (l *leakStack) rotate(t *testing.T, label string) {
	t.Helper()
	next := l.trail.secret("literal, " + label)
	l.edit(t, "Pulumi.yaml", quoted(l.literal), quoted(next.Value))
	l.literal = next.Value
	l.give(t, "key", l.trail.secret("config, "+label))
}

// echoing puts an API before the cloud's that, while it is broken, refuses changes of Workers and repeats what it was
// asked for, as a message of the API's or in plain words.
func echoing(t *testing.T, c *cloud, broken *atomic.Value) {
	t.Helper()
	inner := c.Server
	c.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how, _ := broken.Load().(string)
		if how == "" || r.Method == http.MethodGet || !strings.Contains(r.URL.Path, "/workers/scripts/") {
			inner.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		if how == "plain" {
			http.Error(w, string(body), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{
			"success": false, "result": nil, "messages": []any{},
			"errors": []any{map[string]any{"code": 10021, "message": echoed + ": " + string(body)}},
		}))
	}))
	t.Cleanup(c.api.Close)
}

// refusedByAPI brings up what the API refuses, in each way of echoing.
func (l *life) refusedByAPI(t *testing.T, broken *atomic.Value) {
	t.Helper()
	for how, says := range map[string]string{"plain": "HTTP 400", "message": echoed} {
		broken.Store(how)
		assert.Contains(t, l.fail(t, "up", "--yes", "--skip-preview", "--diff"), says)
	}
	broken.Store("")
}

// echoed begins what the API says of a request, which follows.
const echoed = "this is wrong"

// TestSecretsAreNowhere takes a Worker with secrets from every source through its life and looks for their values in
// all that is left behind.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	var broken atomic.Value
	var active atomic.Pointer[life] // whose provider works
	data := t.TempDir()
	server := &emulator.Server{DataDir: data, Before: func(_ int, r *http.Request) int {
		ours := strings.HasPrefix(r.UserAgent(), "pulumi-cloudflare-workers")
		if ours && r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/workers/scripts/") {
			// It waits for an answer meanwhile.
			err := tr.glance(inTemporaries, inCache, inBackend, inHome)
			if observe != nil {
				err = errors.Join(err, observe(active.Load()))
			}
			assert.NoError(t, err)
		}
		return 0
	}}
	c := newCloud(t, server)
	tr.watchData(data)
	echoing(t, c, &broken)
	l := newLeakStack(t, tr, c)
	active.Store(l.life)
	plan := func() string { return tr.file(t, inPlan, "plan.json") }

	l.run(t, "preview", "--diff", "--save-plan", plan())
	l.run(t, "preview", "--json")
	l.refusedByAPI(t, &broken)
	reviewed := plan()
	l.run(t, "preview", "--save-plan", reviewed)
	l.deploy(t, "--plan", reviewed)
	l.knowOutput(t)
	l.arrived(t)
	l.deploy(t, "--json", "--expect-no-changes")

	l.edit(t, "dist/index.js", "one", "two")
	l.rotate(t, "with code")
	l.run(t, "preview", "--diff", "--save-plan", plan())
	l.run(t, "preview", "--json")
	l.refusedByAPI(t, &broken)
	reviewed = plan()
	l.run(t, "preview", "--save-plan", reviewed)
	l.deploy(t, "--plan", reviewed)
	l.arrived(t)

	l.rotate(t, "alone")
	l.refusedByAPI(t, &broken)
	l.run(t, "up", "--yes", "--diff")
	l.arrived(t)

	l.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api2")
	l.run(t, "up", "--yes", "--diff")
	l.arrived(t)

	ignored := len(tr.secrets)
	l.rotate(t, "ignored")
	l.edit(t, "Pulumi.yaml", "outputs:", "    options: { ignoreChanges: [secrets] }\noutputs:")
	l.edit(t, "Pulumi.yaml", "LEVEL: info", "LEVEL: debug")
	l.run(t, "up", "--yes", "--diff")
	l.arrived(t)
	for _, s := range tr.secrets[ignored:] {
		assert.False(t, l.reached[s.Label], "%s was to be ignored", s.Label)
		l.reached[s.Label] = true
	}
	l.edit(t, "Pulumi.yaml", "    options: { ignoreChanges: [secrets] }\noutputs:", "outputs:")

	c.wrangler(t, l.dir, "stolen", "secret", "put", "LITERAL", "--name", "api2")
	l.run(t, "refresh", "--yes", "--diff")
	l.run(t, "up", "--yes", "--diff")

	second := live(t, tr, newStackOf(t, l), data)
	active.Store(second)
	second.give(t, "key", tr.secret("config of the second stack"))
	const account = emulator.DefaultAccountID + "/"
	for name, id := range map[string]string{
		"artifacts": account + "artifacts", "bundle": l.resources(t)["bundle"].ID,
		"cache": account + l.resources(t)["cache"].Outputs["namespaceId"].(string), "api": account + "api2",
	} {
		second.run(t, "import", l.resources(t)[name].Type, name, id,
			"--yes", "--skip-preview", "--protect=false", "--generate-code=false")
	}
	second.run(t, "up", "--yes", "--diff")
	second.arrived(t)
	maps.Copy(l.reached, second.reached)

	active.Store(l.life)
	l.run(t, "destroy", "--yes", "--skip-preview")
	l.run(t, "stack", "history", "--json")
	l.allArrived(t)
	plans, err := filepath.Glob(filepath.Join(tr.dir, string(inPlan), "*"))
	require.NoError(t, err)
	checkpoints := l.checkpoints(t)
	l.decrypt(t, inPlan, plans)
	l.decrypt(t, inBackend, checkpoints)

	places := append(slices.Clone(leakPlaces), inPlan, inData)
	plants := map[place]plant{inState: plantInState, inOutput: plantInOutput}
	if observe != nil {
		places = append(places, inArguments, inEnvironment)
		maps.Copy(plants, plantsInProcesses)
	}
	for _, p := range places {
		if plants[p] == nil {
			plants[p] = into(p)
		}
	}
	tr.holdsNothing(t, places...)
	l.searchIsNotBlind(t, plants)
}

// plantsInProcesses put a value where [observe] must see it.
var plantsInProcesses = map[place]plant{}

// newStackOf is another stack, elsewhere, of l's program.
func newStackOf(t *testing.T, l *leakStack) *stack {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "dist/index.js"} {
		content, err := os.ReadFile(filepath.Join(l.dir, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	s := newStack(t, l.cloud, dir)
	for _, variable := range l.Command(t.Context()).Env {
		if strings.HasPrefix(variable, "LEAK_SOURCE=") {
			s.Setenv(variable)
		}
	}
	return s
}

// plantInState has the engine keep the value as an output of the stack.
func plantInState(t *testing.T, l *life, value string) {
	t.Helper()
	l.trail.record(t, inState, "planted", l.holding(t, map[string]any{"planted": value}))
}

// holding is the decrypted state of the stack once it has nothing but these outputs.
func (l *life) holding(t *testing.T, outputs map[string]any) string {
	t.Helper()
	var state map[string]any
	require.NoError(t, l.JSON(t.Context(), &state, "stack", "export"))
	deployment, ok := state["deployment"].(map[string]any)
	require.True(t, ok)
	deployment["resources"] = []any{map[string]any{
		"urn": "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev", "type": "pulumi:pulumi:Stack",
		"custom": false, "outputs": outputs,
	}}
	delete(deployment, "pending_operations")
	next, err := json.Marshal(state)
	require.NoError(t, err)
	load := l.Command(t.Context(), "stack", "import")
	load.Stdin = bytes.NewReader(next)
	said, err := load.CombinedOutput()
	require.NoError(t, err, string(said))
	return l.pulumi(t, "stack", "export", "--show-secrets")
}

// decrypt has the engine decrypt what its files hold encrypted. The stack must be destroyed, and holds them afterwards.
func (l *life) decrypt(t *testing.T, p place, files []string) {
	t.Helper()
	contents := map[string]any{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var content any
		require.NoError(t, json.Unmarshal(raw, &content), file)
		contents[filepath.Base(file)] = content
	}
	plain := l.holding(t, contents)
	assert.NotContains(t, plain, `"ciphertext"`)
	assert.Contains(t, plain, `"plaintext"`, "nothing was encrypted, although fingerprints are")
	l.trail.record(t, p, "decrypted", plain)
}

// checkpoints are the files in which the engine keeps and has kept the state.
func (l *life) checkpoints(t *testing.T) (files []string) {
	t.Helper()
	kept := filepath.Join(filepath.Dir(l.Home()), ".pulumi")
	require.NoError(t, filepath.WalkDir(kept, func(path string, entry os.DirEntry, err error) error {
		if filepath.Ext(path) == ".json" && !strings.HasSuffix(path, ".history.json") { // a record without a state
			files = append(files, path)
		}
		return err
	}))
	return files
}

// plantInOutput has the CLI write the value.
func plantInOutput(t *testing.T, l *life, value string) {
	t.Helper()
	l.give(t, "planted", leak.Secret{Value: value})
	said := l.pulumi(t, "config", "get", "planted")
	l.trail.record(t, inOutput, "config get", said)
}
