// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const scriptAPI = "/accounts/" + account + "/workers/scripts/api"

// settingChanges are the changes of a Worker's settings.
func settingChanges() []change {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	targeted := func(target, value string) func(world, object) object {
		return set(object{"mode": "targeted", target: value}, "placement")
	}
	added := func(target string) map[string]p.DiffKind {
		return map[string]p.DiffKind{"placement.mode": p.Update, "placement." + target: p.Add}
	}
	return []change{
		{
			name: "placed near a region", covers: []string{"placement.mode", "placement.region"},
			edit: targeted("region", "aws:us-east-1"), diff: added("region"),
		},
		{
			name: "placed near a host", covers: []string{"placement.host"}, edit: targeted("host", "db.example.com:5432"),
			diff: added("host"),
		},
		{
			name: "placed near a hostname", covers: []string{"placement.hostname"},
			edit: targeted("hostname", "origin.example.com"), diff: added("hostname"),
		},
		{
			name: "placement hint", covers: []string{"placement.hint"}, edit: set("wnam", "placement", "hint"),
			diff: map[string]p.DiffKind{"placement.hint": p.Add},
		},
		{name: "placed anywhere", edit: set(nil, "placement"), diff: map[string]p.DiffKind{"placement": p.Delete}},
		{
			name: "more CPU time", covers: []string{"limits.cpuMs"}, edit: set(100, "limits", "cpuMs"),
			diff: map[string]p.DiffKind{"limits.cpuMs": p.Update},
		},
		{
			name: "subrequests limited", covers: []string{"limits.subrequests"}, edit: set(10, "limits", "subrequests"),
			diff: map[string]p.DiffKind{"limits.subrequests": p.Add},
		},
		{name: "no limits", edit: set(nil, "limits"), diff: map[string]p.DiffKind{"limits": p.Delete}},
		{
			name: "not cached", covers: []string{"cacheOptions.enabled"}, edit: set(false, "cacheOptions", "enabled"),
			diff: map[string]p.DiffKind{"cacheOptions.enabled": p.Update},
		},
		{
			name: "cached for all versions", covers: []string{"cacheOptions.crossVersionCache"},
			edit: set(true, "cacheOptions", "crossVersionCache"),
			diff: map[string]p.DiffKind{"cacheOptions.crossVersionCache": p.Add},
		},
		{name: "cache left out", edit: set(nil, "cacheOptions"), diff: map[string]p.DiffKind{"cacheOptions": p.Delete}},
		{
			name: "another message", covers: []string{"annotations.message"},
			edit: set("r2://not a note", "annotations", "message"),
			diff: map[string]p.DiffKind{"annotations.message": p.Update},
		},
		{
			name: "no message", edit: set(nil, "annotations", "message"),
			diff: map[string]p.DiffKind{"annotations.message": p.Delete},
		},
		{
			name: "another tag", covers: []string{"annotations.tag"}, edit: set("v2", "annotations", "tag"),
			diff: map[string]p.DiffKind{"annotations.tag": p.Update},
		},
		{name: "no annotations", edit: set(nil, "annotations"), diff: map[string]p.DiffKind{"annotations": p.Delete}},
		{
			name: "observability switched off", covers: []string{"observability.enabled"},
			edit: set(false, "observability", "enabled"), diff: map[string]p.DiffKind{"observability.enabled": p.Update},
		},
		{
			name: "observability left out", edit: set(nil, "observability"),
			diff: map[string]p.DiffKind{"observability": p.Delete},
		},
		{
			name: "another sample", covers: []string{"observability.headSamplingRate"},
			edit: set(0, "observability", "headSamplingRate"),
			diff: map[string]p.DiffKind{"observability.headSamplingRate": p.Update},
		},
		{
			name: "all requests observed", edit: set(nil, "observability", "headSamplingRate"),
			diff: map[string]p.DiffKind{"observability.headSamplingRate": p.Delete},
		},
		{
			name: "all of logs", covers: []string{
				"observability.logs.enabled", "observability.logs.headSamplingRate", "observability.logs.invocationLogs",
				"observability.logs.persist", "observability.logs.destinations",
			},
			edit: set(object{
				"enabled": false, "headSamplingRate": 0.25, "invocationLogs": true, "persist": false, "destinations": []any{"b"},
			}, "observability", "logs"),
			diff: map[string]p.DiffKind{
				"observability.logs.enabled": p.Add, "observability.logs.headSamplingRate": p.Add,
				"observability.logs.invocationLogs": p.Update, "observability.logs.persist": p.Add,
				"observability.logs.destinations[1]": p.Delete,
			},
		},
		{
			name: "raw metadata", covers: []string{"rawMetadata"},
			edit: set(object{"novelty": object{"on": true}}, "rawMetadata"), diff: map[string]p.DiffKind{"rawMetadata": p.Add},
		},
		{
			name: "variables of others kept", covers: []string{"unmanagedVariables"}, idle: true,
			edit: set("keep", "unmanagedVariables"), diff: map[string]p.DiffKind{"unmanagedVariables": p.Add},
		},
		{
			name: "objects moved later", covers: []string{"codeUpdateStrategy.mode", "codeUpdateStrategy.maxDelay"},
			edit: set(object{"mode": "deferred", "maxDelay": 30}, "codeUpdateStrategy"),
			diff: map[string]p.DiffKind{"codeUpdateStrategy": p.Add},
		},
		{
			name: "query strings redacted", covers: []string{"observability.redactQueryString"},
			edit: set(true, "observability", "redactQueryString"),
			diff: map[string]p.DiffKind{"observability.redactQueryString": p.Add},
		},
		{
			name: "issues found", covers: []string{"observability.issues.enabled"},
			edit: set(object{"enabled": true}, "observability", "issues"),
			diff: map[string]p.DiffKind{"observability.issues": p.Add},
		},
		{
			name: "logs as usual", edit: set(nil, "observability", "logs"),
			diff: map[string]p.DiffKind{"observability.logs": p.Delete},
		},
		{
			name: "traces", covers: []string{
				"observability.traces.enabled", "observability.traces.headSamplingRate", "observability.traces.persist",
				"observability.traces.destinations",
			},
			edit: set(object{
				"enabled": true, "headSamplingRate": 0.25, "persist": false, "destinations": []any{"a"},
			}, "observability", "traces"),
			diff: map[string]p.DiffKind{"observability.traces": p.Add},
		},
		{
			name: "defaults written down", idle: true, edit: func(_ world, o object) object {
				return o.with(true, "observability", "logs", "enabled").with(1, "observability", "logs", "headSamplingRate").
					with(object{"enabled": false, "persist": true}, "observability", "traces").
					with("production", "tailConsumers", "auth", "environment").with(false, "cacheOptions", "crossVersionCache")
			},
			diff: map[string]p.DiffKind{
				"observability.logs.enabled": p.Add, "observability.logs.headSamplingRate": p.Add, "observability.traces": p.Add,
				"tailConsumers.auth.environment": p.Add, "cacheOptions.crossVersionCache": p.Add,
			},
		},
		{
			name: "everything in another order", idle: true, edit: func(_ world, o object) object {
				return o.with([]any{"a", "b"}, "observability", "logs", "destinations").with([]any{"prod", "team:web"}, "tags").
					with([]any{"0 0 * * SUN", "*/5 * * * *"}, "schedules")
			},
			diff: map[string]p.DiffKind{
				"observability.logs.destinations[0]": p.Update, "observability.logs.destinations[1]": p.Update,
				"tags[0]": p.Update, "tags[1]": p.Update, "schedules[0]": p.Update, "schedules[1]": p.Update,
			},
		},
		{
			name: "no Logpush", covers: []string{"logpush"}, edit: set(false, "logpush"),
			diff: map[string]p.DiffKind{"logpush": p.Update},
		},
		{
			name: "tag added", covers: []string{"tags"}, edit: set([]any{"team:web", "prod", "eu"}, "tags"),
			diff: map[string]p.DiffKind{"tags[2]": p.Add},
		},
		{name: "no tags", edit: set(nil, "tags"), diff: map[string]p.DiffKind{"tags": p.Delete}},
		{
			name: "tail consumer exchanged", edit: set(object{"other-auth": object{}}, "tailConsumers"),
			diff: map[string]p.DiffKind{"tailConsumers.auth": p.Delete, `tailConsumers["other-auth"]`: p.Add},
		},
		{
			name: "tail consumer in an environment", covers: []string{"tailConsumers.*.environment"},
			edit: set("staging", "tailConsumers", "auth", "environment"),
			diff: map[string]p.DiffKind{"tailConsumers.auth.environment": p.Add},
		},
		{name: "no tail consumers", edit: set(nil, "tailConsumers"), diff: map[string]p.DiffKind{"tailConsumers": p.Delete}},
		{
			name: "streaming tail consumer added", covers: []string{"streamingTailConsumers.*"},
			edit: set(object{}, "streamingTailConsumers", "auth"),
			diff: map[string]p.DiffKind{"streamingTailConsumers.auth": p.Add},
		},
		{
			name: "no streaming tail consumers", edit: set(nil, "streamingTailConsumers"),
			diff: map[string]p.DiffKind{"streamingTailConsumers": p.Delete},
		},
		{
			name: "schedule changed", covers: []string{"schedules"},
			edit: set([]any{"*/5 * * * *", "0 12 * * MON-FRI"}, "schedules"),
			diff: map[string]p.DiffKind{"schedules[1]": p.Update},
		},
		{name: "no schedules", edit: set(nil, "schedules"), diff: map[string]p.DiffKind{"schedules": p.Delete}},
		{
			name: "code and settings together", edit: func(w world, o object) object {
				return o.with(w.builds["v2"].reference(), "bundle").with(nil, "limits").with(nil, "tags").with(nil, "schedules")
			},
			diff: map[string]p.DiffKind{
				"bundle.key": p.Update, "bundle.sha256": p.Update, "limits": p.Delete, "tags": p.Delete, "schedules": p.Delete,
			},
		},
	}
}

// patched changes settings of the Worker, as the dashboard does.
func edited(settings object) func(w world, s *stack) error {
	return func(w world, _ *stack) error { return w.raw(http.MethodPatch, scriptAPI+"/script-settings", settings) }
}

func scheduled(crons ...string) func(w world, s *stack) error {
	return func(w world, _ *stack) error {
		body := []object{}
		for _, cron := range crons {
			body = append(body, object{"cron": cron})
		}
		return w.raw(http.MethodPut, scriptAPI+"/schedules", body)
	}
}

// settingDrifts are changes of a Worker's settings that others make.
func settingDrifts() []drift {
	version := []string{"deploymentId", "traffic", "versionId"}
	logs := object{"enabled": true, "invocation_logs": false, "destinations": []any{"a", "b"}}
	observed := object{"enabled": true, "head_sampling_rate": 0.5, "logs": logs}
	return []drift{
		{
			name: "placed elsewhere", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) {
				u.Placement = cfapi.Placement{Mode: "targeted", Region: "gcp:europe-west1"}
			}),
			diff: map[string]p.DiffKind{"placement.mode": p.Update, "placement.region": p.Delete},
		},
		{
			name: "placed anywhere", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) { u.Placement = cfapi.Placement{} }),
			diff: map[string]p.DiffKind{"placement": p.Add},
		},
		{
			name: "other limits", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) { u.Limits = cfapi.Limits{CPUMs: 51, Subrequests: 1} }),
			diff: map[string]p.DiffKind{"limits.cpuMs": p.Update, "limits.subrequests": p.Delete},
		},
		{
			name: "cached otherwise", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) { u.CacheOptions = cfapi.CacheOptions{CrossVersionCache: true} }),
			diff: map[string]p.DiffKind{"cacheOptions.enabled": p.Update, "cacheOptions.crossVersionCache": p.Delete},
		},
		{
			name: "other annotations", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) {
				u.Message, u.Tag, u.Limits.CPUMs = "theirs "+u.Message[len("the first release "):], "v9", 51
			}),
			diff: map[string]p.DiffKind{
				"annotations.message": p.Update, "annotations.tag": p.Update, "limits.cpuMs": p.Update,
			},
		},
		{
			name: "observability switched off", make: edited(object{"observability": object{"enabled": false}}),
			diff: map[string]p.DiffKind{
				"observability.enabled": p.Update, "observability.headSamplingRate": p.Update,
				"observability.logs.invocationLogs": p.Update, "observability.logs.destinations": p.Add,
			},
		},
		{
			name: "another sample", make: edited(object{"observability": observed.with(0.1, "head_sampling_rate")}),
			diff: map[string]p.DiffKind{"observability.headSamplingRate": p.Update},
		},
		{
			name: "query strings redacted, and issues found",
			make: edited(object{
				"observability": observed.with(true, "redact_query_string").with(object{"enabled": true}, "issues"),
			}),
			diff: map[string]p.DiffKind{"observability.redactQueryString": p.Delete, "observability.issues": p.Delete},
		},
		{
			name: "logs switched off", make: edited(object{"observability": observed.with(false, "logs", "enabled")}),
			diff: map[string]p.DiffKind{"observability.logs.enabled": p.Delete},
		},
		{
			name: "traces switched on", make: edited(object{
				"observability": observed.with(object{"enabled": true, "persist": false}, "traces"),
			}),
			diff: map[string]p.DiffKind{"observability.traces": p.Delete},
		},
		{
			name: "Logpush switched off", make: edited(object{"logpush": false}),
			diff: map[string]p.DiffKind{"logpush": p.Update},
		},
		{
			name: "tag added elsewhere", make: edited(object{"tags": []any{"theirs", "prod", "team:web"}}),
			diff: map[string]p.DiffKind{"tags[0]": p.Update, "tags[2]": p.Delete},
		},
		{name: "tags removed", make: edited(object{"tags": []any{}}), diff: map[string]p.DiffKind{"tags": p.Add}},
		{
			name: "tail consumer exchanged",
			make: edited(object{"tail_consumers": []any{object{"service": "other-auth"}}}),
			diff: map[string]p.DiffKind{"tailConsumers.auth": p.Add, `tailConsumers["other-auth"]`: p.Delete},
		},
		{
			name: "streaming tail consumers removed", make: edited(object{"streaming_tail_consumers": []any{}}),
			diff: map[string]p.DiffKind{"streamingTailConsumers": p.Add},
		},
		{
			name: "schedule added elsewhere", make: scheduled("*/5 * * * *", "0 0 * * SUN", "1 1 * * *"),
			diff: map[string]p.DiffKind{"schedules[2]": p.Delete},
		},
		{name: "schedules removed", make: scheduled(), diff: map[string]p.DiffKind{"schedules": p.Add}},
	}
}

// unset is a Worker that uses none of the settings.
func unset(w world) object {
	program := cloudflareWorker().program(w)
	for _, name := range []string{
		"placement", "limits", "cacheOptions", "annotations", "observability", "logpush", "tags", "tailConsumers",
		"streamingTailConsumers", "schedules", "customDomains",
	} {
		program = program.with(nil, name)
	}
	return program
}

// TestASettingSwitchedOnElsewhereIsSeen: also one that the program says nothing of.
func TestASettingSwitchedOnElsewhereIsSeen(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]drift{
		"observability": {make: edited(object{"observability": object{"enabled": true, "logs": object{
			"enabled": false, "invocation_logs": true,
		}}})},
		"logpush":       {make: edited(object{"logpush": true})},
		"tags":          {make: edited(object{"tags": []any{"theirs"}})},
		"tailConsumers": {make: edited(object{"tail_consumers": []any{object{"service": "auth"}}})},
		"streamingTailConsumers": {
			make: edited(object{"streaming_tail_consumers": []any{object{"service": "auth"}}}),
		},
		"schedules": {make: scheduled("* * * * *")},
		"placement": {make: theirs(func(_ world, u *cfapi.Upload) { u.Placement.Mode = "smart" })},
		"limits":    {make: theirs(func(_ world, u *cfapi.Upload) { u.Limits.Subrequests = 1 })},
		"cacheOptions": {
			make: theirs(func(_ world, u *cfapi.Upload) { u.CacheOptions.CrossVersionCache = true }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			program := properties(unset(w))
			s.mustUp(program)
			before, state := w.Dump(), s.state(t)
			require.NoError(t, d.make(w, s))
			require.NoError(t, s.refresh())
			pl, err := s.preview(program)
			require.NoError(t, err)
			assert.Equal(t, map[string]p.DiffKind{name: p.Delete}, pl.kinds())
			s.mustUp(program)
			equalAccounts(t, before, w.Dump())
			assert.Equal(t, state, s.state(t))
		})
	}
}

// TestWhatCloudflareFillsInIsNoDrift: settings that say the same in more words.
func TestWhatCloudflareFillsInIsNoDrift(t *testing.T) {
	t.Parallel()
	all := func(enabled bool) object {
		return object{
			"enabled": enabled, "head_sampling_rate": 1, "logs": object{
				"enabled": enabled, "head_sampling_rate": nil, "invocation_logs": true, "persist": true, "destinations": []any{},
			},
			"traces": object{"enabled": false, "persist": true, "head_sampling_rate": 1, "destinations": []any{}},
		}
	}
	for name, test := range map[string]struct {
		program func(o object) object
		answers object
	}{
		"nothing": {func(o object) object { return o }, object{
			"observability": all(false), "logpush": false, "tags": nil, "tail_consumers": []any{},
			"streaming_tail_consumers": []any{},
		}},
		"observability": {
			func(o object) object { return o.with(true, "observability", "enabled") }, object{"observability": all(true)},
		},
		"the consumers' environment": {
			func(o object) object { return o.with(object{"auth": object{}}, "tailConsumers") },
			object{"tail_consumers": []any{object{"service": "auth", "environment": "production"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			program := properties(test.program(unset(w)))
			s.mustUp(program)
			state := s.state(t)
			require.NoError(t, edited(test.answers)(w, s))
			require.NoError(t, s.refresh())
			assert.Equal(t, state, s.state(t))
			pl, err := s.preview(program)
			require.NoError(t, err)
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		})
	}
}

// TestSettingsThatNobodyUsesCostOneRequest: nothing when a Worker is made, and one
// request for the cron triggers when it is read. The one that tells whether it is
// on workers.dev tells the other settings too.
func TestSettingsThatNobodyUsesCostOneRequest(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := properties(unset(w))
	s.mustUp(program)
	require.NoError(t, s.destroy())
	w.forget()
	s.mustUp(program)
	assert.Equal(t, []string{
		"GET /accounts/{account}/workers/scripts/api/deployments",
		"GET /zones/{zone}/workers/routes",
		"GET /zones/{zone}/dns_records?name.exact=api.example.com&page=1&per_page=100",
		"PUT /accounts/{account}/workers/scripts/api?bindings_inherit=strict&excludeScript=true",
		"POST /accounts/{account}/workers/scripts/api/subdomain",
		"POST /zones/{zone}/dns_records",
		"POST /zones/{zone}/workers/routes",
		"POST /zones/{zone}/workers/routes",
	}, w.requests())
	require.NoError(t, s.refresh())
	assert.Equal(t, []string{
		"GET /accounts/{account}/workers/scripts/api/deployments",
		"GET /accounts/{account}/workers/workers/api",
		"GET /accounts/{account}/workers/subdomain",
		"GET /accounts/{account}/workers/scripts/api/schedules",
		"GET /zones/{zone}/workers/routes",
		"GET /zones/{zone}/dns_records?content.exact=100%3A%3A&page=1&per_page=100&type=AAAA",
	}, w.requests())
}

// TestAMessageIsFoundByAnImport: that of the program, and behind it where the bundle came from.
func TestAMessageIsFoundByAnImport(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, made := built(t, r)
	assert.Contains(t, w.Dump(), `message "the first release r2://bundles/builds/v1/?`)
	found := newStack(t, w.cloud, r.token)
	require.NoError(t, found.importByID(r.importID(w, made)))
	assert.Equal(t, made.inputs.Get("annotations"), found.inputs.Get("annotations"))
	assert.Equal(t, made.inputs.Get("bundle"), found.inputs.Get("bundle"))
}

// TestAnnotationsSurviveAChangeOfSecrets, which makes a version that says nothing of itself.
func TestAnnotationsSurviveAChangeOfSecrets(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	require.NoError(t, w.raw(http.MethodPut, scriptAPI+"/secrets",
		map[string]string{"name": "TOKEN", "type": "secret_text", "text": "theirs"}))
	require.NoError(t, s.refresh())
	assert.Equal(t, propertyOf(object{"message": "the first release", "tag": "v1"}), s.inputs.Get("annotations"))

	found := newStack(t, w.cloud, r.token)
	require.NoError(t, found.importByID(r.importID(w, s)))
	assert.Equal(t, s.inputs.Get("annotations"), found.inputs.Get("annotations"))
}
