// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// A cloud is a local Cloudflare of one test's own.
type cloud struct {
	*emulator.Server

	api, s3, front *httptest.Server
}

// newCloud serves s, to which running adds workerd, until the test ends.
func newCloud(tb testing.TB, s *emulator.Server) *cloud {
	tb.Helper()
	c := &cloud{Server: s}
	for _, door := range []struct {
		server  **httptest.Server
		handler http.Handler
	}{{&c.api, s}, {&c.s3, s.S3()}, {&c.front, s.FrontDoor()}} {
		*door.server = httptest.NewServer(door.handler)
		tb.Cleanup((*door.server).Close)
	}
	tb.Cleanup(func() { assert.NoError(tb, s.Close()) })
	return c
}

// running is a server that runs what is deployed.
func running(t *testing.T) *emulator.Server {
	t.Helper()
	workerd, err := toolbox.Workerd()
	require.NoError(t, err)
	return &emulator.Server{Runtime: &runtime.Runtime{Workerd: workerd}}
}

// variables tell clients where the cloud is, in the names that Cloudflare's own tools use.
func (c *cloud) variables() []string {
	return []string{
		"CLOUDFLARE_API_TOKEN=" + emulator.DefaultToken,
		"CLOUDFLARE_ACCOUNT_ID=" + emulator.DefaultAccountID,
		"CLOUDFLARE_API_BASE_URL=" + c.api.URL + "/client/v4",
		"R2_ENDPOINT=" + c.s3.URL,
	}
}

// get asks for a URL as the world would, except that the front door is where every host is.
func (c *cloud) get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	got := c.ask(t, http.MethodGet, address, "")
	return got.status, got.body
}

// An answer is what a Worker says to a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as the world would, as get does. Headers are "Name: value".
func (c *cloud) ask(t *testing.T, method, address, body string, headers ...string) answer {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return c.exchange(t, method, c.front.URL+u.RequestURI(), body, append(headers, "Host: "+u.Host)...)
}

// exchange sends a request and follows no redirect.
func (c *cloud) exchange(t *testing.T, method, address, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	req.Host = req.Header.Get("Host")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// call sends a request to the account's API.
func (c *cloud) call(t *testing.T, method, path, body string) answer {
	t.Helper()
	return c.exchange(t, method, c.api.URL+"/client/v4/accounts/"+emulator.DefaultAccountID+path, body,
		"Authorization: Bearer "+emulator.DefaultToken)
}

// wrangler runs Cloudflare's own tool against the cloud, as somebody does who goes behind Pulumi's back.
func (c *cloud) wrangler(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	command, err := toolbox.Wrangler()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], args...)...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewBufferString(stdin)
	compiled, err := toolbox.CompileCache()
	require.NoError(t, err)
	cmd.Env = append(cmd.Environ(), c.variables()...)
	cmd.Env = append(cmd.Env, compiled, "WRANGLER_SEND_METRICS=false", "WRANGLER_HIDE_BANNER=true", "CI=1",
		"HOME="+filepath.Join(t.TempDir(), "home"))
	said, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "wrangler %v:\n%s", args, said)
	return string(said)
}
