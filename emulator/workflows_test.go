// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const workflows = account + "/workflows"

// orders is a Worker with a Workflow that waits for an event, and tells of its instances.
const orders = `
	import { WorkflowEntrypoint } from "cloudflare:workers";
	export class Orders extends WorkflowEntrypoint {
		async run(event, step) {
			const sent = await step.waitForEvent("wait", { type: "go", timeout: "1 hour" });
			return JSON.stringify([event.payload, sent.payload]);
		}
	}
	export default { async fetch(request, env) {
		try {
			const instance = await env.ORDERS.get(new URL(request.url).pathname.slice(1));
			for (;;) {
				const { status, output } = await instance.status();
				const wanted = new URL(request.url).searchParams.get("until");
				if (!wanted || status === wanted) return new Response(status + " " + (output ?? ""));
				await scheduler.wait(1);
			}
		} catch (e) { return new Response(e.message) }
	} }`

// ordersBinding binds the Workflow "orders".
var ordersBinding = object{"type": "workflow", "name": "ORDERS", "workflow_name": "orders", "class_name": "Orders"}

func TestTheLifeOfAWorkflow(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	empty := c.server.Dump()
	c.upload("flow", orders, object{"bindings": []object{ordersBinding}})
	c.must(http.MethodPost, scripts+"flow/subdomain", object{"enabled": true}, nil)
	const url = "http://flow.emulator.workers.dev/"
	assert.Equal(t, `Workflow "orders" not found`, get(url))
	path := workflows + "/orders"
	c.refused(http.StatusNotFound, 10200, http.MethodGet, path, nil)
	before := c.server.Dump()
	for _, wrong := range []struct {
		status, code int
		body         object
	}{
		{400, 10001, object{"script_name": "none", "class_name": "Orders"}},
		{400, 10002, object{"script_name": "flow", "class_name": "None"}},
		{400, 10002, object{"script_name": "flow", "class_name": ""}},
		{400, 10002, object{"script_name": "flow", "class_name": "Orders", "limits": object{"steps": -1}}},
		{400, 10002, object{"script_name": "flow", "class_name": "Orders", "concurrency": object{"limit": 0}}},
		{400, 10002, object{"script_name": "flow", "class_name": "Orders", "jurisdiction": "moon"}},
		{400, 10100, object{"script_name": "flow", "class_name": "Orders", "schedules": []object{{"cron": "* * * *"}}}},
		{400, 10002, retained(object{"success_retention": 0})},
		{400, 10002, retained(object{"error_retention": "3 moons"})},
		{400, 10002, retained(object{"error_retention": true})},
	} {
		c.refused(wrong.status, wrong.code, http.MethodPut, path, wrong.body)
	}
	c.refused(http.StatusBadRequest, 10002, http.MethodPut, workflows+"/"+strings.Repeat("n", 65),
		object{"script_name": "flow", "class_name": "Orders"})
	assert.Equal(t, before, c.server.Dump())

	var made, read map[string]any
	c.must(http.MethodPut, path, object{"script_name": "flow", "class_name": "Orders"}, &made)
	assert.Equal(t, "orders", made["name"])
	assert.Len(t, made["id"], 36)
	registered := c.server.Dump()
	c.must(http.MethodPut, path,
		object{"script_name": "flow", "class_name": "Orders", "limits": object{"steps": 5}}, &read)
	assert.Equal(t, made["id"], read["id"], "it stays the same")
	assert.NotEqual(t, made["version_id"], read["version_id"])
	assert.NotEqual(t, registered, c.server.Dump())
	c.must(http.MethodGet, path, nil, &made)
	assert.Equal(t, "flow", made["script_name"])
	assert.Equal(t, "Orders", made["class_name"])
	var versions []struct {
		ID string `json:"id"`
	}
	c.must(http.MethodGet, path+"/versions", nil, &versions)
	require.Len(t, versions, 1)
	assert.Equal(t, read["version_id"], versions[0].ID)
	var all []struct{ Name string }
	c.must(http.MethodGet, workflows+"?search=order", nil, &all)
	require.Len(t, all, 1)
	c.must(http.MethodGet, workflows+"?search=none", nil, &all)
	assert.Empty(t, all)

	// Its instances.
	instances := path + "/instances"
	var instance struct{ ID, Status string }
	c.must(http.MethodPost, instances, object{"instance_id": "a", "params": object{"n": 1}}, &instance)
	assert.Equal(t, "a", instance.ID)
	assert.Equal(t, "waiting ", get(url+"a?until=waiting"))
	c.refused(http.StatusConflict, 10405, http.MethodPost, instances, object{"instance_id": "a"})
	c.refused(http.StatusBadRequest, 10002, http.MethodPost, instances, object{"instance_id": "a b"})
	c.must(http.MethodPatch, instances+"/a/status", object{"status": "pause"}, nil)
	assert.Equal(t, "paused ", get(url+"a?until=paused"))
	c.must(http.MethodPatch, instances+"/a/status", object{"status": "resume"}, nil)
	c.must(http.MethodPost, instances+"/a/events/go", object{"m": 2}, nil)
	assert.Equal(t, `complete [{"n":1},{"m":2}]`, get(url+"a?until=complete"))
	c.must(http.MethodPost, instances, object{"params": `{"n":3}`}, &instance)
	assert.Len(t, instance.ID, 36)
	get(url + instance.ID + "?until=waiting")
	c.must(http.MethodPost, instances+"/"+instance.ID+"/events/go", "4", nil)
	assert.Equal(t, `complete [{"n":3},4]`, get(url+instance.ID+"?until=complete"), "params in a string")
	c.must(http.MethodPost, instances, nil, &instance)
	c.must(http.MethodPatch, instances+"/"+instance.ID+"/status", object{"status": "terminate"}, &instance)
	assert.Equal(t, "terminated", instance.Status)
	c.refused(http.StatusNotFound, 10400, http.MethodPatch, instances+"/none/status", object{"status": "pause"})
	c.refused(http.StatusBadRequest, 10002, http.MethodPatch, instances+"/a/status", object{"status": "stop"})
	c.refused(http.StatusNotImplemented, 7000, http.MethodPatch, instances+"/a/status",
		object{"status": "restart", "from": object{"name": "wait"}})
	c.refused(http.StatusNotImplemented, 7000, http.MethodGet, instances, nil)

	// A deployment without the class stops it.
	c.upload("flow", hello, nil)
	c.refused(http.StatusBadRequest, 10001, http.MethodPost, instances, object{})
	c.upload("flow", orders, object{"bindings": []object{ordersBinding}})
	assert.Equal(t, `complete [{"n":1},{"m":2}]`, get(url+"a"), "the instances are kept")
	c.must(http.MethodDelete, path, nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		c.refused(http.StatusNotFound, 10200, method, path, nil)
	}
	c.must(http.MethodPut, path, object{"script_name": "flow", "class_name": "Orders"}, nil)
	assert.Equal(t, "instance.not_found", get(url+"a"), "its instances are gone")
	c.must(http.MethodDelete, scripts+"flow", nil, nil)
	c.must(http.MethodGet, path, nil, &made)
	assert.Equal(t, "flow", made["script_name"], "it stays when its Worker goes")
	c.refused(http.StatusBadRequest, 10001, http.MethodPost, instances, object{})
	c.must(http.MethodDelete, path, nil, nil)
	assert.Equal(t, empty, c.server.Dump())
}

// retained is a Workflow whose instances are kept like that.
func retained(as object) object {
	return object{"script_name": "flow", "class_name": "Orders", "default_retention": as}
}

// TestAWorkflowHasWhatItWasRegisteredWith: and the next registration replaces it, but for the jurisdiction, and for
// schedules of which it says nothing.
func TestAWorkflowHasWhatItWasRegisteredWith(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("flow", orders, object{"bindings": []object{ordersBinding}})
	path := workflows + "/orders"
	plain := object{"script_name": "flow", "class_name": "Orders"}
	c.must(http.MethodPut, path, object{
		"script_name": "flow", "class_name": "Orders", "limits": object{"steps": 5}, "concurrency": object{"limit": 2},
		"schedules": []object{{"cron": "*/5 * * * *"}}, "jurisdiction": "eu",
		"default_retention": object{"success_retention": "3 days", "error_retention": 1000},
	}, nil)
	type view struct {
		Schedules []struct{ Cron string }
	}
	var read view
	c.must(http.MethodGet, path, nil, &read)
	assert.Equal(t, view{[]struct{ Cron string }{{"*/5 * * * *"}}}, read)
	var listed []view
	c.must(http.MethodGet, workflows, nil, &listed)
	assert.Equal(t, []view{read}, listed)
	type version struct {
		Limits    map[string]int
		Retention map[string]int `json:"default_retention"`
	}
	var versions []version
	c.must(http.MethodGet, path+"/versions", nil, &versions)
	assert.Equal(t, []version{{
		Limits:    map[string]int{"steps": 5},
		Retention: map[string]int{"success_retention": 259200000, "error_retention": 1000},
	}}, versions)
	for _, kept := range []string{`"concurrency":{"limit":2}`, `"jurisdiction":"eu"`} {
		assert.Contains(t, c.server.Dump(), kept)
	}
	c.refused(http.StatusBadRequest, 10209, http.MethodPut, path,
		object{"script_name": "flow", "class_name": "Orders", "jurisdiction": "us"})
	c.must(http.MethodPut, path, plain, nil)
	assert.Contains(t, c.server.Dump(), `settings {"schedules":[{"cron":"*/5 * * * *"}],"jurisdiction":"eu"}`)
	c.must(http.MethodPut, path, object{"script_name": "flow", "class_name": "Orders", "schedules": []object{}}, nil)
	assert.Contains(t, c.server.Dump(), `settings {"jurisdiction":"eu"}`, "said to be none is not unsaid")
	c.refused(http.StatusBadRequest, 10209, http.MethodPut, path,
		object{"script_name": "flow", "class_name": "Orders", "jurisdiction": "us"})
}

// TestASchedulesInstancesStart: at its times, and no more when it is gone.
func TestASchedulesInstancesStart(t *testing.T) {
	t.Parallel()
	clock := newClock()
	const counting = `
		import { WorkflowEntrypoint } from "cloudflare:workers";
		export class Orders extends WorkflowEntrypoint {
			async run() { await this.env.KV.put("runs", (await this.env.KV.get("runs") ?? "") + "x") }
		}
		export default { async fetch(request, env) { return new Response(await env.KV.get("runs")) } }`
	c, get := run(t, &emulator.Server{Now: clock.now})
	kv := c.namespace("runs")
	c.upload("flow", counting, object{"bindings": []object{
		ordersBinding, {"type": "kv_namespace", "name": "KV", "namespace_id": kv[len(namespaces)+1:]},
	}})
	c.must(http.MethodPost, scripts+"flow/subdomain", object{"enabled": true}, nil)
	c.must(http.MethodPut, workflows+"/orders", object{
		"script_name": "flow", "class_name": "Orders", "schedules": []object{{"cron": "*/5 * * * *"}},
	}, nil)
	const url = "http://flow.emulator.workers.dev/"
	c.pass(clock, 4*time.Minute)
	assert.Empty(t, get(url))
	c.pass(clock, time.Minute)
	require.Eventually(t, func() bool { return get(url) == "x" }, time.Minute, 10*time.Millisecond)
	c.must(http.MethodPut, workflows+"/orders", object{
		"script_name": "flow", "class_name": "Orders", "schedules": []object{},
	}, nil)
	c.pass(clock, time.Hour)
	assert.Equal(t, "x", get(url))
}
