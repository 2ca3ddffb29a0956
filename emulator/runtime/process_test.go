// SPDX-License-Identifier: Apache-2.0

//go:build unix

package runtime_test

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// parentVariable makes the test binary a program that runs a Worker until it is killed, and prints its workerd's id.
const parentVariable = "RUNTIME_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) == "" {
		os.Exit(m.Run())
	}
	rt := &runtime.Runtime{Dir: os.Getenv(parentVariable)}
	rt.Apply(worldOf(script("api", "v1", says("hello"))))
	r := httptest.NewRequest(http.MethodGet, "http://api.emulator.workers.dev/", http.NoBody)
	w := httptest.NewRecorder()
	rt.FrontDoor().ServeHTTP(w, r)
	if _, err := fmt.Fprintln(os.Stdout, rt.PID(), w.Body); err != nil {
		os.Exit(1)
	}
	select {}
}

// runs tells whether a process exists and is no zombie.
func runs(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestWorkerdDiesWithItsParent(t *testing.T) {
	t.Parallel()
	_, err := runtime.FindWorkerd()
	require.NoError(t, err, "the tests of the runtime need workerd: run make setup")
	self, err := os.Executable()
	require.NoError(t, err)
	scratch, err := os.MkdirTemp("", "rt") //nolint:usetesting // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(scratch)) })
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), parentVariable+"="+scratch)
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	var pid int
	var said string
	_, err = fmt.Sscan(line, &pid, &said)
	require.NoError(t, err, line)
	assert.Equal(t, "hello", said)
	require.True(t, runs(pid))

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	assert.Eventually(t, func() bool { return !runs(pid) }, 10*time.Second, 10*time.Millisecond)
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", says("one"))))
	h.get("https://api.emulator.workers.dev/")
	pids := []int{h.PID()}
	h.Apply(worldOf(script("api", "v2", says("two"))))
	h.get("https://api.emulator.workers.dev/")
	pids = append(pids, h.PID())
	scratch := h.Scratch()
	require.DirExists(t, scratch)
	require.NoError(t, h.Close())
	assert.NotEqual(t, pids[0], pids[1])
	for _, pid := range pids {
		assert.False(t, runs(pid))
	}
	assert.NoDirExists(t, scratch)
	require.NoError(t, h.Close(), "closing again does nothing")
	assert.Equal(t, http.StatusServiceUnavailable, h.get("https://api.emulator.workers.dev/").status)
	_, err := h.Validate(t.Context(), script("api", "v1", says("one")))
	assert.Error(t, err)
}

func TestSecretsAreNeitherInArgumentsNorOnDisk(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-hunter2"
	h := newHarness(t)
	s := script("api", "v1", says("hello"), `{"type":"secret_text","name":"S","text":"`+secret+`"}`)
	_, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	h.Apply(worldOf(s))
	h.get("https://api.emulator.workers.dev/")
	proc := filepath.Join("/proc", strconv.Itoa(h.PID()))
	for _, file := range []string{"cmdline", "environ"} {
		content, err := os.ReadFile(filepath.Join(proc, file))
		if os.IsNotExist(err) {
			continue // no /proc on this system
		}
		require.NoError(t, err)
		assert.NotEmpty(t, content)
		assert.NotContains(t, string(content), secret)
		assert.NotContains(t, string(content), "PATH=", "workerd sees nothing of the environment here")
	}
	info, err := os.Stat(h.Scratch())
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, filepath.WalkDir(h.Scratch(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		assert.NotContains(t, string(content), secret, path)
		return err
	}))
	assert.NotContains(t, h.log.String(), secret)
}

func TestCrashedWorkerdIsStartedAgain(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", says("hello"))))
	for range 3 {
		assert.Equal(t, "hello", h.get("https://api.emulator.workers.dev/").body)
		pid, ended := h.PID(), h.Ended()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		<-ended
		assert.Equal(t, "hello", h.do(http.MethodPost, "https://api.emulator.workers.dev/", "body").body)
		assert.NotEqual(t, pid, h.PID())
	}
	assert.Contains(t, h.log.String(), "workerd ended unexpectedly")
}

func TestEqualWorldRestartsNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := func() runtime.World {
		return worldOf(script("api", "v1", says("hello"), `{"type":"secret_text","name":"S","text":"x"}`))
	}
	h.Apply(world())
	h.get("https://api.emulator.workers.dev/")
	pid := h.PID()
	h.Apply(world())
	h.get("https://api.emulator.workers.dev/")
	assert.Equal(t, pid, h.PID())

	routed := world()
	routed.Routes = []runtime.Route{{Host: "example.com", Path: "/*", Account: "acc", Script: "api"}}
	h.Apply(routed)
	assert.Equal(t, "hello", h.get("https://example.com/").body)
	assert.Equal(t, pid, h.PID(), "a new route does not concern workerd")

	changed := worldOf(script("api", "v1", says("hello"), `{"type":"secret_text","name":"S","text":"y"}`))
	h.Apply(changed)
	h.get("https://example.com/")
	h.get("https://api.emulator.workers.dev/")
	assert.NotEqual(t, pid, h.PID(), "a changed secret does")
}

func TestManyAppliesStartOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for i := range 200 {
		h.Apply(worldOf(script("api", "v"+strconv.Itoa(i), says(strconv.Itoa(i)))))
	}
	assert.Equal(t, "199", h.get("https://api.emulator.workers.dev/").body)
}

func TestRedeployUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	source := func(version int) string {
		return fmt.Sprintf(`export default { async fetch(request) {
			const body = await request.text();
			await scheduler.wait(Math.random() * 5);
			return new Response("%d " + body);
		} }`, version)
	}
	const versions, clients, requests = 5, 6, 60
	h.Apply(worldOf(script("api", "v0", source(0))))
	require.Equal(t, "0 warm", h.do(http.MethodPost, "https://api.emulator.workers.dev/", "warm").body)
	var applied, served atomic.Int64
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for i := range requests {
				least := applied.Load()
				text := strconv.Itoa(i)
				a, err := h.try(http.MethodPost, "https://api.emulator.workers.dev/", text)
				if err != nil || a.status != http.StatusOK {
					t.Errorf("request %d: status %d, %v: %s", i, a.status, err, a.body)
					return
				}
				var version int64
				var body string
				parsed, _ := fmt.Sscan(a.body, &version, &body)
				assert.Equal(t, 2, parsed, a.body)
				assert.Equal(t, text, body)
				assert.GreaterOrEqual(t, version, least, "an answer of a version that was replaced before")
				served.Add(1)
			}
		})
	}
	for version := 1; version <= versions; version++ {
		goal := served.Load() + clients*requests/(versions+2)
		require.Eventually(t, func() bool { return served.Load() >= goal || t.Failed() }, time.Minute, time.Millisecond)
		h.Apply(worldOf(script("api", "v"+strconv.Itoa(version), source(version))))
		applied.Store(int64(version))
	}
	group.Wait()
	assert.Equal(t, int64(clients*requests), served.Load())
	assert.Equal(t, strconv.Itoa(versions)+" end", h.do(http.MethodPost, "https://api.emulator.workers.dev/", "end").body)
}

func TestReplacedVersionFinishesWhatItDoes(t *testing.T) {
	t.Parallel()
	reached, proceed := make(chan struct{}), make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-proceed
		_, _ = io.WriteString(w, "done")
	}))
	t.Cleanup(origin.Close)
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", fmt.Sprintf(`
		export default { fetch(request, env, ctx) {
			ctx.waitUntil(fetch(%q).then((r) => r.text()).then((text) => console.log("afterwards", text)));
			return new Response("first");
		} }`, origin.URL))))
	assert.Equal(t, "first", h.get("https://api.emulator.workers.dev/").body)
	<-reached
	ended := h.Ended()
	h.Apply(worldOf(script("api", "v2", says("second"))))
	assert.Equal(t, "second", h.get("https://api.emulator.workers.dev/").body)
	close(proceed)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the replaced process did not end")
	}
	assert.Contains(t, h.log.String(), "api: afterwards done\n")
}

func TestMissingBinaryIsSaid(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(r *runtime.Runtime) { r.Workerd = filepath.Join(t.TempDir(), "nope") })
	h.Apply(worldOf(script("api", "v1", says("hello"))))
	a := h.get("https://api.emulator.workers.dev/")
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Contains(t, a.body, "start workerd:")
	_, err := h.Validate(t.Context(), script("api", "v1", says("hello")))
	var refused *runtime.ScriptError
	require.Error(t, err)
	assert.NotErrorAs(t, err, &refused)
}

func TestFindWorkerdLooksInParents(t *testing.T) {
	root := t.TempDir()
	binary := filepath.Join(root, "tools", "node_modules", "@cloudflare", "workerd-test", "bin", "workerd")
	require.NoError(t, os.MkdirAll(filepath.Dir(binary), 0o700))
	require.NoError(t, os.WriteFile(binary, nil, 0o600))
	inner := filepath.Join(root, "a", "b")
	require.NoError(t, os.MkdirAll(inner, 0o700))
	t.Setenv("WORKERD", "")
	t.Setenv("PATH", "")
	t.Chdir(inner)
	found, err := runtime.FindWorkerd()
	require.NoError(t, err)
	resolved, err := filepath.EvalSymlinks(found)
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(binary)
	require.NoError(t, err)
	assert.Equal(t, want, resolved)

	t.Setenv("WORKERD", filepath.Join(root, "nope"))
	_, err = runtime.FindWorkerd()
	assert.ErrorContains(t, err, "$WORKERD")
}
