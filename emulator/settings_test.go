// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestScriptSettingsChangeWithoutAVersion(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	var got struct {
		Logpush       bool
		Tags          []string
		Observability struct{ Enabled bool }
	}
	c.must(http.MethodGet, scripts+"hello/script-settings", nil, &got)
	assert.False(t, got.Observability.Enabled)
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{"observability": object{"enabled": true}}, nil)
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{"tags": []string{"a"}}, &got)
	assert.True(t, got.Observability.Enabled, "what is not sent stays")
	assert.Equal(t, []string{"a"}, got.Tags)
	assert.Len(t, c.deployments("hello"), 1)
	c.refused(http.StatusBadRequest, 10021, http.MethodPatch, scripts+"hello/script-settings",
		object{"tags": make([]string, 11)})
	c.refused(http.StatusBadRequest, 10026, http.MethodPatch, scripts+"hello/script-settings", "{")
}

func TestSettingsShowTheDeployedVersion(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusNotFound, 10007, http.MethodGet, scripts+"hello/settings", nil)
	c.upload("hello", hello, object{"limits": object{"cpu_ms": 50}, "placement": object{"mode": "smart"}})
	c.version("hello", hello, object{"compatibility_date": "2026-02-02"})
	var got struct {
		CompatibilityDate string `json:"compatibility_date"`
		UsageModel        string `json:"usage_model"`
		Limits, Placement map[string]any
	}
	c.must(http.MethodGet, scripts+"hello/settings", nil, &got)
	assert.Equal(t, "2026-01-01", got.CompatibilityDate)
	assert.Equal(t, "standard", got.UsageModel)
	assert.Equal(t, map[string]any{"cpu_ms": 50.0}, got.Limits)
	assert.Equal(t, map[string]any{"mode": "smart"}, got.Placement)
}

func TestPatchedSettingsAreAVersionWithTheSameCode(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, object{"bindings": []object{text("A", "1"), secret("S", "2")}})
	patch := func(text string) reply {
		return c.must(http.MethodPatch, scripts+"hello/settings", form{{"settings", "application/json", text}}, nil)
	}
	patch(`{"compatibility_date":"2026-03-03"}`)
	id := c.deployments("hello")[0].Versions[0].VersionID
	assert.Len(t, c.bindings("hello", id), 2, "what is not sent stays")
	patch(`{"bindings":[{"type":"plain_text","name":"A","text":"9"},{"type":"inherit","name":"S"}]}`)
	id = c.deployments("hello")[0].Versions[0].VersionID
	bindings := c.bindings("hello", id)
	require.Len(t, bindings, 2)
	assert.Equal(t, "9", bindings[0]["text"])
	assert.Equal(t, "1", c.bindings("hello", first)[0]["text"], "versions are immutable")
	assert.Contains(t, c.send(http.MethodGet, scripts+"hello", nil).Body, hello)
	c.refused(http.StatusUnsupportedMediaType, 10001, http.MethodPatch, scripts+"hello/settings", object{})
}

func TestSettingsOfTheWrongFormAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	before := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	for _, wrong := range []object{
		{"tail_consumers": []object{{"service": ""}}},
		{"streaming_tail_consumers": []object{{}}},
		{"tail_consumers": "log"},
		{"observability": object{"head_sampling_rate": 1.5}},
		{"observability": object{"logs": object{"head_sampling_rate": -1}}},
		{"observability": object{"traces": object{"destinations": "x"}}},
		{"observability": []string{}},
	} {
		c.refused(http.StatusBadRequest, 10021, http.MethodPatch, scripts+"hello/script-settings", wrong)
	}
	after := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	assert.JSONEq(t, string(before.Result), string(after.Result))
}

func TestSettingsThatAreTakenAwayAreAsIfTheyHadNeverBeen(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c := start(t, server)
	c.upload("hello", hello, nil)
	before := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	consumers := []object{{"service": "log"}}
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{
		"tail_consumers": consumers, "streaming_tail_consumers": consumers, "tags": []string{"a"}, "logpush": true,
		"observability": object{"enabled": true},
	}, nil)
	assert.Contains(t, server.Dump(), `"streaming_tail_consumers":[{"service":"log"}]`)
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{
		"tail_consumers": []object{}, "streaming_tail_consumers": []object{}, "tags": []string{}, "logpush": false,
		"observability": object{"enabled": false},
	}, nil)
	after := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	assert.JSONEq(t, string(before.Result), string(after.Result))
}

func TestAVersionShowsItsSettings(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	id := c.version("hello", hello, object{
		"limits": object{"cpu_ms": 50}, "placement": object{"mode": "smart"}, "cache_options": object{"enabled": true},
	})
	var got struct {
		CacheOptions map[string]any `json:"cache_options"`
		Resources    struct {
			Script  struct{ Placement map[string]any }
			Runtime struct{ Limits map[string]any } `json:"script_runtime"`
		}
	}
	c.must(http.MethodGet, scripts+"hello/versions/"+id, nil, &got)
	assert.Equal(t, map[string]any{"enabled": true}, got.CacheOptions)
	assert.Equal(t, map[string]any{"mode": "smart"}, got.Resources.Script.Placement)
	assert.Equal(t, map[string]any{"cpu_ms": 50.0}, got.Resources.Runtime.Limits)
}

func TestTheSubdomainOfAScript(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	type subdomain struct {
		Enabled  bool
		Previews bool `json:"previews_enabled"`
	}
	do := func(method string, body any) (got subdomain) {
		c.must(method, scripts+"hello/subdomain", body, &got)
		return got
	}
	assert.Equal(t, subdomain{}, do(http.MethodGet, nil))
	assert.Equal(t, subdomain{true, true}, do(http.MethodPost, object{"enabled": true, "previews_enabled": true}))
	assert.Equal(t, subdomain{false, true}, do(http.MethodPost, object{"enabled": false}), "what is not sent stays")
	assert.Equal(t, subdomain{}, do(http.MethodDelete, nil))
}

func TestSchedulesAreReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	crons := func() (all []string) {
		var got struct{ Schedules []struct{ Cron string } }
		c.must(http.MethodGet, scripts+"hello/schedules", nil, &got)
		for _, s := range got.Schedules {
			all = append(all, s.Cron)
		}
		return all
	}
	c.must(http.MethodPut, scripts+"hello/schedules", []object{{"cron": "*/5 * * * *"}, {"cron": "0 0 * * *"}}, nil)
	assert.Equal(t, []string{"*/5 * * * *", "0 0 * * *"}, crons())
	c.refused(http.StatusBadRequest, 10100, http.MethodPut, scripts+"hello/schedules", []object{{"cron": "daily"}})
	c.refused(http.StatusBadRequest, 10100, http.MethodPut, scripts+"hello/schedules", []object{{"cron": "0 0 * * 0"}})
	c.refused(http.StatusBadRequest, 10026, http.MethodPut, scripts+"hello/schedules",
		[]object{{"cron": object{"cron": "* * * * *"}}})
	assert.Equal(t, []string{"*/5 * * * *", "0 0 * * *"}, crons())
	c.must(http.MethodPut, scripts+"hello/schedules", []object{}, nil)
	assert.Empty(t, crons())
}
