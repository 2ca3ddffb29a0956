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
	if sent.Tags != nil && len(*sent.Tags) > maxTags {
		// developers.cloudflare.com/workers/platform/limits does not name a code; 10021 is that of invalid metadata.
		return invalid("a Worker cannot have more than %d tags", maxTags)
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

// view adds the settings as the API shows them to result.
func (s *scriptSettings) view(result map[string]any) map[string]any {
	result["logpush"] = s.Logpush != nil && *s.Logpush
	result["tags"] = []string{}
	if s.Tags != nil && *s.Tags != nil {
		result["tags"] = *s.Tags
	}
	result["tail_consumers"] = orNull(s.TailConsumers)
	if len(s.StreamingTailConsumers) > 0 {
		result["streaming_tail_consumers"] = s.StreamingTailConsumers
	}
	result["observability"] = json.RawMessage(`{"enabled":false}`)
	if len(s.Observability) > 0 {
		result["observability"] = s.Observability
	}
	return result
}

func orNull(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("null")
	}
	return value
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
	if w, _, err = c.deployUpload(w.Name, u, true); err != nil {
		return nil, err
	}
	return c.settingsView(w)
}
