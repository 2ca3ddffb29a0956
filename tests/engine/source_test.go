// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// TestThePluginRunsFromItsSource: `pulumi package add` takes a checkout, which then needs no binary.
func TestThePluginRunsFromItsSource(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	c := newCloud(t, &emulator.Server{})
	s := &stack{dir: t.TempDir()}
	s.file(t, "Pulumi.yaml", "name: test\nruntime: yaml\n")
	s = newStack(t, c, s.dir)
	s.pulumi(t, "package", "add", root)
	project, err := os.ReadFile(filepath.Join(s.dir, "Pulumi.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(project), "cloudflare-workers: ")
	s.file(t, "Pulumi.yaml", string(project)+
		"resources: { cache: { type: 'cloudflare-workers:KvNamespace', properties: { title: cache } } }\n")
	s.up(t)
	assert.Contains(t, c.Dump(), `kv "cache"`)
	s.unchanged(t)
}

// tenLines is the program in that language with which the README begins.
func tenLines(t *testing.T, language string) string {
	t.Helper()
	_, program, found := strings.Cut(source(t, "README.md"), "```"+language+"\n")
	require.True(t, found)
	program, _, found = strings.Cut(program, "```\n")
	require.True(t, found)
	return program
}

// source is a file of the checkout.
func source(t *testing.T, name string) string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

// newReader is somebody who follows the README in an empty folder, and has what it takes for granted: a bucket, a build
// output, and for the snippet that is run with the program wrangler's configuration of another Worker.
func newReader(t *testing.T, runtime string, env ...string) *stack {
	t.Helper()
	c := newCloud(t, running(t))
	c.call(t, http.MethodPost, "/r2/buckets", `{"name": "bundles"}`)
	made := c.call(t, http.MethodPost, "/storage/kv/namespaces", `{"title": "of wrangler"}`)
	var namespace struct{ Result struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(made.body), &namespace))
	s := &stack{dir: t.TempDir()}
	s.file(t, "Pulumi.yaml", "name: api\nruntime: "+runtime+"\n")
	s.file(t, "dist/index.js", script)
	s.file(t, "wrangler.jsonc",
		strings.Replace(wranglerFile, "0123456789abcdef0123456789abcdef", namespace.Result.ID, 1))
	return newStack(t, c, s.dir, env...)
}

// arrives deploys the program, with the snippet, and asks both Workers at their addresses.
func (s *stack) arrives(t *testing.T) {
	t.Helper()
	s.pulumi(t, "config", "set", "--secret", "upstream", "open sesame")
	s.up(t)
	outputs := s.outputs(t)
	url, _ := outputs["url"].(string)
	webs, _ := outputs["webUrls"].([]any)
	require.Len(t, webs, 1)
	assert.Equal(t, "https://api-production.emulator.workers.dev", webs[0])
	for _, address := range []string{url, "https://api.example.com/", "https://api-production.emulator.workers.dev"} {
		status, body := s.cloud.get(t, address)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "one", body)
	}
	bound := s.resources(t)["web"].Inputs
	assert.Equal(t, map[string]any{"LOG_LEVEL": "info"}, bound["variables"])
	assert.Contains(t, bound["bindings"], "CACHE")
}

// npm stands for npm's install alone, which would need the network: what it would bring is in the tools' node_modules,
// and the SDK that was generated is the one that is in the checkout, compiled.
const npm = `#!/bin/sh
if [ "$1" = install ]; then ln -sfn "$NODE_MODULES" node_modules; else exec "$NPM" "$@"; fi
`

// TestTheReadmeIsTheWayFromNothingToAURL: an empty folder, the SDK by `pulumi package add`, the README's program.
func TestTheReadmeIsTheWayFromNothingToAURL(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	_, err = checkout.Lay(t.Context(), t.TempDir(), "typescript") // compiles the SDK, once
	require.NoError(t, err)
	installed, err := exec.LookPath("npm")
	require.NoError(t, err)
	tools := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(tools, "npm"), []byte(npm), 0o700))

	s := newReader(t, "nodejs", "NODE_MODULES="+checkout.NodeModules(), "NPM="+installed,
		"PATH="+tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.file(t, "package.json", `{"name": "api", "private": true, "dependencies": {"@pulumi/pulumi": "^3.259.0"}}`)
	s.file(t, "snippets.ts", source(t, "examples/typescript/snippets.ts"))
	s.file(t, "index.ts", tenLines(t, "ts")+
		"import { fromWrangler } from \"./snippets\";\nexport const webUrls = fromWrangler();\n")
	assert.Contains(t, s.pulumi(t, "package", "add", root), `from "pulumi-cloudflare-workers"`)
	s.generated(t, "sdk/nodejs", "cloudflareWorker.ts", "types/input.ts", "workerApp.ts")
	s.arrives(t)
	s.unchanged(t)
}

// sdkModule is what a go.mod says of the SDK.
var sdkModule = regexp.MustCompile(`(?m)^(replace |\t)\S+/sdk/go/cloudflareworkers .*\n`)

// TestTheReadmeIsTheWayInGoToo: what `pulumi package add` makes is enough for the program and the snippets to compile
// and to run. The modules are those of the example, for others would need the network. The snippets in Java are
// compiled with the program that TestAnExampleLives runs.
func TestTheReadmeIsTheWayInGoToo(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	s := newReader(t, "go", "GOFLAGS=-ldflags=-s") // linked in less time
	for _, name := range []string{"go.mod", "go.sum"} {
		// Without what leads to the SDK in the checkout.
		s.file(t, name, sdkModule.ReplaceAllString(source(t, "examples/go/"+name), ""))
	}
	s.file(t, "snippets/snippets.go", source(t, "examples/go/snippets/snippets.go"))
	program := tenLines(t, "go")
	require.Contains(t, program, "pulumi.Run(stack)")
	s.file(t, "main.go", strings.Replace(program, "pulumi.Run(stack)", "pulumi.Run(both)", 1))
	s.file(t, "both.go", both)
	assert.Contains(t, s.pulumi(t, "package", "add", root), "sdk/go/cloudflareworkers")
	s.generated(t, "sdk/go", "cloudflareworkers/cloudflareWorker.go", "cloudflareworkers/workerApp.go")
	s.arrives(t)
}

// both is the README's program and a snippet.
const both = `package main

import (
	"hello-worker-stack/snippets"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func both(ctx *pulumi.Context) error {
	if err := stack(ctx); err != nil {
		return err
	}
	return snippets.FromWrangler(ctx)
}
`

// generated asserts that files of the SDK that was added are those of the checkout's, save for the first line, which
// says what has generated them.
func (s *stack) generated(t *testing.T, sdk string, names ...string) {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	for _, name := range names {
		generated, err := os.ReadFile(filepath.Join(s.dir, "sdks", provider.Name, filepath.FromSlash(name)))
		require.NoError(t, err)
		kept, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(sdk), filepath.FromSlash(name)))
		require.NoError(t, err)
		_, is, _ := strings.Cut(string(generated), "\n")
		_, was, _ := strings.Cut(string(kept), "\n")
		assert.NotEmpty(t, is)
		assert.Equal(t, was, is, name)
	}
}

// TestAnInlineProgramDrivesAnAttachedProvider is the way of tools that embed Pulumi: no project, no language host, no
// plugin on disk.
func TestAnInlineProgramDrivesAnAttachedProvider(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	empty := c.Dump()
	dist := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dist, "index.js"), []byte(script), 0o600))
	program := func(ctx *pulumi.Context) error {
		var bucket, worker pulumi.CustomResourceState
		const module = provider.Name + ":index:"
		err := ctx.RegisterResource(module+"R2Bucket", "artifacts", pulumi.Map{
			"name": pulumi.String("artifacts"), "forceDestroy": pulumi.Bool(true),
		}, &bucket)
		if err != nil {
			return err
		}
		var stored struct {
			pulumi.CustomResourceState

			Reference pulumi.MapOutput `pulumi:"reference"`
		}
		err = ctx.RegisterResource(module+"WorkerBundle", "bundle", pulumi.Map{
			"bucket": pulumi.String("artifacts"), "path": pulumi.String(dist),
		}, &stored, pulumi.DependsOn([]pulumi.Resource{&bucket}))
		if err != nil {
			return err
		}
		return ctx.RegisterResource(module+"CloudflareWorker", "api", pulumi.Map{
			"scriptName": pulumi.String("api"), "bundle": stored.Reference, "compatibilityDate": pulumi.String("2026-11-01"),
			"workersDev":    pulumi.Map{"enabled": pulumi.Bool(true)},
			"routes":        pulumi.Map{"example.com/api/*": pulumi.Map{"zoneName": pulumi.String("example.com")}},
			"customDomains": pulumi.Map{"app.example.com": pulumi.Map{}},
		}, &worker)
	}
	state := t.TempDir()
	cli, err := toolbox.Pulumi()
	require.NoError(t, err)
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(filepath.Dir(cli))})
	require.NoError(t, err)
	env := map[string]string{}
	for _, variable := range append(sandbox.Variables(state), c.variables()...) {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	s, err := auto.NewStackInlineSource(t.Context(), "dev", "inline", program, auto.Pulumi(command), auto.EnvVars(env))
	require.NoError(t, err)
	// The provider that is attached runs in this process, with this environment.
	for key, value := range map[string]auto.ConfigValue{
		"accountId": {Value: emulator.DefaultAccountID}, "apiToken": {Value: emulator.DefaultToken, Secret: true},
		"endpoint": {Value: c.api.URL}, "r2Endpoint": {Value: c.s3.URL}, "cacheDir": {Value: filepath.Join(state, "cache")},
		"workersEndpoint": {Value: c.front.URL},
	} {
		require.NoError(t, s.SetConfig(t.Context(), provider.Name+":"+key, value))
	}
	// The engine ends an attached provider when an operation ends, so each needs its own.
	attach := func() {
		s.Workspace().SetEnvVar("PULUMI_DEBUG_PROVIDERS", fmt.Sprintf("%s:%d", provider.Name, serve(t)))
	}

	attach()
	up, err := s.Up(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, up.StdOut, "warning", "each address answers what it is asked when it is waited for")
	for _, address := range []string{
		"https://api.emulator.workers.dev", "https://app.example.com/", "https://example.com/api/x",
	} {
		status, body := c.get(t, address)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "one", body)
	}

	c.Calls()
	attach()
	preview, err := s.Preview(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[apitype.OpType]int{apitype.OpSame: 4}, preview.ChangeSummary)
	assert.Empty(t, c.Calls())

	attach()
	_, err = s.Destroy(t.Context())
	require.NoError(t, err)
	assert.Equal(t, empty, c.Dump())
}

// serve serves the provider from this process and returns its port.
func serve(t *testing.T) int {
	t.Helper()
	prov, err := provider.New()
	require.NoError(t, err)
	server, err := p.RawServer(provider.Name, "0.1.0", prov)(nil)
	require.NoError(t, err)
	end := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: end,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, server)
			return nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		close(end)
		assert.NoError(t, <-handle.Done)
	})
	return handle.Port
}
