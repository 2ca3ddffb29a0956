// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWorkflows(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	code := `import { WorkflowEntrypoint } from "cloudflare:workers";
	export class Orders extends WorkflowEntrypoint {
		async run(event, step) {
			const sent = await step.waitForEvent("wait", { type: "go", timeout: "1 hour" });
			return event.payload.n + sent.payload.n;
		}
	}
	export default { async fetch(request, env) {
		const [, id, wanted] = new URL(request.url).pathname.split("/");
		const instance = await env.ORDERS.get(id);
		for (;;) {
			const { status, output } = await instance.status();
			if (status === wanted) return new Response(status + " " + (output ?? ""));
			await scheduler.wait(1);
		}
	} }`
	flow := func(class string) config {
		return plain("plain").with(config{
			"workflows": []config{{"binding": "ORDERS", "name": "orders", "class_name": class}},
			"exports": config{
				class: config{
					"type": "workflow", "name": "orders", "limits": config{"steps": 50}, "schedules": "0 0 1 1 *",
					"default_retention": config{"success_retention": "3 days"},
				},
				"default": config{"type": "worker", "cache": config{"enabled": true}},
			},
			"triggers": config{"events": []config{{
				"type": "cf.artifacts.repo.pushed", "filter": config{"namespace": "ci"},
				"targets": []config{{"type": "workflow", "workflow_name": "orders"}},
			}}},
		})
	}
	const triggers = `  event triggers of plain [{"type":"cf.artifacts.repo.pushed","filter":{"namespace":"ci"},` +
		`"targets":[{"type":"workflow","script_name":"plain","workflow_name":"orders"}]}]` + "\n"
	w.steps(
		step{run: "workflows list", config: plain("plain"), out: []string{"There are no deployed Workflows"}},
		step{
			run: "deploy", config: flow("Orders"), files: map[string]string{"index.js": code},
			out: []string{"env.ORDERS (Orders)", "workflow: orders", "event triggers: 1"},
			then: func(t *testing.T, w *workspace, _ string) {
				dump := w.server.Dump()
				assert.Contains(t, dump, `class Orders of plain settings {"limits":{"steps":50},`+
					`"schedules":[{"cron":"0 0 1 1 *"}],"default_retention":{"success_retention":"3 days"}}`)
				assert.Contains(t, dump, `exports {"default":{"cache":{"enabled":true},"type":"worker"},"Orders":{`)
				assert.Contains(t, dump, triggers)
			},
		},
		step{run: "workflows list", out: []string{"orders", "plain", "Orders"}},
		step{run: "workflows describe orders", out: []string{"orders", "plain", "Orders"}},
		step{
			run: `workflows trigger orders {"n":1} --id one`, out: []string{`"one" has been queued successfully`},
			get: map[string]string{url + "one/waiting": "waiting "},
		},
		step{run: `workflows trigger orders --id one`, fails: true, out: []string{"10405"}},
		step{
			run: "workflows instances pause orders one",
			get: map[string]string{url + "one/paused": "paused "},
		},
		step{run: "workflows instances resume orders one"},
		step{
			run: `workflows instances send-event orders one --type go --payload {"n":2}`,
			get: map[string]string{url + "one/complete": "complete 3"},
		},
		step{run: "workflows trigger orders --id two"},
		step{
			run: "workflows instances terminate orders two",
			get: map[string]string{url + "two/terminated": "terminated "},
		},
		step{run: "deploy", config: flow("None"), fails: true},
		step{run: "workflows delete orders", out: []string{`Workflow "orders" removed successfully`}},
		step{run: "workflows describe orders", fails: true, out: []string{"10200"}},
		step{run: "delete --force"},
	)
	assert.Equal(t, empty, strings.Replace(w.server.Dump(), triggers, "", 1), "nothing but what wrangler leaves is left")
}
