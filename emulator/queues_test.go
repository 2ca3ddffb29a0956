// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const queues = account + "/queues"

// queue makes a queue and returns its path.
func (c *client) queue(name string) string {
	c.t.Helper()
	var got struct {
		ID string `json:"queue_id"`
	}
	c.must(http.MethodPost, queues, object{"queue_name": name}, &got)
	return queues + "/" + got.ID
}

// consumer makes a Worker the consumer of a queue and returns the consumer's path.
func (c *client) consumer(queue, script string, settings object) string {
	c.t.Helper()
	var got struct {
		ID string `json:"consumer_id"`
	}
	body := object{"type": "worker", "script_name": script, "settings": settings}
	if dead, ok := settings["dead_letter_queue"]; ok {
		body["dead_letter_queue"] = dead
		delete(settings, "dead_letter_queue")
	}
	c.must(http.MethodPost, queue+"/consumers", body, &got)
	return queue + "/consumers/" + got.ID
}

// producer is a binding to a queue.
func producer(name string) object {
	return object{"type": "queue", "name": "QUEUE", "queue_name": name}
}

// queueView is a queue as clients read it.
type queueView struct {
	ID        string `json:"queue_id"`
	Name      string `json:"queue_name"`
	Settings  map[string]any
	Producers []struct{ Type, Script string }
	Consumers []map[string]any
	Produced  int `json:"producers_total_count"`
	Consumed  int `json:"consumers_total_count"`
}

func TestQueuesAreCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	empty := c.server.Dump()
	path := c.queue("orders")
	var got queueView
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, "orders", got.Name)
	standard := map[string]any{"delivery_delay": 0.0, "delivery_paused": false, "message_retention_period": 345600.0}
	assert.Equal(t, standard, got.Settings)
	assert.NotNil(t, got.Producers)
	assert.NotNil(t, got.Consumers)

	c.must(http.MethodPatch, path, object{"settings": object{"delivery_paused": true}}, nil)
	c.must(http.MethodPatch, path, object{"queue_name": "orders", "settings": object{"delivery_delay": 60}}, &got)
	assert.Equal(t, map[string]any{
		"delivery_delay": 60.0, "delivery_paused": true, "message_retention_period": 345600.0,
	}, got.Settings, "what is left out stays")
	c.must(http.MethodPut, path, object{"queue_name": "new-name"}, &got)
	assert.Equal(t, "new-name", got.Name)
	assert.Equal(t, standard, got.Settings)

	taken := c.queue("taken")
	c.refused(http.StatusConflict, 11009, http.MethodPost, queues, object{"queue_name": "taken"})
	c.refused(http.StatusConflict, 11009, http.MethodPatch, path, object{"queue_name": "taken"})
	for _, name := range []string{"", "a b", "-a", "a-", "A", strings.Repeat("a", 64)} {
		c.refused(http.StatusBadRequest, 11003, http.MethodPost, queues, object{"queue_name": name})
	}
	for _, settings := range []object{
		{"delivery_delay": -1},
		{"delivery_delay": 86401},
		{"message_retention_period": 59},
		{"message_retention_period": 1209601},
	} {
		c.refused(http.StatusBadRequest, 100128, http.MethodPost, queues, object{"queue_name": "q", "settings": settings})
		c.refused(http.StatusBadRequest, 100128, http.MethodPatch, path, object{"settings": settings})
	}
	c.refused(http.StatusBadRequest, 10026, http.MethodPost, queues, "{")
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, standard, got.Settings, "a refusal changes nothing")
	c.must(http.MethodDelete, path, nil, nil)
	c.must(http.MethodDelete, taken, nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		c.refused(http.StatusNotFound, 11000, method, path, object{})
	}
	assert.Equal(t, empty, c.server.Dump())
}

func TestQueuesAreListedByNameAndPage(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	for i := range 25 {
		c.queue(fmt.Sprintf("q%02d", i))
	}
	names := func(query string) (names []string) {
		var got []queueView
		c.must(http.MethodGet, queues+query, nil, &got)
		for _, q := range got {
			names = append(names, q.Name)
		}
		return names
	}
	assert.Len(t, names(""), 20)
	assert.Equal(t, []string{"q20", "q21", "q22", "q23", "q24"}, names("?page=2"))
	assert.Equal(t, []string{"q02", "q03"}, names("?page=2&per_page=2"))
	assert.Equal(t, []string{"q03"}, names("?name=q03&page=1"))
	assert.Equal(t, []string{"q03", "q07"}, names("?name=q07&name=q03&name=none"))
	assert.Empty(t, names("?name=q"))
	got := c.must(http.MethodGet, queues, nil, nil)
	assert.InEpsilon(t, 25, got.Info["total_count"], 0)
}

func TestAQueueHasOneConsumer(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("worker", hello, nil)
	c.upload("other", hello, nil)
	orders := c.queue("orders")
	path := c.consumer(orders, "worker", object{"batch_size": 5, "max_concurrency": 2, "dead_letter_queue": "dead"})
	var got map[string]any
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, map[string]any{
		"batch_size": 5.0, "max_retries": 3.0, "max_wait_time_ms": 5000.0, "max_concurrency": 2.0, "retry_delay": 0.0,
	}, got["settings"])
	assert.Equal(t, []any{"worker", "worker", "worker", "orders", "dead"},
		[]any{got["type"], got["script"], got["script_name"], got["queue_name"], got["dead_letter_queue"]})
	var list []map[string]any
	c.must(http.MethodGet, orders+"/consumers", nil, &list)
	assert.Equal(t, []map[string]any{got}, list)
	var q queueView
	c.must(http.MethodGet, orders, nil, &q)
	assert.Equal(t, list, q.Consumers)
	assert.Equal(t, 1, q.Consumed)
	var dead []queueView
	c.must(http.MethodGet, queues+"?name=dead", nil, &dead)
	require.Len(t, dead, 1, "a dead letter queue is made")

	body := object{"type": "worker", "script_name": "other"}
	c.refused(http.StatusBadRequest, 11004, http.MethodPost, orders+"/consumers", body)
	c.must(http.MethodPut, path, body, &got)
	assert.Equal(t, "other", got["script"])
	assert.Equal(t, map[string]any{
		"batch_size": 10.0, "max_retries": 3.0, "max_wait_time_ms": 5000.0, "retry_delay": 0.0,
	}, got["settings"], "what is left out has its default")
	before := c.server.Dump()
	for _, settings := range []object{
		{"batch_size": 0},
		{"batch_size": 101},
		{"max_retries": -1},
		{"max_retries": 101},
		{"max_wait_time_ms": 60001},
		{"max_concurrency": 0},
		{"max_concurrency": 251},
		{"retry_delay": 86401},
	} {
		c.refused(http.StatusBadRequest, 100127, http.MethodPut, path,
			object{"type": "worker", "script_name": "worker", "settings": settings})
	}
	for code, wrong := range map[int]object{
		10026:  {"type": "r2_bucket"},
		11003:  {"type": "worker", "script_name": "worker", "dead_letter_queue": "Not a name"},
		100127: {"type": "worker", "script_name": "worker", "dead_letter_queue": "orders"},
	} {
		c.refused(http.StatusBadRequest, code, http.MethodPut, path, wrong)
	}
	c.refused(http.StatusNotFound, 10007, http.MethodPut, path, object{"type": "worker", "script_name": "none"})
	c.refused(http.StatusBadRequest, 10026, http.MethodPut, path, object{"type": "worker", "settings": "none"})
	assert.Equal(t, before, c.server.Dump())

	c.refused(http.StatusNotFound, 11000, http.MethodGet, dead[0].path()+path[len(orders):], nil)
	c.must(http.MethodDelete, path, nil, nil)
	c.refused(http.StatusNotFound, 11000, http.MethodDelete, path, nil)
	c.must(http.MethodPost, orders+"/consumers", object{"type": "http_pull", "settings": object{"max_retries": 0}}, &got)
	assert.Equal(t, map[string]any{
		"batch_size": 10.0, "max_retries": 0.0, "retry_delay": 0.0, "visibility_timeout_ms": 30000.0,
	}, got["settings"])
	c.refused(http.StatusBadRequest, 11004, http.MethodPost, orders+"/consumers", body)
}

func (q queueView) path() string { return queues + "/" + q.ID }

func TestAQueueInUseStays(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("worker", hello, nil)
	orders, dead := c.queue("orders"), c.queue("dead")
	c.upload("shop", hello, object{"bindings": []object{producer("orders")}})
	path := c.consumer(orders, "worker", object{"dead_letter_queue": "dead"})
	var got queueView
	c.must(http.MethodGet, orders, nil, &got)
	assert.Equal(t, []struct{ Type, Script string }{{"worker", "shop"}}, got.Producers)
	assert.Equal(t, 1, got.Produced)

	refusal := c.refused(http.StatusBadRequest, 11005, http.MethodDelete, orders, nil)
	assert.Contains(t, refusal.Errors[0].Message, "Unbind queue 'orders' from the Workers 'shop'")
	refusal = c.refused(http.StatusBadRequest, 11005, http.MethodDelete, dead, nil)
	assert.Contains(t, refusal.Errors[0].Message, "dead letter queue")
	c.refused(http.StatusNotImplemented, 7000, http.MethodPatch, orders, object{"queue_name": "renamed"})
	c.refused(http.StatusNotImplemented, 7000, http.MethodPatch, dead, object{"queue_name": "renamed"})
	for _, query := range []string{"", "?force=true"} {
		c.refused(http.StatusBadRequest, 10064, http.MethodDelete, scripts+"worker"+query, nil)
	}
	c.refused(http.StatusBadRequest, 10064, http.MethodDelete, account+"/workers/services/worker?force=true", nil)
	var worker struct {
		References struct{ Queues []map[string]string }
	}
	c.must(http.MethodGet, account+"/workers/workers/worker", nil, &worker)
	require.Len(t, worker.References.Queues, 1)
	assert.Equal(t, "orders", worker.References.Queues[0]["queue_name"])

	c.upload("shop", hello, nil)
	c.must(http.MethodDelete, path, nil, nil)
	c.must(http.MethodDelete, scripts+"worker", nil, nil)
	c.must(http.MethodDelete, orders, nil, nil)
	c.must(http.MethodDelete, dead, nil, nil)
	assert.NotContains(t, c.server.Dump(), "queue ")
}

func TestMessagesArePushedCountedAndPurged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, &emulator.Server{DataDir: dir})
	orders := c.queue("orders")
	got := c.must(http.MethodPost, orders+"/messages", object{"body": object{"a": 1}}, nil)
	assert.Contains(t, string(got.Result), `"metadata":{"metrics":{"backlog_bytes":7,"backlog_count":1,`)
	c.must(http.MethodPost, orders+"/messages", object{"body": "text", "content_type": "text", "delay_seconds": 60}, nil)
	c.must(http.MethodPost, orders+"/messages/batch", object{"delay_seconds": 1, "messages": []object{
		{"body": "x"}, {"body": nil, "content_type": "json"},
	}}, nil)
	assert.Contains(t, c.server.Dump(), "    message text ")
	for code, body := range map[int]any{
		10208: "{",
		10207: object{"body": 1, "content_type": "text"},
		10203: object{"body": 1, "delay_seconds": 86401},
		10204: object{"body": strings.Repeat("x", 128_001)},
	} {
		refused := c.send(http.MethodPost, orders+"/messages", body)
		require.NotEmpty(t, refused.Errors, code)
		assert.Equal(t, code, refused.Errors[0].Code)
	}
	binary := object{"body": 1, "content_type": "bytes"}
	c.refused(http.StatusBadRequest, 10207, http.MethodPost, orders+"/messages", binary)
	c.refused(http.StatusBadRequest, 10207, http.MethodPost, orders+"/messages", object{})
	c.refused(http.StatusRequestEntityTooLarge, 10206, http.MethodPost, orders+"/messages/batch", object{})
	c.refused(http.StatusNotFound, 11000, http.MethodPost, queues+"/none/messages", object{"body": 1})

	again := start(t, &emulator.Server{DataDir: dir}) // as after a restart
	var metrics struct {
		Count  int `json:"backlog_count"`
		Oldest int `json:"oldest_message_timestamp_ms"`
	}
	again.must(http.MethodGet, orders+"/metrics", nil, &metrics)
	assert.Equal(t, 4, metrics.Count)
	assert.Positive(t, metrics.Oldest)
	again.refused(http.StatusBadRequest, 10026, http.MethodPost, orders+"/purge", object{})
	again.must(http.MethodPost, orders+"/purge", object{"delete_messages_permanently": true}, nil)
	var purge struct{ Completed, StartedAt string }
	again.must(http.MethodGet, orders+"/purge", nil, &purge)
	assert.Equal(t, "true", purge.Completed)
	again.must(http.MethodGet, orders+"/metrics", nil, &metrics)
	assert.Zero(t, metrics.Count)
	assert.Zero(t, metrics.Oldest)
}

func TestBindingsToQueuesReadBack(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusBadRequest, 11000, http.MethodPut, scripts+"shop",
		worker(t, hello, object{"bindings": []object{producer("orders")}}))
	c.queue("orders")
	bound := producer("orders")
	bound["delivery_delay"] = 5
	got := c.bindings("shop", c.upload("shop", hello, object{"bindings": []object{bound}}))
	assert.Equal(t, "orders", got[0]["queue_name"])
	assert.InEpsilon(t, 5, got[0]["delivery_delay"], 0)
}
