// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"strings"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

// TestSettingsAreImported: what wrangler has deployed, the provider reads as its own inputs.
func TestSettingsAreImported(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.steps(
		step{run: "deploy", config: plain("log"), files: map[string]string{
			"index.js": `export default { fetch: () => new Response(""), tail() {} }`,
		}},
		step{
			run: "deploy --message first --tag v1", files: map[string]string{
				"index.js": `export default { fetch: () => new Response("hello"), scheduled() {} }`,
			},
			config: plain("set").with(config{
				"placement": config{"mode": "smart"}, "limits": config{"cpu_ms": 50, "subrequests": 10},
				"cache": config{"enabled": true}, "logpush": true,
				"observability": config{
					"enabled": true, "head_sampling_rate": 0.5,
					"logs":   config{"enabled": true, "invocation_logs": false, "persist": true},
					"traces": config{"enabled": true, "persist": false, "destinations": []string{"there"}},
				},
				"tail_consumers":           []config{{"service": "log"}},
				"streaming_tail_consumers": []config{{"service": "log"}},
				"triggers":                 config{"crons": []string{"*/5 * * * *"}},
			}),
		},
	)
	inputs := w.imported("set")
	yes, no, text, object := property.New(true), property.New(false), property.New[string],
		property.New[map[string]property.Value]
	want := map[string]property.Value{
		"placement":    object(map[string]property.Value{"mode": text("smart")}),
		"limits":       object(map[string]property.Value{"cpuMs": property.New(50.0), "subrequests": property.New(10.0)}),
		"cacheOptions": object(map[string]property.Value{"enabled": yes}),
		"annotations":  object(map[string]property.Value{"message": text("first"), "tag": text("v1")}),
		"observability": object(map[string]property.Value{
			"enabled": yes, "headSamplingRate": property.New(0.5),
			"logs": object(map[string]property.Value{"invocationLogs": no}),
			"traces": object(map[string]property.Value{
				"enabled": yes, "persist": no, "destinations": property.New([]property.Value{text("there")}),
			}),
		}),
		"logpush":                yes,
		"tailConsumers":          object(map[string]property.Value{"log": object(map[string]property.Value{})}),
		"streamingTailConsumers": object(map[string]property.Value{"log": object(map[string]property.Value{})}),
		"schedules":              property.New([]property.Value{text("*/5 * * * *")}),
	}
	for name, value := range want {
		assert.True(t, inputs.Get(name).Equals(value), "%s: %v", name, inputs.Get(name))
	}
	assert.True(t, inputs.Get("tags").IsNull())
	w.steps(step{run: "deploy", config: plain("set").with(config{"triggers": config{"crons": []string{}}})})
	inputs = w.imported("set")
	for _, name := range []string{"placement", "limits", "cacheOptions", "annotations", "observability", "schedules"} {
		assert.True(t, inputs.Get(name).IsNull(), "%s: %v", name, inputs.Get(name))
	}
}

// imported returns the inputs of a Worker as the provider reads them.
func (w *workspace) imported(name string) property.Map {
	w.t.Helper()
	prov, err := provider.New()
	require.NoError(w.t, err)
	server, err := integration.NewServer(
		w.t.Context(), provider.Name, semver.MustParse("0.0.0"), integration.WithProvider(prov))
	require.NoError(w.t, err)
	endpoint := ""
	for _, variable := range w.env {
		if url, ok := strings.CutPrefix(variable, "CLOUDFLARE_API_BASE_URL="); ok {
			endpoint = url
		}
	}
	require.NoError(w.t, server.Configure(p.ConfigureRequest{Args: property.NewMap(map[string]property.Value{
		"accountId": property.New(emulator.DefaultAccountID), "apiToken": property.New(emulator.DefaultToken),
		"endpoint": property.New(endpoint), "cacheDir": property.New(w.t.TempDir()),
	})}))
	read, err := server.Read(p.ReadRequest{
		ID:  emulator.DefaultAccountID + "/" + name,
		Urn: resource.NewURN("dev", "conformance", "", provider.Name+":index:CloudflareWorker", "it"),
	})
	require.NoError(w.t, err)
	return read.Inputs
}
