// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
)

// What events start: Workflows, so far (cloudflare/api-schemas, openapi.json, operations wor-get-script-triggers and
// those beside it, for shapes and bounds; the code of what is malformed is a best guess). Nothing here sends an event:
// there are no Artifacts. That a Worker's triggers stay when it is deleted, as its Workflows do, is a best guess.

// maxEventTriggers is how many triggers a Worker can have, and how many targets a trigger.
const maxEventTriggers = 100

// scriptTriggers are the event triggers of a Worker.
type scriptTriggers struct {
	Script   string         `json:"script_name"`
	Triggers []eventTrigger `json:"triggers"`
}

// eventTrigger is an event with what it starts.
type eventTrigger struct {
	Type    string         `json:"type"`
	Filter  map[string]any `json:"filter"`
	Targets []eventTarget  `json:"targets"`
}

// eventTarget is a Workflow.
type eventTarget struct {
	Type     string `json:"type"`
	Script   string `json:"script_name"`
	Workflow string `json:"workflow_name"`
}

// scriptTriggers are those of the Worker that the path names, which may have none.
func (c *call) scriptTriggers() *scriptTriggers {
	if t := c.account.EventTriggers[c.path("script")]; t != nil {
		return t
	}
	return &scriptTriggers{Script: c.path("script"), Triggers: []eventTrigger{}}
}

// getEventTriggers answers GET /accounts/{account}/triggers/{script}. That a Worker without any has an empty list is a
// best guess.
func getEventTriggers(c *call) (any, error) { return c.scriptTriggers(), nil }

// putEventTriggers answers PUT /accounts/{account}/triggers/{script}: the list replaces all that there are. Wrangler
// sends it after the Workflows, and an empty one to remove all (workers-sdk, packages/deploy-helpers/src/triggers/
// deploy.ts).
func putEventTriggers(c *call) (any, error) { return c.setEventTriggers(nil) }

// addEventTriggers answers PATCH /accounts/{account}/triggers/{script}: the list joins those that there are.
func addEventTriggers(c *call) (any, error) { return c.setEventTriggers(c.scriptTriggers().Triggers) }

// deleteEventTriggers answers DELETE /accounts/{account}/triggers/{script}.
func deleteEventTriggers(c *call) (any, error) {
	removed := len(c.scriptTriggers().Triggers)
	delete(c.account.EventTriggers, c.path("script"))
	return map[string]any{"deleted": removed}, nil
}

// setEventTriggers gives the Worker those before and those of the body.
func (c *call) setEventTriggers(before []eventTrigger) (any, error) {
	var sent []eventTrigger
	if err := strictly(c.body, &sent); err != nil {
		return nil, refuse(http.StatusBadRequest, codeBadWorkflow, "Invalid trigger configuration: %v", err)
	}
	for i := range sent {
		if err := c.checkEventTrigger(sent[i]); err != nil {
			return nil, err
		}
		if sent[i].Filter == nil {
			sent[i].Filter = map[string]any{}
		}
	}
	all := slices.Concat(before, sent)
	if len(all) > maxEventTriggers {
		return nil, refuse(http.StatusBadRequest, codeBadWorkflow, "a script has at most %d triggers", maxEventTriggers)
	}
	script := c.path("script")
	delete(c.account.EventTriggers, script)
	if len(all) > 0 {
		c.account.EventTriggers = kept(c.account.EventTriggers, script, &scriptTriggers{Script: script, Triggers: all})
	}
	return c.scriptTriggers(), nil
}

// checkEventTrigger refuses what cannot be a trigger.
func (c *call) checkEventTrigger(t eventTrigger) error {
	wrong := func(format string, args ...any) error {
		return refuse(http.StatusBadRequest, codeBadWorkflow, "Invalid trigger configuration: "+format, args...)
	}
	switch {
	case t.Type == "":
		return wrong("type is missing")
	case len(t.Targets) == 0 || len(t.Targets) > maxEventTriggers:
		return wrong("%s has %d targets, and must have 1 to %d", t.Type, len(t.Targets), maxEventTriggers)
	}
	for name, value := range t.Filter {
		switch value := value.(type) {
		case float64, bool:
			continue
		case string:
			if len(value) <= 1024 {
				continue
			}
		}
		return wrong("filter.%s must be a text of at most 1024 characters, a number or a boolean", name)
	}
	for _, target := range t.Targets {
		if target.Type != "workflow" {
			return wrong("a target of the type %q", target.Type)
		}
		// 404: openapi.json, "Target workflow not found."
		if f := c.account.Workflows[target.Workflow]; f == nil || f.Script != target.Script {
			return refuse(http.StatusNotFound, codeNoWorkflow, "Target workflow '%s' of script '%s' not found", target.Workflow,
				target.Script)
		}
	}
	return nil
}
