// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// clock is a clock that a test sets.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.ns.Load()).UTC() }

// pass lets time pass, and the server do what is due then.
func (c *client) pass(clock *clock, d time.Duration) {
	c.t.Helper()
	clock.ns.Add(int64(d))
	require.NoError(c.t, c.server.Tick(c.t.Context()))
}

// shop is a Worker that sends what it is asked for: ?text=, ?json= or ?batch= with a comma between.
const shop = `export default { async fetch(request, { QUEUE }) {
	const query = new URL(request.url).searchParams;
	if (query.has("text")) await QUEUE.send(query.get("text"), { contentType: "text" });
	if (query.has("json")) await QUEUE.send(JSON.parse(query.get("json")));
	if (query.has("batch")) await QUEUE.sendBatch(query.get("batch").split(",").map((body) => ({ body })));
	if (query.has("late")) await QUEUE.send(query.get("late"), { delaySeconds: 60 });
	return new Response("sent");
} }`

// clerk is a Worker that notes in KV what it is called with, and fails at what is bad.
const clerk = `export default {
	async queue(batch, { KV }) {
		const seen = (await KV.get("seen")) ?? "";
		const text = batch.messages.map((m) => JSON.stringify(m.body) + "#" + m.attempts).join(" ");
		await KV.put("seen", seen + "[" + batch.queue + " " + text + "]");
		for (const m of batch.messages) {
			if (m.body === "bad") m.retry();
			if (m.body === "again") batch.retryAll({ delaySeconds: 30 });
		}
	},
	async scheduled({ cron, scheduledTime }, { KV }) {
		const fired = (await KV.get("fired")) ?? "";
		await KV.put("fired", fired + "[" + cron + " " + new Date(scheduledTime).toISOString() + "]");
	},
}`

// market is a server with a shop that sends to the queue orders and a clerk that consumes it.
func market(
	t *testing.T, s *emulator.Server, settings object,
) (c *client, ask func(query string), noted func(key string) string) {
	t.Helper()
	c, get := run(t, s)
	c.queue("orders")
	kv := c.namespace("notes")
	c.upload("shop", shop, object{"bindings": []object{producer("orders")}})
	c.must(http.MethodPost, scripts+"shop/subdomain", object{"enabled": true}, nil)
	c.upload("clerk", clerk, object{"bindings": []object{
		{"type": "kv_namespace", "name": "KV", "namespace_id": kv[len(namespaces)+1:]},
	}})
	var list []queueView
	c.must(http.MethodGet, queues+"?name=orders", nil, &list)
	c.consumer(list[0].path(), "clerk", settings)
	ask = func(query string) {
		t.Helper()
		require.Equal(t, "sent", get("http://shop.emulator.workers.dev/?"+query))
	}
	noted = func(key string) string {
		got := c.send(http.MethodGet, kv+"/values/"+key, nil)
		if got.Status == http.StatusNotFound {
			return ""
		}
		c.send(http.MethodDelete, kv+"/values/"+key, nil)
		return got.Body
	}
	return c, ask, noted
}

func TestMessagesReachTheirConsumer(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c, ask, noted := market(t, &emulator.Server{Now: clock.now}, object{
		"batch_size": 3, "max_wait_time_ms": 2000, "max_retries": 1, "retry_delay": 10, "dead_letter_queue": "dead",
	})
	ask("text=first")
	c.pass(clock, 1999*time.Millisecond)
	assert.Empty(t, noted("seen"))
	c.pass(clock, time.Millisecond)
	assert.Equal(t, `[orders "first"#1]`, noted("seen"))
	ask("batch=a,b,c&late=d")
	c.pass(clock, 0)
	assert.Equal(t, `[orders "a"#1 "b"#1 "c"#1]`, noted("seen"))
	ask("text=bad&json=%7B%22a%22:%5B1%5D%7D")
	c.pass(clock, 2*time.Second)
	assert.Equal(t, `[orders "bad"#1 {"a":[1]}#1]`, noted("seen"), "the whole batch was seen, and one asked to be retried")
	c.pass(clock, 12*time.Second-1)
	assert.Empty(t, noted("seen"))
	c.pass(clock, 1)
	assert.Equal(t, `[orders "bad"#2]`, noted("seen"))
	assert.Regexp(t, `(?s)queue dead [^\n]*\n    message text \S+ attempts 0\n`, c.server.Dump())
	c.pass(clock, 50*time.Second)
	assert.Equal(t, `[orders "d"#1]`, noted("seen"))
	ask("text=again")
	c.pass(clock, 2*time.Second)
	assert.Equal(t, `[orders "again"#1]`, noted("seen"))
	c.pass(clock, 32*time.Second-1)
	assert.Empty(t, noted("seen"))
	c.pass(clock, 1)
	assert.Equal(t, `[orders "again"#2]`, noted("seen"))
	c.pass(clock, 5*24*time.Hour)
	assert.NotContains(t, c.server.Dump(), "    message ")
}

func TestMessagesAreNotLostWhenWorkersAreDeployed(t *testing.T) {
	t.Parallel()
	clock := newClock()
	dir := t.TempDir()
	c, ask, noted := market(t, &emulator.Server{Now: clock.now, DataDir: dir}, object{"max_wait_time_ms": 1000})
	ask("text=one")
	var clerkNow []object
	c.must(http.MethodGet, scripts+"clerk/settings", nil, &struct{ Bindings *[]object }{&clerkNow})
	const handler = "async queue(batch, { KV }) {"
	fails := strings.Replace(clerk, handler, handler+` throw new Error("new");`, 1)
	c.upload("clerk", fails, object{"bindings": clerkNow})
	c.pass(clock, time.Second)
	assert.Empty(t, noted("seen"), "the newest version is called")
	c.upload("clerk", clerk, object{"bindings": clerkNow})
	c.pass(clock, time.Second)
	assert.Equal(t, `[orders "one"#2]`, noted("seen"))
	ask("text=two")
	require.NoError(t, c.server.Close())
	again, _ := run(t, &emulator.Server{Now: clock.now, DataDir: dir})
	again.pass(clock, time.Second)
	var list []struct{ ID string }
	again.must(http.MethodGet, namespaces, nil, &list)
	assert.Equal(t, `[orders "two"#1]`, again.send(http.MethodGet, namespaces+"/"+list[0].ID+"/values/seen", nil).Body)
}

func TestAServerDeliversByItself(t *testing.T) {
	t.Parallel()
	_, ask, noted := market(t, &emulator.Server{}, object{"max_wait_time_ms": 0})
	ask("text=hello")
	require.Eventually(t, func() bool { return noted("seen") == `[orders "hello"#1]` }, time.Minute, 10*time.Millisecond)
}

func TestAConsumerNeedsAQueueHandler(t *testing.T) {
	t.Parallel()
	c, _, _ := market(t, &emulator.Server{}, object{})
	c.refused(http.StatusBadRequest, 11001, http.MethodPut, scripts+"clerk", worker(t, hello, nil))
	c.refused(http.StatusBadRequest, 11001, http.MethodPost, scripts+"clerk/versions", worker(t, hello, nil))
	other := c.queue("other")
	got := c.refused(http.StatusBadRequest, 11001, http.MethodPost, other+"/consumers",
		object{"type": "worker", "script_name": "shop"})
	assert.Contains(t, got.Errors[0].Message, "Queue handler is missing")
	c.must(http.MethodPut, scripts+"shop", worker(t, hello, nil), nil)
}

func TestCronTriggersFire(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c, _, noted := market(t, &emulator.Server{Now: clock.now}, object{})
	c.must(http.MethodPut, scripts+"clerk/schedules", []object{{"cron": "*/5 * * * *"}, {"cron": "7 12 * * *"}}, nil)
	c.pass(clock, 0)
	c.pass(clock, 4*time.Minute+59*time.Second)
	assert.Empty(t, noted("fired"))
	c.pass(clock, time.Second)
	assert.Equal(t, "[*/5 * * * * 2026-11-21T12:05:00.000Z]", noted("fired"))
	c.pass(clock, time.Minute)
	assert.Empty(t, noted("fired"), "once is enough")
	c.must(http.MethodPut, scripts+"clerk/schedules", []object{{"cron": "7 12 * * *"}}, nil)
	c.pass(clock, time.Hour)
	assert.Equal(t, "[7 12 * * * 2026-11-21T12:07:00.000Z]", noted("fired"), "late, and only what is left")
	clock.ns.Add(int64(24 * time.Hour))
	c.queue("other") // a change elsewhere, after it was due and before it fired
	c.pass(clock, 0)
	assert.Equal(t, "[7 12 * * * 2026-11-22T12:07:00.000Z]", noted("fired"))
	c.must(http.MethodPut, scripts+"clerk/schedules", []object{}, nil)
	c.pass(clock, 24*time.Hour)
	assert.Empty(t, noted("fired"))
	c.must(http.MethodPut, scripts+"shop/schedules", []object{{"cron": "* * * * *"}}, nil)
	c.pass(clock, time.Minute)
	assert.Empty(t, noted("fired"), "a Worker without the handler harms nobody")
}
