// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sends is a Worker that sends the text of a request's query to a queue.
const sends = `export default { async fetch(request, { ORDERS }) {
	await ORDERS.send({ text: new URL(request.url).searchParams.get("text") });
	return new Response("sent");
} }`

// notes is a Worker that writes what it is called with to KV, which it shows by key, and fails at what is bad.
const notes = `export default {
	async queue(batch, { KV }) {
		for (const m of batch.messages) {
			await KV.put(batch.queue, ((await KV.get(batch.queue)) ?? "") + m.body.text + m.attempts);
			if (batch.queue === "orders" && m.body.text === "bad") throw new Error("bad");
		}
	},
	scheduled: ({ cron }, { KV }) => KV.put("cron", cron),
	fetch: async (request, { KV }) => new Response(await KV.get(new URL(request.url).pathname.slice(1))),
}`

// comes waits until the front door answers a request for the URL with want.
func (w *workspace) comes(want, url string) {
	w.t.Helper()
	got := ""
	require.Eventually(w.t, func() bool {
		got = w.get(url)
		return got == want
	}, time.Minute, 10*time.Millisecond, "GET %s should come to be %q", url, want)
}

func TestMessagesReachTheirConsumer(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const shop, clerk = "http://shop.emulator.workers.dev/", "http://clerk.emulator.workers.dev/"
	consumes := plain("clerk").with(config{
		"kv_namespaces": []config{{"binding": "KV", "id": "{kv}"}},
		"queues": config{"consumers": []config{
			{"queue": "orders", "max_batch_size": 1, "max_batch_timeout": 0, "max_retries": 1, "dead_letter_queue": "dead"},
			{"queue": "dead", "max_batch_timeout": 0},
		}},
	})
	w.steps(
		step{
			run: "deploy", files: map[string]string{"index.js": sends}, config: plain("shop").with(config{
				"queues": config{"producers": []config{{"binding": "ORDERS", "queue": "orders"}}},
			}),
			out: []string{`Creating new Queue "orders"`, "Producer for orders"}, // wrangler makes what is missing
			get: map[string]string{shop + "?text=early": "sent"},
		},
		step{run: "queues create dead", out: []string{"Created queue 'dead'"}},
		step{run: "kv namespace create notes", capture: `"id": "(?P<kv>[0-9a-f]{32})"`},
		step{
			run: "deploy", files: map[string]string{"index.js": says("no handler")}, config: consumes,
			fails: true, out: []string{"Queue handler is missing", "11001"},
		},
		step{
			run: "deploy", files: map[string]string{"index.js": notes},
			out: []string{"Consumer for orders", "Consumer for dead"},
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				w.comes("early1", clerk+"orders") // it waited for its consumer
				assert.Equal(t, "sent", w.get(shop+"?text=bad"))
				w.comes("early1bad1bad2", clerk+"orders")
				w.comes("bad1", clerk+"dead")
			},
		},
		step{
			run: "deploy", out: []string{"Consumer for orders"}, // which it finds
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.Equal(t, "sent", w.get(shop+"?text=late"))
				w.comes("early1bad1bad2late1", clerk+"orders")
			},
		},
		step{run: "queues info orders", out: []string{
			"Queue Name: orders", "Number of Producers: 1", "worker:shop", "Number of Consumers: 1", "worker:clerk",
		}},
		step{run: "queues consumer add orders shop", fails: true, out: []string{"already has a consumer", "11004"}},
		step{run: "delete --force", fails: true, out: []string{"consumer for a Queue", "10064"}},
		step{run: "queues delete dead", fails: true, out: []string{"dead letter queue", "11005"}},
		step{run: "queues consumer remove orders clerk", out: []string{"Removed consumer"}},
		step{run: "queues consumer remove orders clerk", fails: true, out: []string{"No worker consumer 'clerk'"}},
		step{run: "queues consumer add dead clerk", fails: true, out: []string{"11004"}},
		step{run: "queues consumer remove dead clerk"},
		step{run: "delete --force"},
		step{run: "queues delete orders", fails: true, out: []string{"Unbind queue 'orders' from the Workers 'shop'"}},
		step{run: "delete --force --name shop"},
		step{run: "queues delete orders", out: []string{"Deleted queue orders"}},
		step{run: "queues delete dead"},
		step{run: "kv namespace delete --namespace-id {kv} --skip-confirmation"},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}

func TestQueuesAreManaged(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	dumps := func(text string) func(*testing.T, *workspace, string) {
		return func(t *testing.T, w *workspace, _ string) {
			t.Helper()
			assert.Contains(t, w.server.Dump(), text)
		}
	}
	w.steps(
		step{
			run: "queues create orders --delivery-delay-secs 5", config: plain("plain"),
			out: []string{"Created queue 'orders'"}, then: dumps(`"delivery_delay":5`),
		},
		step{run: "queues create orders", fails: true, out: []string{"already taken", "11009"}},
		step{run: "queues create No_Name", fails: true, out: []string{"11003"}},
		step{
			run: "queues update orders --message-retention-period-secs 3600", out: []string{"Updated"},
			then: dumps(`{"delivery_delay":5,"delivery_paused":false,"message_retention_period":3600}`),
		},
		step{run: "queues list", out: []string{"orders"}},
		step{run: "queues pause-delivery orders", out: []string{"Paused"}, then: dumps(`"delivery_paused":true`)},
		step{run: "queues resume-delivery orders", out: []string{"Resumed"}, then: dumps(`"delivery_paused":false`)},
		step{run: "queues purge orders --force", out: []string{"Purged Queue 'orders'"}},
		step{
			run: "queues consumer http add orders --dead-letter-queue made", out: []string{"Added consumer"},
			then: dumps("queue made"),
		},
		step{run: "queues info orders", out: []string{"HTTP Pull Consumer"}},
		step{run: "queues consumer http remove orders", out: []string{"Removed consumer"}},
		step{run: "queues delete orders", out: []string{"Deleted queue orders"}},
		step{run: "queues delete orders", fails: true, out: []string{`Queue "orders" does not exist`}},
		step{run: "queues delete made"},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}

func TestCronTriggersAreCalled(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://clerk.emulator.workers.dev/"
	base := plain("clerk").with(config{"kv_namespaces": []config{{"binding": "KV", "id": "{kv}"}}})
	w.steps(
		step{run: "kv namespace create notes", config: plain("clerk"), capture: `"id": "(?P<kv>[0-9a-f]{32})"`},
		step{
			run: "deploy", files: map[string]string{"index.js": notes},
			config: base.with(config{"triggers": config{"crons": []string{"0 0 * * 0"}}}),
			fails:  true, out: []string{"invalid cron string", "10100"},
		},
		step{
			run: "deploy", config: base.with(config{"triggers": config{"crons": []string{"59 23 LW * *"}}}),
			out: []string{"schedule: 59 23 LW * *"},
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.Contains(t, w.server.Dump(), "cron 59 23 LW * *")
				assert.Equal(t, "ok", w.get(url+"cdn-cgi/handler/scheduled?cron=59+23+LW+*+*"))
				assert.Equal(t, "59 23 LW * *", w.get(url+"cron"))
			},
		},
		step{
			run: "deploy", config: base.with(config{"triggers": config{"crons": []string{}}}),
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.NotContains(t, w.server.Dump(), "    cron 59")
			},
		},
	)
}
