// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// exportChanges are edits of what the Worker of workerEvents exports, and of the events that start its Workflows.
func exportChanges() []change {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	ship := func(value any, path ...string) func(world, object) object {
		return set(value, append([]string{"exports", "Ship"}, path...)...)
	}
	triggers := func(value any) func(world, object) object { return set(value, "eventTriggers") }
	one := func(path string, kind p.DiffKind) map[string]p.DiffKind { return map[string]p.DiffKind{path: kind} }
	const pushed, created = "cf.artifacts.repo.pushed", "cf.artifacts.repo.created"
	filter := object{"namespace": "ci", "repo_name": "app"}
	both := []any{object{"workflowName": "flow"}, object{"workflowName": "ship"}}
	shipped := both[1:]
	return []change{
		{
			name: "another Workflow exported, and an entry point in place of one", gradual: true,
			covers: []string{"exports.*.name", "exports.*.type"}, edit: func(_ world, o object) object {
				sail := o["exports"].(object)["Ship"].(object).with("sail", "name")
				return o.with(sail, "exports", "Sail").with(object{"type": "worker"}, "exports", "Ship").with(nil, "eventTriggers")
			},
			diff: map[string]p.DiffKind{
				"exports.Sail": p.Add, "exports.Ship.type": p.Update, "exports.Ship.name": p.Delete,
				"exports.Ship.limits": p.Delete, "exports.Ship.concurrency": p.Delete, "exports.Ship.schedules": p.Delete,
				"exports.Ship.defaultRetention": p.Delete, "exports.Ship.jurisdiction": p.Delete, "eventTriggers": p.Delete,
			},
		},
		{
			name: "exported workflow with other settings", covers: []string{ // each: TestExportsAreReadAsTheyWereWritten
				"exports.*.limits.steps", "exports.*.concurrency.limit", "exports.*.defaultRetention.successRetention",
				"exports.*.defaultRetention.errorRetention",
			},
			edit: func(w world, o object) object {
				return ship(nil, "defaultRetention")(w, ship(3, "concurrency", "limit")(w, ship(101, "limits", "steps")(w, o)))
			},
			diff: map[string]p.DiffKind{
				"exports.Ship.limits.steps": p.Update, "exports.Ship.concurrency.limit": p.Update,
				"exports.Ship.defaultRetention": p.Delete,
			},
		},
		{
			name: "exported workflow's schedules in another order", idle: true, covers: []string{"exports.*.schedules"},
			edit: ship([]any{"30 * * * *", "0 9 * * MON-FRI"}, "schedules"),
			diff: map[string]p.DiffKind{"exports.Ship.schedules[0]": p.Update, "exports.Ship.schedules[1]": p.Update},
		},
		{
			name: "exported workflow without schedules", edit: ship(nil, "schedules"),
			diff: one("exports.Ship.schedules", p.Delete),
		},
		{
			name: "exported workflow bound", diff: one("bindings.SHIP", p.Add),
			edit: set(object{"name": "ship", "className": "Ship"}, "bindings", "SHIP", "workflow"),
		},
		{
			name: "workflow declared by a binding in place of an export", edit: func(_ world, o object) object {
				ship := o["exports"].(object)["Ship"].(object).with("Ship", "className").with(nil, "type")
				return o.with(ship, "bindings", "SHIP", "workflow").with(nil, "exports", "Ship")
			},
			diff: map[string]p.DiffKind{"bindings.SHIP": p.Add, "exports.Ship": p.Delete},
		},
		{
			name: "entry point cached", covers: []string{"exports.*.cache.enabled"},
			edit: set(true, "exports", "default", "cache", "enabled"), diff: one("exports.default.cache.enabled", p.Update),
		},
		{
			name: "events of all repositories, for one Workflow less", covers: []string{"eventTriggers"},
			edit: triggers([]any{
				object{"type": pushed, "filter": object{"namespace": "ci"}, "targets": shipped},
				object{"type": "cf.artifacts.repo.deleted", "targets": shipped},
			}),
			diff: map[string]p.DiffKind{
				"eventTriggers[0].filter.repo_name": p.Delete, "eventTriggers[0].targets[0].workflowName": p.Update,
				"eventTriggers[0].targets[1]": p.Delete, "eventTriggers[1].type": p.Update,
			},
		},
		{
			name: "events in another order", idle: true,
			edit: triggers([]any{
				object{"type": created, "targets": shipped},
				object{"type": pushed, "filter": filter, "targets": []any{both[1], both[0]}},
			}),
			diff: map[string]p.DiffKind{
				"eventTriggers[0].type": p.Update, "eventTriggers[0].filter": p.Delete, "eventTriggers[1].type": p.Update,
				"eventTriggers[0].targets[0].workflowName": p.Update, "eventTriggers[0].targets[1]": p.Delete,
				"eventTriggers[1].filter": p.Add, "eventTriggers[1].targets[1]": p.Add,
			},
		},
		{name: "no events", edit: triggers(nil), diff: one("eventTriggers", p.Delete)},
	}
}

// exportDrifts are what others do to the Workflow that workerEvents exports, and to the events.
func exportDrifts() []drift {
	put := func(change func(w *cfapi.Workflow)) func(w world, _ *stack) error {
		return func(w world, _ *stack) error {
			theirs := cfapi.Workflow{Name: "ship", Script: "api", Class: "Ship", Settings: flowSettings()}
			change(&theirs)
			return w.client().PutWorkflow(w.t.Context(), account, theirs)
		}
	}
	events := func(triggers ...cfapi.EventTrigger) func(w world, _ *stack) error {
		return func(w world, _ *stack) error {
			return w.client().PutEventTriggers(w.t.Context(), account, "api", triggers)
		}
	}
	ship := cfapi.EventTarget{Type: "workflow", Workflow: "ship", Script: "api"}
	flow := cfapi.EventTarget{Type: "workflow", Workflow: "flow", Script: "api"}
	pushed := cfapi.EventTrigger{
		Type: "cf.artifacts.repo.pushed", Filter: map[string]any{"namespace": "ci", "repo_name": "app"},
		Targets: []cfapi.EventTarget{flow, ship},
	}
	created := cfapi.EventTrigger{Type: "cf.artifacts.repo.created", Targets: []cfapi.EventTarget{ship}}
	theirs := pushed
	theirs.Filter = map[string]any{"namespace": "theirs", "repo_name": "app"}
	return []drift{
		{
			name: "an exported workflow deleted", outputs: []string{"workflows"},
			diff: map[string]p.DiffKind{"workflows.ship": p.Update},
			make: func(w world, _ *stack) error { return w.client().DeleteWorkflow(w.t.Context(), account, "ship") },
		},
		{
			name: "an exported workflow's settings changed",
			diff: map[string]p.DiffKind{
				"exports.Ship.limits.steps": p.Update, "exports.Ship.schedules": p.Add,
				"exports.Ship.defaultRetention.errorRetention": p.Update,
			},
			make: put(func(w *cfapi.Workflow) {
				w.Settings.Steps, w.Settings.Schedules, w.Settings.ErrorRetention = 5, []string{}, "1 day"
			}),
		},
		{
			name: "an event chosen otherwise, and another one added", make: events(theirs, created, created),
			diff: map[string]p.DiffKind{"eventTriggers[0].filter.namespace": p.Update, "eventTriggers[2]": p.Delete},
		},
		{
			name: "all events removed", make: events(), diff: map[string]p.DiffKind{"eventTriggers": p.Add},
		},
	}
}

// TestAWorkflowThatIsDeclaredAgainHasNothingOfBefore: neither what a binding said nor what an export did, also where
// nothing is said now.
func TestAWorkflowThatIsDeclaredAgainHasNothingOfBefore(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := built(t, r)
	without := r.program(w).with(nil, "eventTriggers").with(nil, "bindings").with(nil, "exports")
	s.mustUp(properties(without))
	assert.Equal(t, 2, strings.Count(w.Dump(), `{"cron":"30 * * * *"}`), "they stay as they are")
	again := without.with(object{"FLOW": object{"workflow": object{"name": "flow", "className": "Flow"}}}, "bindings").
		with(object{"Ship": object{"type": "workflow", "name": "ship"}}, "exports")
	s.mustUp(properties(again))
	const declared = `workflow "ship" class Ship of api settings {"jurisdiction":"eu"}`
	assert.Contains(t, w.Dump(), declared)
	assert.Contains(t, w.Dump(), strings.NewReplacer("ship", "flow", "Ship", "Flow").Replace(declared))
	s.mustUp(properties(again.with([]any{"1 1 * * *"}, "exports", "Ship", "schedules")))
	assert.Contains(t, w.Dump(), `{"cron":"1 1 * * *"}`)
	s.mustUp(properties(again))
	assert.Contains(t, w.Dump(), declared)
}

// TestExportsAreOfEachVersion: also of one that is deployed in steps, and an upload asks for the API that takes them.
func TestExportsAreOfEachVersion(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := built(t, r)
	var dates []string
	w.on(hooks{before: func(_ int, r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/versions") && r.Method == http.MethodPost {
			dates = append(dates, r.Header.Get("Cloudflare-Workers-Script-Api-Date"))
		}
		return 0
	}})
	s.mustUp(properties(r.program(w).with(w.builds["v2.js"].reference(), "bundle")))
	s.mustUp(properties(r.program(w).with(nil, "exports", "Ship").with(nil, "eventTriggers")))
	assert.Equal(t, []string{"2026-11-09", ""}, dates)
	assert.Contains(t, w.Dump(), `exports {"default":{"type":"worker","cache":{"enabled":false}}}`)
}

// TestWrongExportsAreRefused: before anything is asked of Cloudflare, and by the name of the input.
func TestWrongExportsAreRefused(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	program := r.program(w)
	export := func(e object) object { return program.with(e, "exports", "More") }
	bound := func(member string, value any) object {
		return program.with(object{"name": "ship", "className": "Ship", member: value}, "bindings", "SHIP", "workflow")
	}
	event := func(member string, value any) object {
		trigger := object{"type": "cf.artifacts.repo.pushed", "targets": []any{object{"workflowName": "ship"}}}
		return program.with([]any{trigger.with(value, member)}, "eventTriggers")
	}
	for _, test := range []struct {
		says    string
		program object
	}{
		{`exports.More.type: "queue" is not one of durable-object, workflow, worker`, export(object{"type": "queue"})},
		{"exports.More.storage: must be sqlite or legacy-kv", export(object{})},
		{"exports.More.name: is for an export of the type workflow", export(object{"storage": "sqlite", "name": "more"})},
		{"exports.More.schedules: is for", export(object{"type": "worker", "schedules": []any{"* * * * *"}})},
		{
			"exports.More.cache: is for an export of the type worker",
			export(object{"type": "workflow", "name": "more", "cache": object{"enabled": true}}),
		},
		{
			"exports.More.state: is for an export of the type durable-object",
			export(object{"type": "worker", "state": "deleted"}),
		},
		{"exports.More.name: ", export(object{"type": "workflow"})},
		{
			`exports.Ship.name: exports.More declares the Workflow "ship" too`,
			export(object{"type": "workflow", "name": "ship"}),
		},
		{"exports.More.limits.steps: ", export(object{"type": "workflow", "name": "more", "limits": object{"steps": 0}})},
		{"exports.More.jurisdiction: ", export(object{"type": "workflow", "name": "more", "jurisdiction": "moon"})},
		{"bindings.SHIP.workflow.className: exports declares", bound("className", "Other")},
		{"bindings.SHIP.workflow.scriptName: exports.Ship declares", bound("scriptName", "auth")},
		{"bindings.SHIP.workflow.schedules: exports.Ship declares", bound("schedules", []any{"* * * * *"})},
		{"eventTriggers: [0].type", event("type", "")},
		{"eventTriggers: [0].targets must be", event("targets", []any{})},
		{
			`eventTriggers: [0].targets: this Worker registers no Workflow "x"`,
			event("targets", []any{object{"workflowName": "x"}}),
		},
		{"eventTriggers: [0].filter.a", event("filter", object{"a": []any{}})},
		{"eventTriggers: [0].filter.a", event("filter", object{"a": strings.Repeat("x", 1025)})},
	} {
		_, err := s.preview(properties(test.program))
		require.ErrorContains(t, err, test.says)
	}
	assert.Empty(t, w.Calls())
}
