// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// workflowBinding is a binding of the Workflow "orders".
const workflowBinding = `{"type":"workflow","name":"ORDERS","workflow_name":"orders","class_name":"Orders"}`

// workflowCode is a Worker with a Workflow that waits for an event between two steps.
const workflowCode = `
	import { WorkflowEntrypoint } from "cloudflare:workers";
	export class Orders extends WorkflowEntrypoint {
		async run(event, step) {
			const first = await step.do("first", async () => event.payload.n + 1);
			const sent = await step.waitForEvent("wait", { type: "go", timeout: "1 hour" });
			return await step.do("last", async () => this.env.FACTOR * first + sent.payload);
		}
	}
	export default { async fetch(request, env) {
		const url = new URL(request.url), id = url.searchParams.get("id");
		try {
			if (url.pathname === "/create") return new Response((await env.ORDERS.create({ id, params: { n: 1 } })).id);
			const instance = await env.ORDERS.get(id);
			if (url.pathname === "/go") await instance.sendEvent({ type: "go", payload: 5 });
			if (url.pathname === "/end") await instance.terminate();
			// The engine answers when it has got somewhere; nothing else tells.
			for (;;) {
				const { status, output, error } = await instance.status();
				if (["queued", "running"].includes(status) || (url.pathname === "/go" && status === "waiting")) {
					await scheduler.wait(1);
					continue;
				}
				return new Response(status + " " + (output ?? error?.message ?? ""));
			}
		} catch (e) { return new Response(e.message) }
	} }`

// workflows is a world with the Workflow "orders" in the Worker "flow".
func workflows(version, code string) runtime.World {
	w := deployed(script("flow", version, code, workflowBinding, `{"type":"json","name":"FACTOR","json":10}`))
	w.Workflows = []runtime.Workflow{{ID: "wf1", Name: "orders", Class: "Orders"}}
	return runtime.World{Workers: []runtime.Worker{w}}
}

func TestWorkflowsRunTheirStepsThroughDeployments(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(workflows("v1", workflowCode))
	const url = "https://flow.emulator.workers.dev"
	assert.Equal(t, "a", h.get(url+"/create?id=a").body)
	assert.Equal(t, "b", h.get(url+"/create?id=b").body)
	assert.Equal(t, "waiting ", h.get(url+"/status?id=a").body)
	assert.Equal(t, "instance.not_found", h.get(url+"/status?id=none").body)
	assert.Equal(t, "complete 25", h.get(url+"/go?id=a").body)

	// The instance goes on in another process, with what it knew.
	pid := h.PID()
	other := script("other", "v1", workflowCode, workflowBinding)
	world := workflows("v2", workflowCode+" // changed")
	world.Workers = append(world.Workers, deployed(other))
	h.Apply(world)
	assert.Equal(t, "complete 25", h.get(url+"/status?id=a").body)
	assert.NotEqual(t, pid, h.PID())
	assert.Equal(t, "complete 25", h.get("https://other.emulator.workers.dev/go?id=b").body, "from another Worker")

	// Its data goes with it.
	dir := filepath.Join(h.Scratch(), "objects", "wf1")
	assert.DirExists(t, dir)
	h.Apply(runtime.World{Workers: []runtime.Worker{deployed(other)}})
	assert.Equal(t, `Workflow "orders" not found`, h.get("https://other.emulator.workers.dev/create?id=a").body)
	_, err := os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	h.Apply(workflows("v3", workflowCode))
	assert.Equal(t, "instance.not_found", h.get(url+"/status?id=a").body)
}

func TestWorkflowsEndWhenTheyAreTerminated(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(workflows("v1", workflowCode))
	const url = "https://flow.emulator.workers.dev"
	h.get(url + "/create?id=a")
	assert.Equal(t, "terminated ", h.get(url+"/end?id=a").body)
}

func TestWorkflowsTakeAsManyStepsAsTheyMay(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := workflows("v1", workflowCode)
	world.Workers[0].Workflows[0].Steps = 1
	h.Apply(world)
	const url = "https://flow.emulator.workers.dev"
	h.get(url + "/create?id=a")
	assert.Contains(t, h.get(url+"/go?id=a").body, "errored")
}
