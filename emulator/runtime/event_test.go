// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// producer is a Worker that sends one message of each content type.
const producer = `export default { async fetch(request, { QUEUE }) {
	await QUEUE.send("text é", { contentType: "text" });
	await QUEUE.send({ a: [1, "é"] }, { contentType: "json" });
	await QUEUE.send(new Uint8Array([0, 255]), { contentType: "bytes" });
	await QUEUE.send(new Map([["k", 1n]]), { contentType: "v8" });
	return new Response("sent");
} }`

// consumer is a Worker that logs the batches that it gets and does with a message what that says.
const consumer = `export default {
	async queue(batch, env, ctx) {
		for (const m of batch.messages) {
			const { id, attempts, timestamp, body } = m;
			const kind = Object.prototype.toString.call(body).slice(8, -1);
			const text = body instanceof ArrayBuffer ? [...new Uint8Array(body)].join()
				: body instanceof Map ? [...body].map(([k, v]) => k + typeof v + v).join() : JSON.stringify(body);
			console.log([batch.queue, id, attempts, timestamp.toISOString(), kind, text].join(" "));
			if (body === "ack") m.ack();
			if (body === "retry") m.retry({ delaySeconds: 7 });
			if (body === "retry at once") m.retry();
			if (body === "retry all") batch.retryAll({ delaySeconds: 9 });
			if (body === "ack all") batch.ackAll();
			if (body === "throw") throw new Error("thrown");
			if (body === "wait") ctx.waitUntil(scheduler.wait(20).then(() => console.log("waited")));
		}
	},
	scheduled({ cron, scheduledTime }) {
		console.log("scheduled " + cron + " at " + scheduledTime);
		if (cron === "throw") throw new Error("thrown");
	},
};`

// queueOf returns the backend of all queues, which keeps what it gets as messages.
func queueOf(messages *[]runtime.QueueMessage, subjects *[]string) func(*runtime.Runtime) {
	var mu sync.Mutex
	return func(r *runtime.Runtime) {
		r.Queues = func(account, queue, delay string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				body, _ := io.ReadAll(q.Body)
				*subjects = append(*subjects, account+" "+queue+" "+delay)
				*messages = append(*messages, runtime.QueueMessage{
					ID: "m", Attempts: 3, TimestampMS: 1_780_000_000_123, ContentType: q.Header.Get("X-Msg-Fmt"), Body: body,
				})
				_, _ = io.WriteString(w, `{"metadata":{"metrics":{"backlogCount":0,"backlogBytes":0,"oldestMessageTimestamp":0}}}`)
			})
		}
	}
}

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	t.Parallel()
	var messages []runtime.QueueMessage
	var subjects []string
	h := newHarness(t, queueOf(&messages, &subjects))
	h.Apply(worldOf(script("producer", "v1", producer,
		`{"type":"queue","name":"QUEUE","queue_name":"a queue","delivery_delay":5}`), script("consumer", "v1", consumer)))
	require.Equal(t, "sent", h.get("https://producer.emulator.workers.dev/").body)
	assert.Equal(t, []string{"acc a queue 5", "acc a queue 5", "acc a queue 5", "acc a queue 5"}, subjects)
	got, err := h.Queue(t.Context(), "acc", "consumer", runtime.QueueBatch{Queue: "q", Messages: messages})
	require.NoError(t, err)
	assert.Equal(t, "ok", got.Outcome)
	for _, want := range []string{`String "text é"`, `Object {"a":[1,"é"]}`, "ArrayBuffer 0,255", "Map kbigint1"} {
		h.logged("consumer: q m 3 2026-05-28T20:26:40.123Z " + want)
	}
}

// logged waits until the log has a text.
func (h *harness) logged(text string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return strings.Contains(h.log.String(), text) }, time.Minute,
		10*time.Millisecond, "the log has no %q", text)
}

// text is a message of text.
func text(id, body string) runtime.QueueMessage {
	return runtime.QueueMessage{ID: id, Attempts: 1, ContentType: "text", Body: []byte(body)}
}

func TestTheQueueHandlerDecidesAboutMessages(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("consumer", "v1", consumer), script("other", "v1", says("hello")),
		script("class", "v1", `import { WorkerEntrypoint } from "cloudflare:workers";
			export default class extends WorkerEntrypoint { queue(batch) { batch.ackAll() } }`)))
	call := func(worker string, bodies ...string) string {
		t.Helper()
		batch := runtime.QueueBatch{Queue: "q"}
		for i, body := range bodies {
			batch.Messages = append(batch.Messages, text(string(rune('a'+i)), body))
		}
		got, err := h.Queue(t.Context(), "acc", worker, batch)
		require.NoError(t, err)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		return string(text)
	}
	const none = `"explicitAcks":[],"retryMessages":[]`
	assert.JSONEq(t, `{"outcome":"ok","ackAll":false,"retryBatch":{"retry":false,"delaySeconds":null},`+none+`}`,
		call("consumer", "fine"))
	assert.JSONEq(t, `{"outcome":"ok","ackAll":false,"retryBatch":{"retry":false,"delaySeconds":null},
		"explicitAcks":["a"],"retryMessages":[{"msgId":"b","delaySeconds":7},{"msgId":"c","delaySeconds":null}]}`,
		call("consumer", "ack", "retry", "retry at once", "fine"))
	assert.JSONEq(t, `{"outcome":"ok","ackAll":false,"retryBatch":{"retry":true,"delaySeconds":9},`+none+`}`,
		call("consumer", "retry all"))
	assert.JSONEq(t, `{"outcome":"ok","ackAll":true,"retryBatch":{"retry":false,"delaySeconds":null},`+none+`}`,
		call("consumer", "ack all"))
	assert.JSONEq(t, `{"outcome":"exception","ackAll":false,"retryBatch":{"retry":false,"delaySeconds":null},
		"explicitAcks":["a"],"retryMessages":[]}`, call("consumer", "ack", "throw"))
	h.logged("consumer: uncaught Error: thrown")
	assert.Contains(t, call("class", "x"), `"ackAll":true`)
	assert.Contains(t, call("other", "x"), `"outcome":"exception"`, "there is no queue handler")
	call("consumer", "wait")
	h.logged("consumer: waited")
	assert.Zero(t, h.AtWork())
}

func TestAReplacedProcessEndsWhenItsHandlersAreDone(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const slow = `export default { queue: () => scheduler.wait(100) }`
	h.Apply(worldOf(script("slow", "v1", slow)))
	var all sync.WaitGroup
	var errs [3]error
	for i := range errs {
		all.Go(func() {
			batch := runtime.QueueBatch{Messages: []runtime.QueueMessage{text("a", "x")}}
			_, errs[i] = h.Queue(t.Context(), "acc", "slow", batch)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	old := h.Ended()
	h.Apply(worldOf(script("slow", "v2", slow+"// changed")))
	_, err := h.Queue(t.Context(), "acc", "slow", runtime.QueueBatch{})
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		select {
		case <-old:
			return true
		default:
			return false
		}
	}, 20*time.Second, 10*time.Millisecond, "nothing keeps it for as long as it may take")
}

func TestHandlersOfNothingCannotBeCalled(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, err := h.Queue(t.Context(), "acc", "consumer", runtime.QueueBatch{})
	require.ErrorContains(t, err, "nothing here", "nothing was ever deployed")
	h.Apply(worldOf(script("broken", "v1", `null.foo`), script("garbage", "v1", consumer)))
	_, err = h.Queue(t.Context(), "acc", "consumer", runtime.QueueBatch{})
	require.ErrorContains(t, err, "No such Worker")
	_, err = h.Scheduled(t.Context(), "acc", "broken", "* * * * *", time.Now())
	require.ErrorContains(t, err, "cannot start")
	broken := runtime.QueueBatch{Messages: []runtime.QueueMessage{{ID: "m", ContentType: "json", Body: []byte("{")}}}
	_, err = h.Queue(t.Context(), "acc", "garbage", broken)
	require.ErrorContains(t, err, "SyntaxError")
}

func TestTheScheduledHandlerIsCalled(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("consumer", "v1", consumer)))
	outcome, err := h.Scheduled(t.Context(), "acc", "consumer", "*/5 * * * *", time.UnixMilli(1_780_000_000_123))
	require.NoError(t, err)
	assert.Equal(t, "ok", outcome)
	h.logged("consumer: scheduled */5 * * * * at 1780000000123")
	outcome, err = h.Scheduled(t.Context(), "acc", "consumer", "throw", time.Now())
	require.NoError(t, err)
	assert.Equal(t, "exception", outcome)
}

func TestTheDoorCallsTheScheduledHandler(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := worldOf(script("consumer", "v1", consumer), script("site", "v1", says("the site")))
	world.Routes = []runtime.Route{{Host: "example.com", Path: "/*", Account: "acc", Script: "consumer"}}
	h.Apply(world)
	const url = "https://consumer.emulator.workers.dev/cdn-cgi/handler/scheduled"
	a := h.get(url + "?cron=*+*+*+*+*&time=1780000000000")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "ok", a.body)
	h.logged("consumer: scheduled * * * * * at 1780000000000")
	a = h.get("https://example.com/cdn-cgi/local/scheduled?cron=throw&format=json")
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.JSONEq(t, `{"outcome":"exception","noRetry":false}`, a.body)
	assert.Equal(t, http.StatusBadRequest, h.get(url+"?time=soon").status)
	assert.Equal(t, http.StatusNotFound, h.get("https://nobody.emulator.workers.dev/cdn-cgi/handler/scheduled").status)
	assert.Equal(t, "the site", h.get("https://site.emulator.workers.dev/cdn-cgi/handler", "Emulator-Event", "queue").body)
}
