// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func init() {
	observe = func(l *life) error {
		pids, err := l.providers()
		if len(pids) == 0 {
			err = errors.Join(err, errors.New("no provider was found, but it waits for an answer"))
		}
		for _, pid := range pids {
			err = errors.Join(err, l.trail.observe(pid))
		}
		return err
	}
	// The planted process is a child of another one, as one that the provider starts would be.
	plantsInProcesses[inArguments] = func(t *testing.T, l *life, value string) {
		require.NoError(t, l.trail.observe(waiting(t, nil, value)))
	}
	plantsInProcesses[inEnvironment] = func(t *testing.T, l *life, value string) {
		require.NoError(t, l.trail.observe(waiting(t, []string{"PLANTED=" + value})))
	}
}

// observe records what everybody (arguments) and the same user (environment) can see of a process and those that it
// started. The variable that the user gave the value in, and the programs inherit, is left out.
func (tr *trail) observe(pid int) error {
	process := filepath.Join("/proc", strconv.Itoa(pid))
	arguments, err := os.ReadFile(filepath.Join(process, "cmdline"))
	if err != nil {
		return err
	}
	environment, err := os.ReadFile(filepath.Join(process, "environ"))
	if err != nil {
		return err
	}
	var rest []string
	for variable := range strings.SplitSeq(string(environment), "\x00") {
		if !strings.HasPrefix(variable, "LEAK_SOURCE=") {
			rest = append(rest, variable)
		}
	}
	err = errors.Join(tr.write(inArguments, filepath.Base(process), string(arguments)),
		tr.write(inEnvironment, filepath.Base(process), strings.Join(rest, "\x00")))
	threads, globErr := filepath.Glob(filepath.Join(process, "task", "*", "children"))
	err = errors.Join(err, globErr)
	for _, thread := range threads {
		children, readErr := os.ReadFile(thread)
		if readErr != nil {
			continue // the thread has ended
		}
		for child := range strings.FieldsSeq(string(children)) {
			id, parseErr := strconv.Atoi(child)
			err = errors.Join(err, parseErr, tr.observe(id))
		}
	}
	return err
}

// waiting starts a shell that has a child with these arguments and variables, and returns when that child runs. Both
// end with the test.
func waiting(t *testing.T, env []string, args ...string) (pid int) {
	t.Helper()
	const child = `sh -c 'echo ready; read end' child "$@"; :`
	ctx := context.WithoutCancel(t.Context()) // it is ended by its input
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", child, "parent"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, stdin.Close())
		assert.NoError(t, cmd.Wait())
	})
	ready := make([]byte, len("ready\n"))
	_, err = io.ReadFull(stdout, ready)
	require.NoError(t, err)
	return cmd.Process.Pid
}

// TestSecretsOfAKilledProviderAreNowhere kills the provider when Cloudflare has acted on a create, and on an update.
func TestSecretsOfAKilledProviderAreNowhere(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	var armed atomic.Bool
	var l *leakStack
	data := t.TempDir()
	c := newCloud(t, &emulator.Server{DataDir: data, After: func(_ int, r *http.Request) bool {
		if r.Method == http.MethodGet || !strings.Contains(r.URL.Path, "/workers/scripts/") || !armed.Swap(false) {
			return false
		}
		assert.NoError(t, l.killProvider())
		return true
	}})
	tr.watchData(data)
	l = newLeakStack(t, tr, c)

	armed.Store(true)
	l.fail(t, "up", "--yes", "--skip-preview")
	require.False(t, armed.Load(), "nobody was killed")
	l.knowOutput(t)
	l.arrived(t)
	l.fail(t, "up", "--yes", "--skip-preview") // the name is taken
	l.run(t, "import", "cloudflare-workers:index:CloudflareWorker", "api", emulator.DefaultAccountID+"/api",
		"--yes", "--skip-preview", "--protect=false", "--generate-code=false")
	l.deploy(t)

	l.edit(t, "dist/index.js", "one", "two")
	l.rotate(t, "with code")
	armed.Store(true)
	l.fail(t, "up", "--yes", "--skip-preview")
	require.False(t, armed.Load(), "nobody was killed")
	l.deploy(t)
	l.rotate(t, "alone")
	armed.Store(true)
	l.fail(t, "up", "--yes", "--skip-preview")
	require.False(t, armed.Load(), "nobody was killed")
	l.deploy(t)
	l.arrived(t)
	l.run(t, "destroy", "--yes", "--skip-preview")
	l.allArrived(t)
	l.decrypt(t, inBackend, l.checkpoints(t))
	tr.holdsNothing(t, append(leakPlaces, inData)...)
}
