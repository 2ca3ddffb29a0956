// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// office is a Worker that gets messages of a queue and mail, and has a Workflow.
const office = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  notes:
    type: cloudflare-workers:KvNamespace
    properties: { title: notes }
  jobs:
    type: cloudflare-workers:Queue
    properties: { name: jobs }
  office:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: office
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      bindings:
        NOTES: { kvNamespace: { id: "${notes.id}" } }
        JOBS: { queue: { name: "${jobs.name}" } }
        FLOW: { workflow: { name: double, className: Double } }
      queueConsumers: { jobs: { maxBatchSize: 1, maxBatchTimeout: 0 } }
      emailRoutes: { desk@example.com: {}, "*@example.com": { enabled: true } }
      workersDev: { enabled: true }
`

const clerk = `import { WorkflowEntrypoint } from "cloudflare:workers"
export class Double extends WorkflowEntrypoint {
  async run(event, step) { return await step.do("double", async () => 2 * event.payload.n) }
}
export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    if (url.pathname === "/send") {
      await env.JOBS.send("hello from " + url.searchParams.get("who"))
      for (;;) {
        const done = await env.NOTES.get("job")
        if (done) return new Response(done)
        await scheduler.wait(1)
      }
    }
    if (url.pathname === "/mail") return new Response(await env.NOTES.get("mail"))
    const instance = await env.FLOW.create({ params: { n: 21 } })
    for (;;) {
      const { status, output, error } = await instance.status()
      if (!["queued", "running"].includes(status)) return new Response(status + " " + (output ?? error?.message))
      await scheduler.wait(1)
    }
  },
  async queue(batch, env) {
    for (const message of batch.messages) await env.NOTES.put("job", batch.queue + ": " + message.body)
  },
  async email(message, env) { await env.NOTES.put("mail", message.to + ": " + message.headers.get("subject")) },
}`

// TestEventsReachTheirWorker: what the program connects arrives, and all of it goes with the stack.
func TestEventsReachTheirWorker(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	empty := c.Dump()
	s := newProgram(t, c, office)
	s.file(t, "dist/index.js", clerk)
	s.up(t)
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")
	const address = "https://office." + emulator.DefaultSubdomain + ".workers.dev"
	_, body := c.get(t, address+"/send?who=me")
	assert.Equal(t, "jobs: hello from me", body)
	_, body = c.get(t, address+"/flow")
	assert.Equal(t, "complete 42", body)
	for _, to := range []string{"desk@example.com", "anybody@example.com"} {
		letter := "From: me@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: Hi\r\n\r\ntext"
		path := c.front.URL + "/cdn-cgi/handler/email?from=me@example.org&to=" + to
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(letter))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		_, body = c.get(t, address+"/mail")
		assert.Equal(t, to+": Hi", body)
	}
	s.destroy(t)
	assert.Equal(t, empty, c.Dump())
}
