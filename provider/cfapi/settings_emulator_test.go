// SPDX-License-Identifier: Apache-2.0

package cfapi_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func TestTheLifeOfSettings(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	_, err := c.Worker(ctx, account, "api")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	require.ErrorIs(t, c.PatchScriptSettings(ctx, account, "api", cfapi.ScriptSettings{}), cfapi.ErrNotFound)

	up := worker(source)
	up.Placement, up.Limits = cfapi.Placement{Mode: "smart"}, cfapi.Limits{CPUMs: 50}
	up.CacheOptions = cfapi.CacheOptions{Enabled: true}
	done, err := c.PutScript(ctx, account, "api", up)
	require.NoError(t, err)
	version, err := c.Version(ctx, account, "api", done.VersionID)
	require.NoError(t, err)
	assert.Equal(t, up.Placement, version.Placement)
	assert.Equal(t, up.Limits, version.Limits)
	assert.Equal(t, up.CacheOptions, version.CacheOptions)

	none := cfapi.Worker{Settings: cfapi.ScriptSettings{
		Logpush: new(false), Tags: []string{}, TailConsumers: []cfapi.TailConsumer{},
		StreamingTailConsumers: []cfapi.TailConsumer{}, Observability: json.RawMessage(`{"enabled":false}`),
	}}
	got, err := c.Worker(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, none, got)

	some := cfapi.ScriptSettings{
		Logpush: new(true), Tags: []string{"b", "a"}, TailConsumers: []cfapi.TailConsumer{{Service: "log"}},
		StreamingTailConsumers: []cfapi.TailConsumer{{Service: "live"}}, Observability: json.RawMessage(`{"enabled":true}`),
	}
	require.NoError(t, c.PatchScriptSettings(ctx, account, "api", some))
	require.NoError(t, c.PatchScriptSettings(ctx, account, "api", cfapi.ScriptSettings{}), "nothing changes nothing")
	got, err = c.Worker(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, some, got.Settings)

	require.NoError(t, c.PatchScriptSettings(ctx, account, "api", none.Settings))
	got, err = c.Worker(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, none, got)

	for name, wrong := range map[string]cfapi.ScriptSettings{
		"eleven tags":   {Tags: make([]string, 11)},
		"no service":    {TailConsumers: []cfapi.TailConsumer{{Environment: "staging"}}},
		"no rate":       {Observability: json.RawMessage(`{"enabled":true,"logs":{"head_sampling_rate":2}}`)},
		"no boolean":    {Observability: json.RawMessage(`{"enabled":"yes"}`)},
		"neither truth": {Observability: json.RawMessage(`{"traces":{"persist":0}}`)},
	} {
		require.ErrorIs(t, c.PatchScriptSettings(ctx, account, "api", wrong), cfapi.ErrInvalid, name)
	}
	got, err = c.Worker(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, none, got, "a refusal changes nothing")
}
