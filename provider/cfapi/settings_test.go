// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var settingsRequests = []request{
	{
		name: "Worker",
		answer: `{"id":"w1","name":"api","subdomain":{"enabled":true,"previews_enabled":false},"logpush":true,"tags":["a"],
			"tail_consumers":[{"service":"log","environment":"production"}],"streaming_tail_consumers":[{"service":"live"}],
			"observability":{"enabled":true,"logs":{"enabled":true}},"references":{"workers":[],
			 "domains":[{"id":"d","hostname":"a.example.com","zone_id":"z","zone_name":"example.com"}]}}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Worker(ctx, testAccount, "a/b") },
		want: Worker{Subdomain: Subdomain{Enabled: true}, Settings: ScriptSettings{
			Logpush: new(true), Tags: []string{"a"}, TailConsumers: []TailConsumer{{"log", "production"}},
			StreamingTailConsumers: []TailConsumer{{Service: "live"}},
			Observability:          json.RawMessage(`{"enabled":true,"logs":{"enabled":true}}`),
		}, Domains: []Domain{
			{ID: "d", Hostname: "a.example.com", Service: "a/b", ZoneID: "z", ZoneName: "example.com"},
		}},
	},
	{
		name: "Worker, which has nothing",
		answer: `{"subdomain":{"enabled":false,"previews_enabled":true},"logpush":false,"tags":null,"tail_consumers":null,
			"streaming_tail_consumers":null,"observability":{"enabled":false}}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Worker(ctx, testAccount, "api") },
		want: Worker{Subdomain: Subdomain{PreviewsEnabled: true}, Settings: ScriptSettings{
			Logpush: new(false), Tags: []string{}, TailConsumers: []TailConsumer{}, StreamingTailConsumers: []TailConsumer{},
			Observability: json.RawMessage(`{"enabled":false}`),
		}},
	},
	{
		name: "Worker, in an answer without streaming tail consumers", answer: `{"tags":[],"tail_consumers":[]}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Worker(ctx, testAccount, "api") },
		want: Worker{Settings: ScriptSettings{
			Logpush: new(false), Tags: []string{}, TailConsumers: []TailConsumer{},
		}},
	},
	{
		name: "PatchScriptSettings, one", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PatchScriptSettings(ctx, testAccount, "a/b", ScriptSettings{Logpush: new(false)})
		},
	},
	{
		name: "PatchScriptSettings, all to none", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PatchScriptSettings(ctx, testAccount, "api", ScriptSettings{
				Logpush: new(false), Tags: []string{}, TailConsumers: []TailConsumer{}, StreamingTailConsumers: []TailConsumer{},
				Observability: json.RawMessage(`{"enabled":false}`),
			})
		},
	},
	{
		name: "PatchScriptSettings, consumers", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PatchScriptSettings(ctx, testAccount, "api", ScriptSettings{
				TailConsumers: []TailConsumer{{"log", "staging"}}, StreamingTailConsumers: []TailConsumer{{Service: "live"}},
			})
		},
	},
	{
		name: "CreateVersion, with settings", answer: `{"id":"v1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateVersion(ctx, testAccount, "api", Upload{
				MainModule: "main.js", Modules: []Module{{"main.js", "application/javascript+module", nil}},
				Placement: Placement{Mode: "targeted", Host: "db.example.com:5432"}, Limits: Limits{CPUMs: 50, Subrequests: 9},
				CacheOptions: CacheOptions{CrossVersionCache: true},
			})
		},
		want: Uploaded{VersionID: "v1"},
	},
	{
		name: "Version, with settings",
		answer: `{"id":"v1","cache_options":{"enabled":true,"cross_version_cache":true},"resources":{
			"script":{"placement":{"mode":"smart","hint":"weur","status":"SUCCESS"},"placement_mode":"smart"},
			"script_runtime":{"limits":{"cpu_ms":50,"subrequests":9}}}}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Version(ctx, testAccount, "api", "v1") },
		want: Version{
			ID: "v1", Placement: Placement{Mode: "smart", Hint: "weur"}, Limits: Limits{CPUMs: 50, Subrequests: 9},
			CacheOptions: CacheOptions{Enabled: true, CrossVersionCache: true},
		},
	},
	{
		name: "Version, with the mode alone",
		answer: `{"id":"v1","cache_options":null,
			"resources":{"script":{"placement_mode":"smart"},"script_runtime":{"limits":null}}}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Version(ctx, testAccount, "api", "v1") },
		want: Version{ID: "v1", Placement: Placement{Mode: "smart"}},
	},
}

func TestEveryMethodOfSettingsSendsExactlyThis(t *testing.T) {
	t.Parallel()
	sendExactly(t, settingsRequests, "requests-settings.txt")
}

// TestSettingsAreRepeated: a change of settings that may have been made does no harm a second time.
func TestSettingsAreRepeated(t *testing.T) {
	t.Parallel()
	s := &script{steps: []step{{status: http.StatusBadGateway}}}
	c := s.client()
	c.Backoff = func(int) time.Duration { return 0 }
	require.NoError(t, c.PatchScriptSettings(t.Context(), testAccount, "api", ScriptSettings{Tags: []string{"a"}}))
	assert.Equal(t, []string{`{"tags":["a"]}`, `{"tags":["a"]}`}, s.bodies)
}
