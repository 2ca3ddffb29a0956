// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestManyWorkersAreLoadedWhenAskedFor(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var scripts []runtime.Script
	for i := range 100 {
		name := "worker-" + strconv.Itoa(i)
		scripts = append(scripts, script(name, "v1", `console.log("loaded"); export default { fetch: (request, env) =>
			new URL(request.url).pathname === "/next" ? env.NEXT.fetch("https://x/") : new Response("`+name+`") }`,
			`{"type":"service","name":"NEXT","service":"worker-`+strconv.Itoa(i+1)+`"}`))
		if i%10 == 9 {
			scripts[i].Bindings = nil
		}
	}
	h.Apply(worldOf(scripts...))
	assert.Equal(t, "worker-7", h.get("https://worker-7.emulator.workers.dev/").body)
	assert.Equal(t, "worker-8", h.get("https://worker-7.emulator.workers.dev/next").body)
	pid := h.PID()
	assert.Equal(t, "worker-9", h.get("https://worker-9.emulator.workers.dev/").body)
	assert.Equal(t, pid, h.PID(), "what a Worker is bound to is loaded with it")
	assert.Equal(t, "worker-55", h.get("https://worker-55.emulator.workers.dev/").body)
	assert.NotEqual(t, pid, h.PID())
	pid = h.PID()
	assert.Equal(t, "worker-7", h.get("https://worker-7.emulator.workers.dev/").body)
	assert.Equal(t, pid, h.PID(), "what was loaded stays loaded")
}

func TestInvocationsAreForgottenWhenTheyEnd(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("fine", "v1", says("fine")),
		script("throws", "v1", `export default { fetch() { throw new Error("x") } }`),
		script("none", "v1", `export default { scheduled() {} }`),
		script("broken", "v1", `null.foo`),
		script("calls", "v1", `export default { async fetch(request, env) { return env.FINE.fetch(request) } }`,
			`{"type":"service","name":"FINE","service":"fine"}`)))
	for _, name := range []string{"fine", "throws", "none", "broken", "calls"} {
		for range 5 {
			h.get("https://" + name + ".emulator.workers.dev/")
		}
	}
	assert.Eventually(t, func() bool { return h.AtWork() == 0 }, 10*time.Second, 10*time.Millisecond)
}

// fakeWorkerd returns the path of a program that fails as workerd might, and of a file with a line for each start.
func fakeWorkerd(t *testing.T, says string) (path, starts string) {
	t.Helper()
	dir := t.TempDir()
	path, starts = filepath.Join(dir, "workerd"), filepath.Join(dir, "starts")
	source := "#!/bin/sh\necho start >>'" + starts + "'\necho '" + says + "' >&2\nexit 1\n"
	require.NoError(t, os.WriteFile(path, []byte(source), 0o700))
	return path, starts
}

func TestFailingRuntimeIsReportedAndNotStartedInALoop(t *testing.T) {
	t.Parallel()
	path, starts := fakeWorkerd(t, "cannot allocate memory")
	h := newHarness(t, func(r *runtime.Runtime) { r.Workerd = path })
	h.Apply(worldOf(script("api", "v1", says("hello"))))
	begin := time.Now()
	const requests = 4
	for range requests {
		a := h.get("https://api.emulator.workers.dev/")
		assert.Equal(t, http.StatusServiceUnavailable, a.status)
		assert.Contains(t, a.body, "workerd did not start: cannot allocate memory")
	}
	assert.GreaterOrEqual(t, time.Since(begin), 700*time.Millisecond, "pauses of 100, 200 and 400 ms")
	count, err := os.ReadFile(starts)
	require.NoError(t, err)
	assert.Equal(t, requests, strings.Count(string(count), "start"))
	assert.Contains(t, h.log.String(), "cannot allocate memory")

	_, err = h.Validate(t.Context(), script("api", "v1", says("hello")))
	var refused *runtime.ScriptError
	require.ErrorContains(t, err, "cannot allocate memory")
	assert.NotErrorAs(t, err, &refused, "that is not the script's fault")
}

func TestFaultThatStaysIsNotTriedForEver(t *testing.T) {
	t.Parallel()
	path, starts := fakeWorkerd(t, "service s0: Uncaught Error: always")
	h := newHarness(t, func(r *runtime.Runtime) { r.Workerd = path })
	h.Apply(worldOf(script("api", "v1", says("hello"))))
	assert.Equal(t, http.StatusServiceUnavailable, h.get("https://api.emulator.workers.dev/").status)
	count, err := os.ReadFile(starts)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(count), "start"), "once with the Worker, once without")
}
