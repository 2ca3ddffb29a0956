// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// config is a wrangler.json.
type config map[string]any

// step is one command with what it must do.
type step struct {
	// run is the command line after "wrangler". Words are split at spaces; {name} stands for what was captured.
	run   string
	stdin string
	// files are written first, by name in the workspace.
	files map[string]string
	// config, if not nil, replaces wrangler.json first.
	config config
	// fails tells that the command must fail.
	fails bool
	// out are parts of what the command must print, to either stream; {name} stands for what was captured.
	out []string
	// never are parts of what it must not print.
	never []string
	// capture is a regular expression for the output whose named groups are captured.
	capture string
	// get are URLs with what the front door must answer afterwards.
	get map[string]string
	// then looks at the rest.
	then func(t *testing.T, w *workspace, out string)
}

// workspace is an emulator and a directory in which wrangler runs.
type workspace struct {
	t       *testing.T
	dir     string
	server  *emulator.Server
	door    *httptest.Server
	env     []string
	command []string
	vars    map[string]string
}

// open starts an emulator for the test.
func open(t *testing.T) *workspace {
	t.Helper()
	command, err := toolbox.Wrangler()
	require.NoError(t, err)
	workerd, err := toolbox.Workerd()
	require.NoError(t, err)
	server := &emulator.Server{Runtime: &runtime.Runtime{Workerd: workerd, Dir: t.TempDir()}}
	api, door := httptest.NewServer(server), httptest.NewServer(server.FrontDoor())
	t.Cleanup(func() {
		api.Close()
		door.Close()
		require.NoError(t, server.Close())
	})
	compiled, err := toolbox.CompileCache()
	require.NoError(t, err)
	return &workspace{
		t: t, dir: t.TempDir(), server: server, door: door, command: command, vars: map[string]string{},
		env: []string{
			"HOME=" + t.TempDir(), "PATH=" + filepath.Dir(command[0]) + string(os.PathListSeparator) + os.Getenv("PATH"),
			"CI=1", "NO_COLOR=1", compiled, "WRANGLER_HIDE_BANNER=true", "WRANGLER_SEND_METRICS=false",
			"WRANGLER_LOG_SANITIZE=false",
			"CLOUDFLARE_API_BASE_URL=" + api.URL + "/client/v4",
			"CLOUDFLARE_API_TOKEN=" + emulator.DefaultToken, "CLOUDFLARE_ACCOUNT_ID=" + emulator.DefaultAccountID,
		},
	}
}

// write writes a file of the workspace.
func (w *workspace) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

// steps runs the steps one after the other. The first that does not do what it must ends the test.
func (w *workspace) steps(steps ...step) {
	w.t.Helper()
	for _, s := range steps {
		for name, text := range s.files {
			w.write(name, text)
		}
		if s.config != nil {
			text, err := json.Marshal(s.config)
			require.NoError(w.t, err)
			w.write("wrangler.json", w.expand(string(text)))
		}
		out, failed := w.wrangler(s.stdin, strings.Fields(w.expand(s.run))...)
		require.Equalf(w.t, s.fails, failed, "wrangler %s printed:\n%s", s.run, out)
		if s.capture != "" {
			w.keep(s.run, s.capture, out)
		}
		for _, part := range s.out {
			require.Containsf(w.t, out, w.expand(part), "wrangler %s", s.run)
		}
		for _, part := range s.never {
			require.NotContainsf(w.t, out, part, "wrangler %s", s.run)
		}
		for url, want := range s.get {
			require.Equalf(w.t, want, w.get(w.expand(url)), "GET %s after wrangler %s", url, s.run)
		}
		if s.then != nil {
			s.then(w.t, w, out)
		}
	}
}

// wrangler runs a command and returns what it printed.
func (w *workspace) wrangler(stdin string, args ...string) (out string, failed bool) {
	w.t.Helper()
	line := append(append([]string{}, w.command...), args...)
	cmd := exec.CommandContext(w.t.Context(), line[0], line[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = w.dir, w.env, strings.NewReader(stdin)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(w.t, err)
	}
	return printed.String(), exit != nil
}

// keep captures the named groups of pattern.
func (w *workspace) keep(command, pattern, out string) {
	w.t.Helper()
	expression := regexp.MustCompile(pattern)
	found := expression.FindStringSubmatch(out)
	require.NotNilf(w.t, found, "wrangler %s printed nothing like %s:\n%s", command, pattern, out)
	for i, name := range expression.SubexpNames() {
		if name != "" {
			w.vars[name] = found[i]
		}
	}
}

// expand replaces {name} by what was captured under the name.
func (w *workspace) expand(text string) string {
	for name, value := range w.vars {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// get returns what the front door answers to a request for the URL.
func (w *workspace) get(url string) string {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	require.NoError(w.t, err)
	request.Host = request.URL.Host
	request.URL.Host = w.door.Listener.Addr().String()
	request.URL.Scheme = "http"
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer func() { assert.NoError(w.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return string(body)
}

// decode reads JSON that a command printed.
func decode[T any](t *testing.T, out string) T {
	t.Helper()
	var value T
	require.NoErrorf(t, json.Unmarshal([]byte(out), &value), "output is not JSON:\n%s", out)
	return value
}

// says is a Worker that answers with text.
func says(text string) string {
	return `export default { async fetch(request, env) { return new Response("` + text + `") } }`
}

// plain is the configuration of a Worker on workers.dev.
func plain(name string) config {
	return config{"name": name, "main": "index.js", "compatibility_date": "2026-01-01", "workers_dev": true}
}

// with returns the configuration with more members.
func (c config) with(more config) config {
	all := maps.Clone(c)
	maps.Copy(all, more)
	return all
}
