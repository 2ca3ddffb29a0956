// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// checkBundle returns a Check of a WorkerBundle that a command builds in dir.
func checkBundle(t *testing.T, dir string) func(command ...string) p.CheckResponse {
	t.Helper()
	check := checkBuild(t)
	return func(command ...string) p.CheckResponse {
		return check(filepath.Join(dir, "dist"), map[string]property.Value{
			"command": textList(command...), "directory": txt(dir),
		})
	}
}

// checkBuild returns a Check of a WorkerBundle with a build that makes what is at path.
func checkBuild(t *testing.T) func(path string, build map[string]property.Value) p.CheckResponse {
	t.Helper()
	prov, err := New()
	require.NoError(t, err)
	server, err := integration.NewServer(t.Context(), Name, semver.MustParse("1.2.3"), integration.WithProvider(prov))
	require.NoError(t, err)
	require.NoError(t, server.Configure(p.ConfigureRequest{Args: property.NewMap(map[string]property.Value{
		"accountId": txt("0123456789abcdef0123456789abcdef"), "cacheDir": txt(t.TempDir()),
	})}))
	return func(path string, build map[string]property.Value) p.CheckResponse {
		resp, err := server.Check(p.CheckRequest{
			Urn: "urn:pulumi:dev::test::" + Name + ":index:WorkerBundle::api",
			Inputs: property.NewMap(map[string]property.Value{
				"bucket": txt("bundles"), "path": txt(path), "build": obj(build),
			}),
		})
		require.NoError(t, err)
		return resp
	}
}

func TestABuildIsRunOnceBeforeItsDigestIsFoundOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check := checkBundle(t, dir)
	build := []string{"sh", "-c", "mkdir -p dist && echo x >> log && echo 'export default {}' > dist/index.js"}
	first := check(build...)
	require.Empty(t, first.Failures)
	assert.Len(t, first.Inputs.Get("sha256").AsString(), 64)
	assert.NotContains(t, first.Inputs.AsMap(), "build", "how it was built is not kept")
	assert.Equal(t, first.Inputs, check(build...).Inputs)
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	assert.Equal(t, "x\n", string(log), "the engine checks a resource twice that it replaces")

	again := checkBundle(t, dir)(build...) // the next operation
	assert.Equal(t, first.Inputs, again.Inputs)
	log, err = os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	assert.Equal(t, "x\nx\n", string(log))
}

func TestABuildThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check := checkBundle(t, dir)
	assert.Equal(t, []p.CheckFailure{{
		Property: "build", Reason: "sh: exit status 3; it said last:\nfirst\nsecond",
	}}, check("sh", "-c", "echo first; printf second >&2; exit 3").Failures, "and nothing of a missing output")
	assert.Equal(t, []p.CheckFailure{{
		Property: "build.command", Reason: "must be a program and its arguments",
	}}, check().Failures)
	failures := check("no-such-program").Failures
	require.Len(t, failures, 1)
	assert.Contains(t, failures[0].Reason, "no-such-program")
	failures = check("true").Failures
	require.Len(t, failures, 1)
	assert.Contains(t, failures[0].Reason, "has the Worker been built?")
}

func TestABuildGetsNoCredentials(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "no-build-may-see-this")
	dir := t.TempDir()
	resp := checkBundle(t, dir)("sh", "-c", "mkdir -p dist && env > dist/index.js")
	require.Empty(t, resp.Failures)
	seen, err := os.ReadFile(filepath.Join(dir, "dist", "index.js"))
	require.NoError(t, err)
	assert.NotContains(t, string(seen), "no-build-may-see-this")
	assert.Contains(t, string(seen), "PATH=")
}

func TestABuildLogKeepsTheLastLines(t *testing.T) {
	t.Parallel()
	var told []string
	log := &buildLog{tell: func(line string) { told = append(told, line) }}
	for _, said := range []string{"a", "b\nc\r\n", "\n"} {
		_, err := log.Write([]byte(said))
		require.NoError(t, err)
	}
	_, err := log.Write([]byte("end"))
	require.NoError(t, err)
	log.end()
	assert.Equal(t, []string{"ab", "c", "", "end"}, told)
	for range 2 * buildWords {
		log.line("more")
	}
	assert.Len(t, log.last, buildWords)
}
