// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/leak"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// TestSecretsOfTypeScriptAreNowhere: a typed SDK registers secrets in its own way. The cloud is the emulator's command,
// so that its log is searched too.
func TestSecretsOfTypeScriptAreNowhere(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "typescript")
	require.NoError(t, err)
	literal, env := tr.secret("literal"), tr.secret("env")
	around := [2]string{tr.secret("before").Value, tr.secret("after").Value}
	tr.secrets = tr.secrets[:len(tr.secrets)-2] // they are secret only together with what is between them
	require.NoError(t, sandbox.Replace(filepath.Join(dir, "index.ts"), `config.requireSecret("signingKey") },
  bindings: {
`, `config.requireSecret("signingKey"), LITERAL: `+quoted(literal.Value)+`, ENV: "env:LEAK_SOURCE", OUTPUT: `+
		"pulumi.concat("+quoted(around[0])+", visits.namespaceId, "+quoted(around[1])+") },\n  bindings: {\n"))
	data := t.TempDir()
	variables, stop := emulatorCommand(t, tr, data)
	state := t.TempDir()
	variables = append(variables, "CLOUDFLARE_WORKERS_CACHE_DIR="+filepath.Join(state, "cache"),
		"LEAK_SOURCE="+env.Value, "PULUMI_NODEJS_TRANSPILE_ONLY=true")
	s, err := sandbox.NewStack(t.Context(), dir, state, variables...)
	require.NoError(t, err)
	tr.watchData(data)
	l := live(t, tr, &stack{Stack: s, dir: dir}, data)
	tr.trees[inTemporaries][0].skip = func(path string) bool {
		return strings.HasPrefix(path, "ts-node-") // the program itself, compiled
	}
	l.exampleLives(t, func() {
		id, ok := l.resources(t)["visits"].Outputs["namespaceId"].(string)
		require.True(t, ok)
		tr.know(leak.Secret{Label: "output", Value: around[0] + id + around[1]})
	})
	l.allArrived(t)
	stop()
	tr.holdsNothing(t, inState, inBackend, inSettings, inEvents, inOutput, inHome, inTemporaries, inCache, inData,
		inEmulatorLog)
	l.searchIsNotBlind(t, map[place]plant{inEmulatorLog: plantInEmulatorLog})
}

// TestSecretsOfGoAreNowhere: and so does the SDK for Go.
func TestSecretsOfGoAreNowhere(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "go")
	require.NoError(t, err)
	data := t.TempDir()
	server := running(t) // the example's migrations need it
	server.DataDir = data
	c := newCloud(t, server)
	tr.watchData(data)
	l := live(t, tr, newStack(t, c, dir), data)
	l.exampleLives(t, func() {})
	l.allArrived(t)
	tr.holdsNothing(t, append(leakPlaces, inData)...)
}

// exampleLives takes an example from its first preview to nothing. created is called when its resources are there.
func (l *life) exampleLives(t *testing.T, created func()) {
	t.Helper()
	l.pulumi(t, "config", "set", "zoneId", emulator.DefaultZoneID)
	l.give(t, "signingKey", l.trail.secret("config"))
	l.deploy(t)
	created()
	l.arrived(t)
	l.pulumi(t, "config", "set", "greeting", "Good evening")
	l.give(t, "signingKey", l.trail.secret("config, with a variable"))
	l.run(t, "up", "--yes", "--diff")
	l.arrived(t)
	l.give(t, "signingKey", l.trail.secret("config, alone"))
	l.deploy(t, "--json")
	l.arrived(t)
	l.run(t, "destroy", "--yes", "--skip-preview")
}

// emulatorCommand starts the emulator's command, whose log is recorded, and returns the variables that tell clients
// where it is. stop ends it, and then its log is complete.
func emulatorCommand(t *testing.T, tr *trail, data string) (variables []string, stop func()) {
	t.Helper()
	command, err := checkout.Emulator(t.Context())
	require.NoError(t, err)
	const free = "127.0.0.1:0"
	ctx := context.WithoutCancel(t.Context()) // stop ends it
	workerd, err := toolbox.Workerd()         // the example's migrations need it
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, command, "--data", data, "--workerd", workerd, "--log-format", "json",
		"--api-addr", free, "--r2-addr", free, "--http-addr", free)
	log, err := os.Create(tr.file(t, inEmulatorLog, "emulator"))
	require.NoError(t, err)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// It writes them once everything answers.
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		name, value, found := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		if found {
			variables = append(variables, name+"="+strings.Trim(value, "'"))
		}
		if name == "R2_ENDPOINT" {
			break
		}
	}
	require.NotEmpty(t, variables)
	stop = sync.OnceFunc(func() {
		signalErr := cmd.Process.Signal(syscall.SIGTERM)
		_, readErr := io.Copy(io.Discard, stdout)
		assert.NoError(t, errors.Join(signalErr, readErr, cmd.Wait(), log.Close()))
	})
	t.Cleanup(stop)
	return variables, stop
}

// plantInEmulatorLog asks for an address that has the value in it: addresses are logged.
func plantInEmulatorLog(t *testing.T, l *life, value string) {
	t.Helper()
	variables, stop := emulatorCommand(t, l.trail, t.TempDir())
	_, base, found := strings.Cut(variables[0], "=")
	require.True(t, found)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/"+url.PathEscape(value), nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	stop()
}
