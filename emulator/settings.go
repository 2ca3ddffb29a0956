// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
)

// scriptSettings are the settings that belong to a Worker and not to a version (cloudflare-go workers.ScriptSetting).
// Nil members were not sent.
type scriptSettings struct {
	Logpush                *bool           `json:"logpush,omitempty"`
	Tags                   *[]string       `json:"tags,omitempty"`
	TailConsumers          json.RawMessage `json:"tail_consumers,omitempty"`
	StreamingTailConsumers json.RawMessage `json:"streaming_tail_consumers,omitempty"`
	Observability          json.RawMessage `json:"observability,omitempty"`
}

// merge takes over the members that were sent.
func (s *scriptSettings) merge(sent scriptSettings) error {
	if err := sent.check(); err != nil {
		return err
	}
	if sent.Logpush != nil {
		s.Logpush = sent.Logpush
	}
	if sent.Tags != nil {
		s.Tags = sent.Tags
	}
	if sent.TailConsumers != nil {
		s.TailConsumers = sent.TailConsumers
	}
	if sent.StreamingTailConsumers != nil {
		s.StreamingTailConsumers = sent.StreamingTailConsumers
	}
	if sent.Observability != nil {
		s.Observability = sent.Observability
	}
	return nil
}

// check refuses settings that are not of the right form. Neither the code nor the texts are documented: 10021 is that
// of invalid metadata.
func (s *scriptSettings) check() error {
	if s.Tags != nil && len(*s.Tags) > maxTags { // developers.cloudflare.com/workers/platform/limits
		return invalid("a Worker cannot have more than %d tags", maxTags)
	}
	for name, list := range map[string]json.RawMessage{
		"tail_consumers": s.TailConsumers, "streaming_tail_consumers": s.StreamingTailConsumers,
	} {
		consumers, err := tailConsumers(list)
		if err != nil {
			return invalid("%s: %v", name, err)
		}
		for _, consumer := range consumers {
			if consumer.Service == "" {
				return invalid("%s: a consumer has no service", name)
			}
		}
	}
	return checkObservability(s.Observability)
}

// tailConsumer is a Worker that receives what another one logs (cloudflare-go workers.ConsumerScript).
type tailConsumer struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Namespace   string `json:"namespace"`
}

// tailConsumers reads a list of consumers; there may be none.
func tailConsumers(list json.RawMessage) (consumers []tailConsumer, err error) {
	if len(list) > 0 {
		err = json.Unmarshal(list, &consumers)
	}
	return consumers, err
}

// checkObservability refuses members of another type, and rates that are not between 0 and 1 (cloudflare-go
// workers.ScriptSettingObservability; workers-sdk, packages/workers-utils/src/config/validation.ts).
func checkObservability(settings json.RawMessage) error {
	type sampled struct {
		Enabled          *bool    `json:"enabled"`
		HeadSamplingRate *float64 `json:"head_sampling_rate"`
		InvocationLogs   *bool    `json:"invocation_logs"`
		Persist          *bool    `json:"persist"`
		Destinations     []string `json:"destinations"`
	}
	var sent struct {
		sampled

		Logs   sampled `json:"logs"`
		Traces sampled `json:"traces"`

		Redact *bool `json:"redact_query_string"` // wrangler 4.164.0, wrangler-dist/cli.js, validateObservability
		Issues struct {
			Enabled *bool `json:"enabled"`
		} `json:"issues"`
	}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &sent); err != nil {
			return invalid("observability: %v", err)
		}
	}
	for _, s := range []sampled{sent.sampled, sent.Logs, sent.Traces} {
		if rate := s.HeadSamplingRate; rate != nil && (*rate < 0 || *rate > 1) {
			return invalid("observability: head_sampling_rate %v is not between 0 and 1", *rate)
		}
	}
	return nil
}

// view adds the settings as the API shows them to result.
func (s *scriptSettings) view(result map[string]any) map[string]any {
	result["logpush"] = s.Logpush != nil && *s.Logpush
	result["tags"] = []string{}
	if s.Tags != nil && *s.Tags != nil {
		result["tags"] = *s.Tags
	}
	result["tail_consumers"] = consumersOrNull(s.TailConsumers)
	result["streaming_tail_consumers"] = consumersOrNull(s.StreamingTailConsumers)
	result["observability"] = json.RawMessage(`{"enabled":false}`)
	if len(s.Observability) > 0 && string(s.Observability) != "null" {
		result["observability"] = s.Observability
	}
	return result
}

// consumersOrNull shows a list of consumers, and null for an empty one. That both are null when there are none is a
// best guess: cloudflare-go says of tail_consumers that it can be, and does not know streaming_tail_consumers.
func consumersOrNull(list json.RawMessage) json.RawMessage {
	if consumers, err := tailConsumers(list); err != nil || len(consumers) == 0 {
		return json.RawMessage("null")
	}
	return list
}

// getScriptSettings answers GET …/scripts/{script}/script-settings.
func getScriptSettings(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return w.Settings.view(map[string]any{}), nil
}

// patchScriptSettings answers PATCH …/scripts/{script}/script-settings. It makes no version (workers-sdk,
// packages/deploy-helpers/src/deploy/helpers/versions-api.ts, patchNonVersionedScriptSettings).
func patchScriptSettings(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var sent scriptSettings
	if err := c.decode(&sent, 10026); err != nil {
		return nil, err
	}
	if err := w.Settings.merge(sent); err != nil {
		return nil, err
	}
	w.Modified = c.now()
	return w.Settings.view(map[string]any{}), nil
}

// getSettings answers GET …/scripts/{script}/settings: the Worker's settings and those of the deployed version
// (cloudflare-go workers.ScriptScriptAndVersionSettingGetResponse).
func getSettings(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return c.settingsView(w)
}

func (c *call) settingsView(w *worker) (any, error) {
	v := w.active()
	if v == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	result := w.Settings.view(map[string]any{
		"bindings":            views(v.Bindings),
		"compatibility_date":  v.CompatibilityDate,
		"compatibility_flags": orNone(v.CompatibilityFlags),
		"usage_model":         v.UsageModel,
		"annotations":         v.Annotations,
		"placement":           orEmpty(v.Other["placement"]),
	})
	if v.MigrationTag != "" {
		result["migration_tag"] = v.MigrationTag
	}
	for _, name := range []string{"limits", "cache_options"} {
		if value := v.Other[name]; value != nil {
			result[name] = value
		}
	}
	return result, nil
}

func orNone(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// patchSettings answers PATCH …/scripts/{script}/settings: a form with one part named settings, in the shape of GET. It
// makes a version with the same code and deploys it (cloudflare-go workers.ScriptScriptAndVersionSettingEditParams;
// developers.cloudflare.com/workers/configuration/versions-and-deployments).
func patchSettings(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	text, err := c.formPart("settings")
	if err != nil {
		return nil, err
	}
	latest := w.latest()
	if latest == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	m := latest.metadata()
	m.Annotations, m.Bindings = nil, nil // decoding into the version's own would change them
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, invalid("settings part is not valid JSON: %v", err)
	}
	if m.Bindings == nil {
		m.Bindings = latest.Bindings
	}
	u := &upload{metadata: m, modules: latest.Modules}
	if w, _, _, err = c.deployUpload(w.Name, u, true); err != nil {
		return nil, err
	}
	return c.settingsView(w)
}

// consumersIn are the names in a list of consumers.
func consumersIn(list json.RawMessage) (names []string) {
	consumers, err := tailConsumers(list)
	if err != nil {
		return nil // refused when it was sent
	}
	for _, c := range consumers {
		names = append(names, c.Service)
	}
	return names
}
