// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// withSettings sets everything that a Worker can be set to.
func withSettings(w CloudflareWorkerArgs) CloudflareWorkerArgs {
	w.Placement = &Placement{Mode: SmartPlacement, Hint: "wnam", Region: "r", Host: "h", Hostname: "n"} // not all at once
	w.Limits = &Limits{CPUMs: new(50), Subrequests: new(10)}
	w.CacheOptions = &CacheOptions{Enabled: true, CrossVersionCache: true}
	w.Annotations = &Annotations{Message: "m", Tag: "t"}
	w.Observability = &Observability{
		Enabled: true, HeadSamplingRate: new(0.5),
		Logs: &ObservabilityLogs{
			Enabled: new(false), HeadSamplingRate: new(0.5), InvocationLogs: new(false), Persist: new(false),
			Destinations: []string{"b", "a"},
		},
		Traces: &ObservabilityTraces{
			Enabled: true, HeadSamplingRate: new(0.5), Persist: new(false), Destinations: []string{"b", "a"},
		},
		RedactQueryString: true, Issues: &ObservabilityIssues{Enabled: new(true)},
	}
	w.Logpush, w.Tags = true, []string{"b", "a"}
	w.TailConsumers = map[string]TailConsumer{"log": {Environment: "staging"}}
	w.StreamingTailConsumers = map[string]StreamingTailConsumer{"log": {}}
	w.Schedules = []string{"0 0 * * *"}
	return w
}

// TestEverySettingMatters: each member of each setting makes a plan of its own.
func TestEverySettingMatters(t *testing.T) {
	t.Parallel()
	seen := deployedAs(withSettings(wanted()))
	require.Empty(t, plan(seen, seen.CloudflareWorkerArgs, true))
	version := []string{"upload a version", "deploy the version"}
	plans := map[string][]string{
		"Placement": version, "Limits": version, "CacheOptions": version, "Annotations": version,
		"Observability": {"change settings: observability"}, "Logpush": {"change settings: logpush"},
		"Tags": {"change settings: tags"}, "TailConsumers": {"change settings: tailConsumers"},
		"StreamingTailConsumers": {"change settings: streamingTailConsumers"}, "Schedules": {"set schedules"},
	}
	for setting, calls := range plans {
		changed := seen.CloudflareWorkerArgs
		reflect.ValueOf(&changed).Elem().FieldByName(setting).SetZero()
		assert.Equal(t, calls, texts(plan(seen, changed, true)), "without %s", setting)
		back := deployedAs(changed)
		assert.Equal(t, calls, texts(plan(back, seen.CloudflareWorkerArgs, true)), "with %s", setting)
		eachMember(reflect.ValueOf(seen.CloudflareWorkerArgs).FieldByName(setting), func(path string, without reflect.Value) {
			changed := seen.CloudflareWorkerArgs
			reflect.ValueOf(&changed).Elem().FieldByName(setting).Set(without)
			assert.Equal(t, calls, texts(plan(seen, changed, true)), "without %s%s", setting, path)
		})
	}
}

// eachMember calls visit with copies of what v points at, in each of which one member is zero.
func eachMember(v reflect.Value, visit func(path string, without reflect.Value)) {
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return
	}
	for i := range v.Elem().NumField() {
		copied := func() reflect.Value {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			return c
		}
		name := "." + v.Type().Elem().Field(i).Name
		without := copied()
		without.Elem().Field(i).SetZero()
		visit(name, without)
		eachMember(v.Elem().Field(i), func(path string, inner reflect.Value) {
			without := copied()
			without.Elem().Field(i).Set(inner)
			visit(name+path, without)
		})
	}
}

func TestSettingsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	want := withSettings(wanted())
	assert.Equal(t, want.Placement, placementFromAPI(want.Placement.toAPI()))
	assert.Equal(t, want.Limits, limitsFromAPI(want.Limits.toAPI()))
	assert.Equal(t, want.CacheOptions, cacheOptionsFromAPI(want.CacheOptions.toAPI()))
	text, err := want.Observability.toAPI()
	require.NoError(t, err)
	assert.JSONEq(t, `{"enabled":true,"head_sampling_rate":0.5,
		"logs":{"enabled":false,"head_sampling_rate":0.5,"invocation_logs":false,"persist":false,"destinations":["b","a"]},
		"traces":{"enabled":true,"head_sampling_rate":0.5,"persist":false,"destinations":["b","a"]},
		"redact_query_string":true,"issues":{"enabled":true}}`, string(text))
	got, err := observabilityFromAPI(text)
	require.NoError(t, err)
	assert.Equal(t, want.Observability, got)

	assert.Equal(t, &Placement{Mode: TargetedPlacement, Region: "aws:us-east-1"},
		placementFromAPI(cfapi.Placement{Region: "aws:us-east-1"}), "the target says the mode")
	assert.Nil(t, placementFromAPI((*Placement)(nil).toAPI()))
	assert.Nil(t, limitsFromAPI((&Limits{}).toAPI()))
	assert.Nil(t, cacheOptionsFromAPI((&CacheOptions{}).toAPI()))
}

func TestObservabilityIsSentAsItIsWritten(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]*Observability{
		`{"enabled":false}`:                            nil,
		`{"enabled":true}`:                             {Enabled: true},
		`{"enabled":true,"head_sampling_rate":0}`:      {Enabled: true, HeadSamplingRate: new(0.0)},
		`{"enabled":false,"traces":{"enabled":true}}`:  {Traces: &ObservabilityTraces{Enabled: true}},
		`{"enabled":false,"traces":{"persist":false}}`: {Traces: &ObservabilityTraces{Persist: new(false)}},
		`{"enabled":true,"logs":{"enabled":true,"invocation_logs":true}}`: {
			Enabled: true, Logs: &ObservabilityLogs{},
		},
	} {
		text, err := o.toAPI()
		require.NoError(t, err)
		assert.JSONEq(t, want, string(text))
	}
}

// TestADriftIsToldInTheProgramsWords: what says the same stays as the program wrote it, and left out what it left out.
func TestADriftIsToldInTheProgramsWords(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		was  *Observability
		is   string
		want *Observability
	}{
		"nothing":       {nil, `{"enabled":false}`, nil},
		"no answer":     {nil, ``, nil},
		"null":          {nil, `null`, nil},
		"filled in":     {nil, `{"enabled":false,"head_sampling_rate":1,"logs":null,"traces":{"persist":true}}`, nil},
		"written alike": {&Observability{Logs: &ObservabilityLogs{}}, `{}`, &Observability{Logs: &ObservabilityLogs{}}},
		"in another order": {
			&Observability{Traces: &ObservabilityTraces{Destinations: []string{"b", "a"}}},
			`{"traces":{"destinations":["a","b"]}}`,
			&Observability{Traces: &ObservabilityTraces{Destinations: []string{"b", "a"}}},
		},
		"switched on": {
			nil, `{"enabled":true,"logs":{"enabled":true,"invocation_logs":true}}`, &Observability{Enabled: true},
		},
		"switched off": {
			&Observability{Enabled: true, HeadSamplingRate: new(1.0)}, `{"enabled":false}`,
			&Observability{HeadSamplingRate: new(1.0)},
		},
		"rate changed": {
			&Observability{Enabled: true, Logs: &ObservabilityLogs{Persist: new(true)}},
			`{"enabled":true,"head_sampling_rate":0.5,"logs":{"enabled":true,"persist":true}}`,
			&Observability{Enabled: true, HeadSamplingRate: new(0.5), Logs: &ObservabilityLogs{Persist: new(true)}},
		},
		"logs switched off": {
			&Observability{Enabled: true}, `{"enabled":true,"logs":{"enabled":false}}`,
			&Observability{Enabled: true, Logs: &ObservabilityLogs{Enabled: new(false)}},
		},
		"traces": {
			&Observability{Enabled: true}, `{"enabled":true,"traces":{"enabled":true,"persist":false,"destinations":["x"]}}`,
			&Observability{
				Enabled: true, Traces: &ObservabilityTraces{Enabled: true, Persist: new(false), Destinations: []string{"x"}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			is, err := observabilityFromAPI(json.RawMessage(test.is))
			require.NoError(t, err)
			assert.Equal(t, test.want, is.as(test.was))
		})
	}
	_, err := observabilityFromAPI(json.RawMessage(`{"enabled":"yes"}`))
	require.Error(t, err)
}

// TestWhatCloudflareDoesNotSpeakOfStays: its description knows no streaming tail consumers.
func TestWhatCloudflareDoesNotSpeakOfStays(t *testing.T) {
	t.Parallel()
	seen := deployedAs(withSettings(wanted()))
	require.NoError(t, seen.seeSettings(cfapi.ScriptSettings{}))
	assert.Equal(t, map[string]StreamingTailConsumer{"log": {}}, seen.StreamingTailConsumers)
	assert.Empty(t, seen.Tags)
	require.NoError(t, seen.seeSettings(cfapi.ScriptSettings{StreamingTailConsumers: []cfapi.TailConsumer{}}))
	assert.Empty(t, seen.StreamingTailConsumers)
}
