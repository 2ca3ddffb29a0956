// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCommand makes the test binary behave as the command.
const asCommand = "CLOUDFLARE_EMULATOR_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// anyPorts are flags for free ports.
var anyPorts = []string{"--api-addr", "127.0.0.1:0", "--r2-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}

// environment reads the lines that the command prints once it is ready.
func environment(t *testing.T, stdout io.Reader) map[string]string {
	t.Helper()
	line := regexp.MustCompile(`^export ([A-Z0-9_]+)='(.*)'$`)
	env := map[string]string{}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		found := line.FindStringSubmatch(lines.Text())
		require.NotNilf(t, found, "standard output has %q", lines.Text())
		env[found[1]] = found[2]
		if found[1] == "AWS_REGION" {
			return env
		}
	}
	require.Fail(t, "the command ended before it was ready")
	return nil
}

// request sends a request to the API that env names.
func request(t *testing.T, env map[string]string, method, path, contentType, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, env["CLOUDFLARE_API_BASE_URL"]+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+env["CLOUDFLARE_API_TOKEN"])
	r.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestItTellsClientsWhereItIsAndStopsOnRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	file := filepath.Join(t.TempDir(), "ready.json")
	stdout, printed := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, append(anyPorts, "--no-runtime", "--ready-file", file, "--token", "it's", "--zone", "example.org",
			"--zone", "example.net", "--log-format", "json"), printed, &stderr)
	}()
	env := environment(t, stdout)
	assert.Equal(t, `it'\''s`, env["CLOUDFLARE_API_TOKEN"], "quoted for a shell")
	env["CLOUDFLARE_API_TOKEN"] = "it's"
	status, body := request(t, env, http.MethodGet, "/zones?name=example.net", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `"name":"example.net"`)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var r ready
	require.NoError(t, json.Unmarshal(text, &r))
	assert.Equal(t, env["CLOUDFLARE_API_BASE_URL"], r.APIBaseURL)
	assert.Equal(t, env["AWS_ENDPOINT_URL_S3"], r.R2Endpoint)
	assert.Equal(t, env["AWS_ACCESS_KEY_ID"], r.R2AccessKeyID)
	assert.Equal(t, "example.org", r.ZoneName)
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+$`, r.WorkersURL)
	cancel()
	assert.Equal(t, 0, <-code, stderr.String())
	for line := range strings.Lines(stderr.String()) {
		assert.True(t, json.Valid([]byte(line)), line)
		assert.NotContains(t, line, "it's", "a token must not be logged")
	}
}

func TestATakenPortIsSaidPlainly(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	address := taken.Addr().String()
	for _, flag := range []string{"--api-addr", "--r2-addr", "--http-addr"} {
		var stdout, stderr bytes.Buffer
		args := append(append([]string{}, anyPorts...), "--no-runtime", flag, address)
		assert.Equal(t, 1, run(t.Context(), args, &stdout, &stderr))
		assert.Equal(t, "cloudflare-emulator: "+flag+" "+address+
			" is taken by another program; choose another port, or 0 for any free one\n", stderr.String())
		assert.Empty(t, stdout.String())
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown flag":    {[]string{"--port", "1"}, 2, "-port"},
		"an argument":     {[]string{"start"}, 2, `unexpected argument "start"`},
		"log format":      {[]string{"--log-format", "xml"}, 2, "text or json"},
		"account":         {[]string{"--account", "acme"}, 2, "32 hex digits"},
		"zone":            {[]string{"--zone", "acme"}, 2, "not a domain name"},
		"rate limit":      {[]string{"--rate-limit", "-1"}, 2, "negative"},
		"address":         {[]string{"--no-runtime", "--api-addr", "nowhere"}, 1, "--api-addr nowhere"},
		"no such workerd": {append([]string{"--workerd", "/nonexistent/workerd"}, anyPorts...), 1, "/nonexistent/workerd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.code, run(t.Context(), test.args, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.want)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestHelpIsAnAnswer(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"--help"}, &stdout, &stderr))
	assert.Empty(t, stderr.String())
	for _, flag := range []string{
		"api-addr", "r2-addr", "http-addr", "data", "workerd", "no-runtime", "token", "account", "zone", "rate-limit",
		"ready-file", "quiet", "log-format",
	} {
		assert.Contains(t, stdout.String(), "--"+flag+" ", flag)
	}
	for line := range strings.Lines(stdout.String()) {
		assert.LessOrEqual(t, len(line), 121, line)
	}
}

func TestASignalStopsItAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	scratch := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], anyPorts...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+scratch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	env := environment(t, stdout)
	const form = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\":\"a.js\"}\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"a.js\"; filename=\"a.js\"\r\n" +
		"Content-Type: application/javascript+module\r\n\r\nexport default { fetch() {} }\r\n--b--\r\n"
	status, body := request(t, env, http.MethodPut, "/accounts/"+env["CLOUDFLARE_ACCOUNT_ID"]+"/workers/scripts/hello",
		"multipart/form-data; boundary=b", form)
	require.Equal(t, http.StatusOK, status, body)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_, err = io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), stderr.String())

	files, err := filepath.Glob(filepath.Join(scratch, "*"))
	require.NoError(t, err)
	assert.Empty(t, files)
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline") // none where there is no /proc
	require.NoError(t, err)
	for _, name := range processes {
		line, err := os.ReadFile(name)
		assert.Falsef(t, err == nil && bytes.Contains(line, []byte(scratch)), "%q still runs", line)
	}
}
