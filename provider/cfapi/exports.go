// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"encoding/json"
	"strconv"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

// The types of exports (workers-sdk, packages/workers-utils/src/config/exports.ts).
const (
	ExportDurableObject = "durable-object"
	ExportWorker        = "worker"
	ExportWorkflow      = "workflow"
)

// Export says what something that the code of a Worker exports is: a class of Durable Objects, with what is to become
// of it, an entry point, or a Workflow. Members of another type are the zero value. Source: wrangler 4.164.0,
// config-schema.json, ConfiguredExport, whose entries it sends as they are (wrangler-dist/cli.js,
// resolveExportsUploadPayload).
type Export struct {
	Type string `json:"type"` // one of the constants

	// Of a class of Durable Objects.
	Storage       string `json:"storage,omitempty"`
	State         string `json:"state,omitempty"`
	RenamedTo     string `json:"renamed_to,omitempty"`
	TransferredTo string `json:"transferred_to,omitempty"`
	TransferFrom  string `json:"transfer_from,omitempty"`

	// Of an entry point.
	Cache *ExportCache `json:"cache,omitempty"` // nil: as the whole Worker has it

	// Of a Workflow, as [WorkflowExport] fills them in.
	Name             string              `json:"name,omitempty"`
	Limits           workflowLimits      `json:"limits,omitzero"`
	Concurrency      workflowConcurrency `json:"concurrency,omitzero"`
	Schedules        oneOrMore           `json:"schedules,omitempty"`
	DefaultRetention workflowRetention   `json:"default_retention,omitzero"`
	Jurisdiction     string              `json:"jurisdiction,omitempty"`
}

// ExportCache says whether the responses of an entry point are cached.
type ExportCache struct {
	Enabled bool `json:"enabled"`
}

type (
	workflowLimits struct {
		Steps int `json:"steps,omitempty"`
	}
	workflowConcurrency struct {
		Limit int `json:"limit,omitempty"`
	}
	workflowRetention struct {
		Success any `json:"success_retention,omitempty"` // a text, or a number of milliseconds
		Error   any `json:"error_retention,omitempty"`
	}
)

// oneOrMore is a list of texts, which may be written as a text where it has just one.
type oneOrMore []string

// UnmarshalJSON reads a text or a list.
func (l *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// WorkflowSettings are those of the Workflow that e exports.
func (e Export) WorkflowSettings() WorkflowSettings {
	return WorkflowSettings{
		Steps: e.Limits.Steps, Concurrency: e.Concurrency.Limit, Schedules: e.Schedules, Jurisdiction: e.Jurisdiction,
		SuccessRetention: durationText(e.DefaultRetention.Success), ErrorRetention: durationText(e.DefaultRetention.Error),
	}
}

// durationText is the inverse of [duration].
func durationText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// WorkflowExport is the export of the class of the Workflow called name. [Client.PutWorkflow] has to register it all
// the same, as wrangler does.
func WorkflowExport(name string, s WorkflowSettings) Export {
	return Export{
		Type: ExportWorkflow, Name: name, Limits: workflowLimits{s.Steps}, Concurrency: workflowConcurrency{s.Concurrency},
		Schedules: s.Schedules, Jurisdiction: s.Jurisdiction,
		DefaultRetention: workflowRetention{duration(s.SuccessRetention), duration(s.ErrorRetention)},
	}
}

// workflowExportsDate is the version of the upload that takes exports of Workflows with their settings (wrangler
// 4.164.0, wrangler-dist/cli.js, WORKFLOW_EXPORTS_SCRIPT_API_DATE).
const workflowExportsDate = "2026-11-09"

// dated returns the option that asks for the version of the API that u needs, if it needs one.
func (u Upload) dated() []option.RequestOption {
	for _, e := range u.Exports {
		if e.Type == ExportWorkflow {
			return []option.RequestOption{option.WithHeader("Cloudflare-Workers-Script-Api-Date", workflowExportsDate)}
		}
	}
	return nil
}
