// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

const counter = `export default { async fetch(request, env) {
	const count = Number(await env.CACHE.get("count") ?? 0) + 1;
	await env.CACHE.put("count", String(count));
	return new Response(env.GREETING + " " + count + " one");
} };`

const app = `
resources:
  shared:
    type: cloudflare-workers:KvNamespace
  app:
    type: cloudflare-workers:WorkerApp
    properties:
      path: ./dist
      build: {}
      fromWrangler: { path: wrangler.toml, environment: production }
      queues: [JOBS]
      variables: { EXTRA: { a: 1 } }
      secrets: { KEY: { fn::secret: open sesame } }
      bindings: { SHARED: { kvNamespace: { id: "${shared.namespaceId}" } } }
outputs:
  url: ${app.url}
  bundle: ${app.bundle}
  ids: ${app.kvIds}
`

const appFile = `
name = "app"
main = "src/index.js"
compatibility_date = "2026-11-01"
[env.production]
vars = { GREETING = "Hello" }
kv_namespaces = [{ binding = "CACHE" }]
`

// TestAnAppIsABuildOutputAndAURL lives through what a user does with the component.
func TestAnAppIsABuildOutputAndAURL(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	s := newProgram(t, c, app)
	s.file(t, "src/index.js", counter)
	s.file(t, "wrangler.toml", appFile)
	esbuild, err := toolbox.Esbuild()
	require.NoError(t, err)
	tools := filepath.Join(s.dir, "node_modules", ".bin")
	require.NoError(t, os.MkdirAll(tools, 0o750))
	require.NoError(t, os.Symlink(esbuild, filepath.Join(tools, "esbuild")))
	s.Setenv("PULUMI_DEBUG_COMMANDS=true") // which has --event-log
	log := filepath.Join(t.TempDir(), "events")
	preview := s.pulumi(t, "preview", "--diff", "--event-log", log)
	events, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(events), "dist/index.js", "what esbuild says is shown as progress")
	assert.Contains(t, preview, "GREETING", "unknown ids hide nothing else")
	assert.NotContains(t, preview, "open sesame")
	assert.Empty(t, writes(c.Calls()))
	s.up(t)
	out := s.outputs(t)
	url, _ := out["url"].(string)
	status, body := c.get(t, url)
	assert.Equal(t, 200, status)
	assert.Equal(t, "Hello 1 one", body)

	all := s.resources(t)
	parent := all["app"].URN
	for _, child := range []string{"app-bundles", "app-CACHE", "app-JOBS"} {
		require.Contains(t, all, child)
		assert.Contains(t, all[child].URN, "cloudflare-workers:index:WorkerApp$", "children are below the component")
	}
	assert.Contains(t, parent, "WorkerApp")
	for _, r := range all {
		assert.NotContains(t, r.Inputs, "open sesame")
	}
	s.unchanged(t)

	t.Log("another build is another version, and nothing else")
	ids := out["ids"]
	s.edit(t, "src/index.js", "one", "two")
	said := s.up(t, "--diff")
	assert.NotContains(t, said, "app-CACHE")
	_, body = c.get(t, url)
	assert.Equal(t, "Hello 2 two", body, "storage stays")
	out = s.outputs(t)
	assert.Equal(t, ids, out["ids"])

	t.Log("promotion to another stack")
	bundle, _ := out["bundle"].(map[string]any)
	digest, _ := bundle["sha256"].(string)
	require.NotEmpty(t, digest)
	const promoted = `
resources:
  staging:
    type: pulumi:pulumi:StackReference
    properties: { name: organization/test/dev }
  live:
    type: cloudflare-workers:WorkerApp
    properties:
      promoteFrom: ${staging.outputs["bundle"]}
      compatibilityDate: "2026-11-01"
      kv: [CACHE]
      variables: { GREETING: Promoted }
outputs:
  url: ${live.url}
  bundle: ${live.bundle}
`
	s.pulumi(t, "stack", "init", "production")
	s.write(t, promoted)
	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, "dist")))
	s.up(t)
	out = s.outputs(t)
	url, _ = out["url"].(string)
	_, body = c.get(t, url)
	assert.Equal(t, "Promoted 1 two", body)
	assert.Equal(t, bundle, out["bundle"], "exactly what was tested, and it can be promoted on")
	assert.NoDirExists(t, filepath.Join(s.dir, "dist"), "nothing is built")

	other := strings.Repeat("0", 64)
	const whole = `${staging.outputs["bundle"]}`
	part := func(member string) string { return member + `: "${staging.outputs[\"bundle\"][\"` + member + `\"]}"` }
	place := part("bucket") + ", " + part("key")
	s.write(t, strings.Replace(promoted, whole, "{ "+place+", sha256: \""+other+"\" }", 1))
	refused := s.refused(t, "up", "--yes", "--skip-preview")
	assert.Contains(t, refused, other)
	assert.Contains(t, refused, digest)
	s.write(t, strings.Replace(promoted, whole, "{ "+place+" }", 1))
	assert.Contains(t, s.refused(t, "preview"), "promoteFrom: has no sha256")
	_, body = c.get(t, url)
	assert.Equal(t, "Promoted 2 two", body, "it stays as it was")

	s.write(t, promoted)
	s.destroy(t)
	s.pulumi(t, "stack", "select", "dev")
	s.write(t, app)
	s.destroy(t)
	assert.NotContains(t, c.Dump(), "kv ", "nothing is left")
}

// TestAnAppPassesOnItsOptions: a program in Go gives it a provider, a dependency and, later, another name.
func TestAnAppPassesOnItsOptions(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	empty := c.Dump()
	dist := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dist, "index.js"), []byte(script), 0o600))
	const module = provider.Name + ":index:"
	name, aliases := "app", []pulumi.Alias{}
	program := func(ctx *pulumi.Context) error {
		var own pulumi.ProviderResourceState
		err := ctx.RegisterResource("pulumi:providers:"+provider.Name, "own", pulumi.Map{
			"maxRetries": pulumi.Int(1),
		}, &own)
		if err != nil {
			return err
		}
		var shared struct {
			pulumi.CustomResourceState

			NamespaceID pulumi.StringOutput `pulumi:"namespaceId"`
		}
		if err := ctx.RegisterResource(module+"KvNamespace", "shared", pulumi.Map{}, &shared); err != nil {
			return err
		}
		var app struct {
			pulumi.ResourceState

			URL pulumi.StringOutput `pulumi:"url"`
		}
		err = ctx.RegisterRemoteComponentResource(module+"WorkerApp", name, pulumi.Map{
			"path": pulumi.String(dist), "compatibilityDate": pulumi.String("2026-11-01"),
			"kv": pulumi.ToStringArray([]string{"CACHE"}), "queues": pulumi.ToStringArray([]string{"JOBS"}),
			"bindings": pulumi.Map{"SHARED": pulumi.Map{"kvNamespace": pulumi.Map{"id": shared.NamespaceID}}},
		}, &app, pulumi.Provider(&own), pulumi.Aliases(aliases))
		ctx.Export("url", app.URL)
		return err
	}
	s := inline(t, c, program)
	up, err := s.Up(t.Context())
	require.NoError(t, err)
	assert.Contains(t, up.Outputs["url"].Value, "workers.dev")
	before := c.Dump()

	preview, err := s.Preview(t.Context())
	require.NoError(t, err)
	all := preview.ChangeSummary[apitype.OpSame]
	assert.Equal(t, map[apitype.OpType]int{apitype.OpSame: all}, preview.ChangeSummary, "the second time nothing moves")

	state, err := s.Export(t.Context())
	require.NoError(t, err)
	children := 0
	for _, r := range resources(t, state.Deployment) {
		if strings.Contains(string(r.URN), "WorkerApp$") {
			children++
			assert.Contains(t, r.Provider, "::own::", "%s inherits the provider", r.URN)
		}
		if strings.HasSuffix(string(r.URN), "CloudflareWorker::app") {
			assert.Contains(t, strings.Join(urns(r.PropertyDependencies["bindings"]), " "), "::shared")
		}
	}
	assert.Equal(t, 5, children)

	name, aliases = "renamed", []pulumi.Alias{{Name: pulumi.String("app")}}
	renamed, err := s.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"same": all}, *renamed.Summary.ResourceChanges, "nothing is replaced")
	assert.Equal(t, before, c.Dump())

	_, err = s.Destroy(t.Context())
	require.NoError(t, err)
	assert.Equal(t, empty, c.Dump())
}

// inline is a stack of a program in this process, with the plugin of the checkout.
func inline(t *testing.T, c *cloud, program pulumi.RunFunc) auto.Stack {
	t.Helper()
	state := t.TempDir()
	cli, err := toolbox.Pulumi()
	require.NoError(t, err)
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(filepath.Dir(cli))})
	require.NoError(t, err)
	env := map[string]string{"CLOUDFLARE_WORKERS_CACHE_DIR": filepath.Join(state, "cache")}
	for _, variable := range append(sandbox.Variables(state), c.variables()...) {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	s, err := auto.NewStackInlineSource(t.Context(), "dev", "inline", program, auto.Pulumi(command), auto.EnvVars(env),
		auto.Project(workspace.Project{
			Name: "inline", Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Plugins: &workspace.Plugins{Providers: []workspace.PluginOptions{{Name: provider.Name, Path: checkout.Bin()}}},
		}))
	require.NoError(t, err)
	return s
}

// resources are those of an exported state.
func resources(t *testing.T, deployment json.RawMessage) []apitype.ResourceV3 {
	t.Helper()
	var state apitype.DeploymentV3
	require.NoError(t, json.Unmarshal(deployment, &state))
	return state.Resources
}

func urns[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = string(list[i])
	}
	return texts
}
