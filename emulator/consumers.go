// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
)

// The types of consumers. Those of type http_pull are kept and get nothing.
const (
	workerConsumer = "worker"
	pullConsumer   = "http_pull"
)

// consumer is what takes a queue's messages.
type consumer struct {
	ID              string           `json:"id"`
	Created         timestamp        `json:"created"`
	Type            string           `json:"type"`
	Script          string           `json:"script,omitempty"` // of a Worker
	DeadLetterQueue string           `json:"deadLetterQueue,omitempty"`
	Settings        consumerSettings `json:"settings"`
}

// consumerSettings are a consumer's settings (cloudflare-go queues.ConsumerMqWorkerConsumerResponseSettings and
// ConsumerMqHTTPConsumerResponseSettings).
type consumerSettings struct {
	BatchSize           int  `json:"batch_size"`
	MaxRetries          int  `json:"max_retries"`
	MaxWaitTimeMS       *int `json:"max_wait_time_ms,omitempty"` // of Workers
	MaxConcurrency      *int `json:"max_concurrency,omitempty"`  // of Workers; nil: as many as it takes
	RetryDelay          int  `json:"retry_delay"`                // seconds
	VisibilityTimeoutMS *int `json:"visibility_timeout_ms,omitempty"`
}

// defaultConsumerSettings are what a consumer of the type has for settings that are left out
// (developers.cloudflare.com/queues/configuration/configure-queues and …/pull-consumers).
func defaultConsumerSettings(kind string) consumerSettings {
	s := consumerSettings{BatchSize: queue.DefaultBatchSize, MaxRetries: queue.DefaultMaxRetries}
	if kind == pullConsumer {
		s.VisibilityTimeoutMS = new(30_000)
	} else {
		s.MaxWaitTimeMS = new(int(queue.DefaultMaxWait / time.Millisecond))
	}
	return s
}

// check refuses settings out of bounds (developers.cloudflare.com/queues/platform/limits).
func (s consumerSettings) check() error {
	for _, limit := range []struct {
		name          string
		value         *int
		lowest, above int
	}{
		{"batch_size", &s.BatchSize, 1, 100},
		{"max_retries", &s.MaxRetries, 0, 100},
		{"max_wait_time_ms", s.MaxWaitTimeMS, 0, 60_000},
		{"max_concurrency", s.MaxConcurrency, 1, 250},
		{"retry_delay", &s.RetryDelay, 0, 86_400},
		{"visibility_timeout_ms", s.VisibilityTimeoutMS, 0, 12 * 3_600_000},
	} {
		if limit.value != nil && (*limit.value < limit.lowest || *limit.value > limit.above) {
			return refuse(http.StatusBadRequest, codeBadConsumer, "Consumer settings are invalid: %s must be between %d and %d.",
				limit.name, limit.lowest, limit.above)
		}
	}
	return nil
}

// view is the consumer as the API shows it: cloudflare-go queues.Consumer has the Worker as script_name, workers-sdk
// (packages/deploy-helpers/src/triggers/queue-consumers.ts) as script.
func (c *consumer) view(q *messageQueue) map[string]any {
	view := map[string]any{
		"consumer_id": c.ID, "type": c.Type, "created_on": c.Created, "queue_name": q.Name, "settings": c.Settings,
	}
	if c.Type == workerConsumer {
		view["script"], view["script_name"] = c.Script, c.Script
	}
	if c.DeadLetterQueue != "" {
		view["dead_letter_queue"] = c.DeadLetterQueue
	}
	return view
}

// consumer returns the queue and the consumer that the path names. What Cloudflare answers when there is no such
// consumer was not found; the code is that of a queue.
func (c *call) consumer() (*messageQueue, *consumer, error) {
	q, err := c.queue()
	if err != nil {
		return nil, nil, err
	}
	for _, consumer := range q.Consumers {
		if consumer.ID == c.path("consumer") {
			return q, consumer, nil
		}
	}
	return nil, nil, refuse(http.StatusNotFound, codeQueueNotFound, "Consumer '%s' does not exist.", c.path("consumer"))
}

// listConsumers answers GET …/queues/{queue}/consumers.
func listConsumers(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	views := []map[string]any{}
	for _, consumer := range q.Consumers {
		views = append(views, consumer.view(q))
	}
	return paged(c.r, views, 20), nil
}

// getConsumer answers GET …/queues/{queue}/consumers/{consumer}.
func getConsumer(c *call) (any, error) {
	q, consumer, err := c.consumer()
	if err != nil {
		return nil, err
	}
	return consumer.view(q), nil
}

// createConsumer answers POST …/queues/{queue}/consumers (cloudflare-go queues.ConsumerNewParamsBody). A queue has one
// consumer at most.
func createConsumer(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	if len(q.Consumers) > 0 {
		return nil, refuse(http.StatusBadRequest, codeConsumerExists, "Queue '%s' already has a consumer.", q.Name)
	}
	made := &consumer{ID: newID(), Created: c.now()}
	if err := c.connectConsumer(q, made); err != nil {
		return nil, err
	}
	q.Consumers = append(q.Consumers, made)
	return made.view(q), nil
}

// updateConsumer answers PUT …/queues/{queue}/consumers/{consumer}, which replaces all but the id. That settings left
// out return to their defaults is a best guess.
func updateConsumer(c *call) (any, error) {
	q, old, err := c.consumer()
	if err != nil {
		return nil, err
	}
	changed := &consumer{ID: old.ID, Created: old.Created}
	if err := c.connectConsumer(q, changed); err != nil {
		return nil, err
	}
	*old = *changed
	return old.view(q), nil
}

// deleteConsumer answers DELETE …/queues/{queue}/consumers/{consumer}. The messages stay.
func deleteConsumer(c *call) (any, error) {
	q, old, err := c.consumer()
	if err != nil {
		return nil, err
	}
	q.Consumers = slices.DeleteFunc(q.Consumers, func(other *consumer) bool { return other == old })
	return nil, nil
}

// connectConsumer gives the consumer what the body says. A dead letter queue that does not exist is made
// (developers.cloudflare.com/queues/configuration/configure-queues: "it will be created automatically").
func (c *call) connectConsumer(q *messageQueue, made *consumer) error {
	var want struct {
		Type            string          `json:"type"`
		Script          string          `json:"script_name"`
		Environment     string          `json:"environment_name"`
		DeadLetterQueue string          `json:"dead_letter_queue"`
		Settings        json.RawMessage `json:"settings"`
	}
	if err := c.decode(&want, codeBadRequestBody); err != nil {
		return err
	}
	made.Type, made.DeadLetterQueue, made.Settings = want.Type, want.DeadLetterQueue, defaultConsumerSettings(want.Type)
	if len(want.Settings) > 0 {
		if err := json.Unmarshal(want.Settings, &made.Settings); err != nil {
			return refuse(http.StatusBadRequest, codeBadRequestBody, "Could not parse request body: %v", err)
		}
	}
	switch want.Type {
	case workerConsumer:
		made.Script, made.Settings.VisibilityTimeoutMS = want.Script, nil
		w := c.account.Workers[want.Script]
		if w == nil || w.active() == nil {
			return refuse(http.StatusNotFound, 10007, workerNotFound)
		}
		if err := c.checkQueueHandler(w.active()); err != nil {
			return err
		}
	case pullConsumer:
		made.Settings.MaxWaitTimeMS, made.Settings.MaxConcurrency = nil, nil
	default:
		return refuse(http.StatusBadRequest, codeBadRequestBody, "type of a consumer must be worker or http_pull, not %q",
			want.Type)
	}
	if err := made.Settings.check(); err != nil {
		return err
	}
	switch name := want.DeadLetterQueue; {
	case name == "" || c.account.queueNamed(name) != nil && name != q.Name:
	case name == q.Name:
		// That a cycle is refused: workers-sdk, packages/miniflare/src/plugins/queues/errors.ts; the code is a best guess.
		return refuse(http.StatusBadRequest, codeBadConsumer,
			"Consumer settings are invalid: queue '%s' cannot be its own dead letter queue.", name)
	case !queueName.MatchString(name):
		return refuse(http.StatusBadRequest, codeBadQueueName, "Queue name '%s' is invalid.", name)
	default:
		dead := &messageQueue{
			ID: newID(), Name: name, Created: c.now(), Modified: c.now(), Settings: defaultQueueSettings(),
		}
		c.account.Queues[dead.ID] = dead
	}
	return nil
}

// checkQueueHandler refuses a version that cannot consume. Without a runtime its handlers are not known.
func (c *call) checkQueueHandler(v *version) error {
	if c.Runtime == nil || slices.Contains(v.Handlers, "queue") {
		return nil
	}
	return refuse(http.StatusBadRequest, codeNoQueueHandler, "Queue handler is missing. Please see our docs for more "+
		"information about creating handlers: "+
		"https://developers.cloudflare.com/queues/configuration/javascript-apis/#consumer.")
}

// checkConsumer refuses a new version without a queue handler of a Worker that consumes (deployment logs quote 11001 at
// the upload of a version).
func (c *call) checkConsumer(script string, v *version) error {
	if len(c.account.consumedBy(script)) == 0 {
		return nil
	}
	return c.checkQueueHandler(v)
}

// consumedBy returns the queues that a Worker consumes.
func (a *account) consumedBy(script string) []*messageQueue {
	return slices.DeleteFunc(a.queuesByName(), func(q *messageQueue) bool {
		return !slices.ContainsFunc(q.Consumers, func(c *consumer) bool { return c.Script == script && script != "" })
	})
}

// checkNotConsuming refuses to delete a Worker that consumes, by force too.
func (c *call) checkNotConsuming(script string) error {
	if len(c.account.consumedBy(script)) == 0 {
		return nil
	}
	return refuse(http.StatusBadRequest, codeConsumerWorker, "Cannot delete this Worker as it is a consumer for a Queue. "+
		"Remove it from the Queue's consumers first, then retry.")
}

// queueReferences are the queues that a Worker consumes as the API shows them (cloudflare-go
// workers.WorkerReferencesQueue).
func (a *account) queueReferences(script string) []any {
	references := []any{}
	for _, q := range a.consumedBy(script) {
		for _, c := range q.Consumers {
			references = append(references, map[string]any{
				"queue_consumer_id": c.ID, "queue_id": q.ID, "queue_name": q.Name,
			})
		}
	}
	return references
}
