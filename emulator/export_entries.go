// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// workflowExportsDate is the version of the upload that takes the settings of Workflows with their exports; before, an
// entry had a type and a name alone (wrangler 4.164.0, wrangler-dist/cli.js, WORKFLOW_EXPORTS_SCRIPT_API_DATE).
const workflowExportsDate = "2026-11-09"

// checkExportEntries refuses exports that are no entries of wrangler's configuration, which sends them as they are
// (wrangler 4.164.0, config-schema.json, ConfiguredExport). Those of Durable Objects are reconciled elsewhere; others
// are remembered and have no effect here: wrangler registers each Workflow afterwards all the same (wrangler-dist/
// cli.js, triggersDeploy), and what the upload itself does about one is not documented. Codes and texts are ours.
func (c *call) checkExportEntries(exports json.RawMessage) error {
	var entries map[string]json.RawMessage
	if len(exports) > 0 {
		if err := json.Unmarshal(exports, &entries); err != nil {
			return invalid("exports: %v", err)
		}
	}
	names := map[string]bool{}
	for _, export := range slices.Sorted(maps.Keys(entries)) {
		var kind struct{ Type string }
		if err := json.Unmarshal(entries[export], &kind); err != nil {
			return invalid("exports.%s: %v", export, err)
		}
		switch kind.Type {
		case "durable-object":
		case "worker":
			if err := checkEntrypointExport(export, entries[export]); err != nil {
				return err
			}
		case "workflow":
			name, err := checkWorkflowExport(export, entries[export], c.r.Header.Get("Cloudflare-Workers-Script-Api-Date"))
			if err != nil {
				return err
			}
			if names[name] {
				return invalid("exports: two of them declare the Workflow %q", name)
			}
			names[name] = true
		default:
			return invalid("exports.%s: type must be durable-object, worker or workflow, not %q", export, kind.Type)
		}
	}
	return nil
}

// liveExports are the exports of the version without the classes that are gone (cloudflare-go
// workers.ScriptVersionGetResponseResourcesScriptRuntime.Exports). That Workflows are among them, as they were sent, is
// a best guess.
func (v *version) liveExports() map[string]json.RawMessage {
	var exports map[string]json.RawMessage
	if json.Unmarshal(v.Other["exports"], &exports) != nil {
		return nil
	}
	maps.DeleteFunc(exports, func(_ string, text json.RawMessage) bool {
		var e objectExport
		return json.Unmarshal(text, &e) != nil || e.Type == "durable-object" && !e.live()
	})
	return exports
}

// strictly decodes what has no members that v does not have.
func strictly(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// checkEntrypointExport refuses what is no export of an entry point.
func checkEntrypointExport(export string, text []byte) error {
	var entry struct {
		Type  string `json:"type"`
		Cache *struct {
			Enabled *bool `json:"enabled"`
		} `json:"cache"`
	}
	if err := strictly(text, &entry); err != nil {
		return invalid("exports.%s: %v", export, err)
	}
	if entry.Cache != nil && entry.Cache.Enabled == nil {
		return invalid("exports.%s.cache.enabled is missing", export)
	}
	return nil
}

// checkWorkflowExport refuses what is no export of a Workflow, for an upload of the API's version date, and returns the
// Workflow's name.
func checkWorkflowExport(export string, text []byte, date string) (name string, err error) {
	var entry struct {
		Type         string              `json:"type"`
		Name         string              `json:"name"`
		Limits       workflowLimits      `json:"limits"`
		Concurrency  workflowConcurrency `json:"concurrency"`
		Schedules    json.RawMessage     `json:"schedules"` // a text, or a list of them
		Retention    workflowRetention   `json:"default_retention"`
		Jurisdiction string              `json:"jurisdiction"`
	}
	if err := strictly(text, &entry); err != nil {
		return "", invalid("exports.%s: %v", export, err)
	}
	settings := workflowSettings{
		Limits: entry.Limits, Concurrency: entry.Concurrency, Retention: entry.Retention, Jurisdiction: entry.Jurisdiction,
	}
	var crons []string
	if len(entry.Schedules) > 0 && json.Unmarshal(entry.Schedules, &crons) != nil {
		crons = make([]string, 1)
		if err := json.Unmarshal(entry.Schedules, &crons[0]); err != nil {
			return "", invalid("exports.%s.schedules: %v", export, err)
		}
	}
	for _, cron := range crons {
		settings.Schedules = append(settings.Schedules, workflowSchedule{cron})
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return "", invalid("exports.%s: %v", export, err)
	}
	switch {
	case entry.Name == "" || len(entry.Name) > 64:
		return "", refuse(http.StatusBadRequest, codeBadWorkflow, "exports.%s: a Workflow's name has 1 to 64 characters",
			export)
	case len(members) > 2 && date < workflowExportsDate:
		return "", invalid("exports.%s: settings of a Workflow need the API's version of %s", export, workflowExportsDate)
	}
	return entry.Name, settings.check()
}
