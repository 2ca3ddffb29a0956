// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
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
