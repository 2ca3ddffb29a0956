// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestEventTriggersAreWhatWasPut: a list replaces the one before, or joins it, and nothing that is wrong gets in.
func TestEventTriggersAreWhatWasPut(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("flow", orders, object{"bindings": []object{ordersBinding}})
	c.must(http.MethodPut, workflows+"/orders", object{"script_name": "flow", "class_name": "Orders"}, nil)
	without := c.server.Dump()
	type view struct {
		Script   string   `json:"script_name"`
		Triggers []object `json:"triggers"`
	}
	const path = account + "/triggers/flow"
	target := object{"type": "workflow", "script_name": "flow", "workflow_name": "orders"}
	trigger := func(member string, value any) object {
		all := object{"type": "cf.artifacts.repo.pushed", "filter": object{"namespace": "ci"}, "targets": []object{target}}
		all[member] = value
		return all
	}
	pushed, created := trigger("type", "cf.artifacts.repo.pushed"), trigger("type", "cf.artifacts.repo.created")
	delete(created, "filter")

	var got view
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, view{"flow", []object{}}, got)
	c.must(http.MethodPut, path, []object{created, created}, nil)
	c.must(http.MethodPut, path, []object{pushed}, &got)
	pushed["targets"] = []any{map[string]any(target)}
	pushed["filter"] = map[string]any{"namespace": "ci"}
	assert.Equal(t, view{"flow", []object{pushed}}, got)
	c.must(http.MethodPatch, path, []object{created}, &got)
	created["targets"], created["filter"] = pushed["targets"], map[string]any{}
	assert.Equal(t, []object{pushed, created}, got.Triggers)
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, []object{pushed, created}, got.Triggers)

	before := c.server.Dump()
	for name, wrong := range map[string]any{
		"no list":            pushed,
		"no type":            []object{trigger("type", "")},
		"no targets":         []object{trigger("targets", []object{})},
		"another target":     []object{trigger("targets", []object{{"type": "queue"}})},
		"an unknown member":  []object{trigger("enabled", true)},
		"a list in a filter": []object{trigger("filter", object{"a": []string{}})},
		"a long filter":      []object{trigger("filter", object{"a": strings.Repeat("x", 1025)})},
		"too many":           make([]object, 101),
	} {
		if list, ok := wrong.([]object); ok && name == "too many" {
			for i := range list {
				list[i] = pushed
			}
		}
		assert.Equal(t, 10002, c.refused(http.StatusBadRequest, 10002, http.MethodPut, path, wrong).Errors[0].Code, name)
	}
	for _, member := range []string{"script_name", "workflow_name"} {
		other := object{"type": "workflow", "script_name": "flow", "workflow_name": "orders", member: "none"}
		c.refused(http.StatusNotFound, 10200, http.MethodPut, path, []object{trigger("targets", []object{other})})
	}
	assert.Equal(t, before, c.server.Dump())

	c.must(http.MethodDelete, scripts+"flow", nil, nil)
	c.must(http.MethodGet, path, nil, &got)
	assert.Len(t, got.Triggers, 2, "they stay when their Worker goes")
	var deleted struct{ Deleted int }
	c.must(http.MethodDelete, path, nil, &deleted)
	assert.Equal(t, 2, deleted.Deleted)
	c.upload("flow", orders, object{"bindings": []object{ordersBinding}})
	assert.Equal(t, without, c.server.Dump())
	c.must(http.MethodPut, path, []object{pushed}, nil)
	c.must(http.MethodPut, path, []object{}, nil)
	assert.Equal(t, without, c.server.Dump())
}

// TestExportsSayWhatTheyAre: of Workflows and entry points as of classes, and a version shows what is not gone.
func TestExportsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const date = "Cloudflare-Workers-Script-Api-Date"
	put := func(exports object) form { return worker(t, orders, object{"exports": exports}) }
	flow := object{
		"type": "workflow", "name": "orders", "limits": object{"steps": 5}, "concurrency": object{"limit": 2},
		"schedules": "* * * * *", "default_retention": object{"success_retention": "3 days"}, "jurisdiction": "eu",
	}
	with := func(e object, member string, value any) object {
		next := object{member: value}
		for name, value := range e {
			if name != member {
				next[name] = value
			}
		}
		return object{"Orders": next}
	}
	for name, wrong := range map[string]object{
		"no type":           {"Orders": object{"name": "orders"}},
		"another type":      with(flow, "type", "queue"),
		"an unknown member": with(flow, "storage", "sqlite"),
		"schedules":         with(flow, "schedules", 5),
		"two of a name":     {"A": object{"type": "workflow", "name": "a"}, "B": object{"type": "workflow", "name": "a"}},
		"cache":             {"default": object{"type": "worker", "cache": object{}}},
		"a name":            {"default": object{"type": "worker", "name": "a"}},
	} {
		got := c.send(http.MethodPut, scripts+"flow", put(wrong), date, "2026-11-09")
		assert.Equal(t, http.StatusBadRequest, got.Status, name)
	}
	for name, wrong := range map[string]object{
		"no name": with(flow, "name", ""), "steps": with(flow, "limits", object{"steps": 0}),
	} {
		got := c.refused(http.StatusBadRequest, 10002, http.MethodPut, scripts+"flow", put(wrong), date, "2026-11-09")
		assert.False(t, got.Success, name)
	}
	for _, early := range []string{"", "2025-08-01"} {
		c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"flow", put(object{"Orders": flow}), date, early)
	}
	c.must(http.MethodPut, scripts+"flow", put(object{"Orders": object{"type": "workflow", "name": "orders"}}), nil)

	exports := object{
		"Orders": flow, "default": object{"type": "worker", "cache": object{"enabled": true}},
		"Old": object{"type": "durable-object", "state": "deleted"},
	}
	var made struct{ ID string }
	c.must(http.MethodPost, scripts+"flow/versions", put(exports), &made, date, "2026-11-09")
	var got struct {
		Resources struct {
			Runtime struct {
				Exports map[string]object `json:"exports"`
			} `json:"script_runtime"`
		}
	}
	c.must(http.MethodGet, scripts+"flow/versions/"+made.ID, nil, &got)
	assert.Len(t, got.Resources.Runtime.Exports, 2)
	assert.Equal(t, "orders", got.Resources.Runtime.Exports["Orders"]["name"])
	c.refused(http.StatusNotFound, 10200, http.MethodGet, workflows+"/orders", nil)
}
