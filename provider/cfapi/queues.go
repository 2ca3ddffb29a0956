// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/queues"
)

// Queue is a queue of Cloudflare Queues.
type Queue struct {
	ID        string
	Name      string // unique in the account; bindings name it
	Settings  QueueSettings
	CreatedOn time.Time       // zero: Cloudflare did not say
	Consumers []QueueConsumer // at most one, as Cloudflare has it
}

// QueueSettings are the settings of a queue. In a request a nil field is left to
// Cloudflare when the queue is created, and stays as it is when it is updated. In an
// answer it is one that Cloudflare did not mention.
type QueueSettings struct {
	DeliveryDelay          *int  `json:"delivery_delay,omitempty"`           // seconds, of messages sent without one
	DeliveryPaused         *bool `json:"delivery_paused,omitempty"`          // whether consumers get nothing
	MessageRetentionPeriod *int  `json:"message_retention_period,omitempty"` // seconds
}

// The types of a [QueueConsumer].
const (
	QueueConsumerWorker   = "worker"    // messages are delivered to a Worker's queue handler
	QueueConsumerHTTPPull = "http_pull" // messages are fetched over HTTP
)

// QueueConsumer is what takes the messages of a queue. A queue has at most one.
type QueueConsumer struct {
	ID              string
	Type            string // QueueConsumerWorker or QueueConsumerHTTPPull
	Script          string // the Worker of a QueueConsumerWorker
	DeadLetterQueue string // name of the queue for messages that fail too often; empty: they are dropped
	Settings        QueueConsumerSettings
}

// QueueConsumerSettings are the settings of a consumer. In a request a nil field is
// left to Cloudflare; in an answer it is one that Cloudflare did not mention.
type QueueConsumerSettings struct {
	BatchSize           *int `json:"batch_size,omitempty"`            // messages delivered at a time, at most
	MaxRetries          *int `json:"max_retries,omitempty"`           // deliveries after the first that failed
	MaxWaitTimeMS       *int `json:"max_wait_time_ms,omitempty"`      // how long a batch waits to be full; Workers only
	MaxConcurrency      *int `json:"max_concurrency,omitempty"`       // batches at the same time; nil: as many as it takes
	RetryDelay          *int `json:"retry_delay,omitempty"`           // seconds before a retry
	VisibilityTimeoutMS *int `json:"visibility_timeout_ms,omitempty"` // how long a pulled message is reserved; pull only
}

// queueBody is a queue as the API writes it.
type queueBody struct {
	ID        string        `json:"queue_id"`
	Name      string        `json:"queue_name"`
	Settings  QueueSettings `json:"settings"`
	CreatedOn time.Time     `json:"created_on"`

	Consumers []queueConsumerBody `json:"consumers"`
}

func (b queueBody) queue() Queue {
	q := Queue{ID: b.ID, Name: b.Name, Settings: b.Settings, CreatedOn: b.CreatedOn}
	for _, consumer := range b.Consumers {
		q.Consumers = append(q.Consumers, consumer.consumer())
	}
	return q
}

// queueConsumerBody is a consumer as the API writes it. The Worker's name has one of
// three names, by the age of the consumer and the request
// (workers-sdk, packages/deploy-helpers/src/triggers/queue-consumers.ts).
type queueConsumerBody struct {
	ID              string                `json:"consumer_id"`
	Type            string                `json:"type"`
	ScriptName      string                `json:"script_name"`
	Script          string                `json:"script"`
	Service         string                `json:"service"`
	DeadLetterQueue string                `json:"dead_letter_queue"`
	Settings        QueueConsumerSettings `json:"settings"`
}

// CreateQueue makes a queue. It is not repeated when the response is lost. If the name
// is taken, the error is [ErrConflict].
func (c *Client) CreateQueue(ctx context.Context, account, name string, settings QueueSettings) (Queue, error) {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("create queue %q", name))
	var params queues.QueueNewParams
	params.AccountID.Value = segment(account)
	params.QueueName.Value, params.QueueName.Present = name, true
	var options []option.RequestOption
	if settings != (QueueSettings{}) {
		options = append(options, option.WithJSONSet("settings", settings)) // cloudflare-go has only the name
	}
	got, err := c.api().queues.New(ctx, params, options...)
	if err != nil {
		return Queue{}, call.failed(err)
	}
	return queueOf(call, got.JSON.RawJSON())
}

// Queue returns the queue with the id.
func (c *Client) Queue(ctx context.Context, account, id string) (Queue, error) {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("read queue %q", id))
	var params queues.QueueGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().queues.Get(ctx, segment(id), params)
	if err != nil {
		return Queue{}, call.failed(err)
	}
	return queueOf(call, got.JSON.RawJSON())
}

// Queues returns all queues of the account, or of those only the ones that are called
// as names say, with one request for each hundred of them. Filtering by several names:
// workers-sdk, packages/deploy-helpers/src/triggers/queue-consumers.ts.
func (c *Client) Queues(ctx context.Context, account string, names ...string) ([]Queue, error) {
	var all []Queue
	var filter []option.RequestOption
	for _, name := range names {
		filter = append(filter, option.WithQueryAdd("name", name))
	}
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIQueues, "list queues")
		var params queues.QueueListParams
		params.AccountID.Value = segment(account)
		got, err := c.api().queues.List(ctx, params, append(pageOptions(page), filter...)...)
		if err != nil {
			return nil, call.failed(err)
		}
		var body []queueBody
		last, err := readPage(call, got.JSON.RawJSON(), &body)
		if err != nil {
			return nil, err
		}
		for _, q := range body {
			all = append(all, q.queue())
		}
		if last || len(body) == 0 {
			return all, nil
		}
	}
}

// UpdateQueue changes the settings of a queue that are not nil. The name is the one
// that the queue has: Cloudflare wants it, and whether it can be changed is not known.
func (c *Client) UpdateQueue(
	ctx context.Context, account, id, name string, settings QueueSettings,
) (Queue, error) {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("update queue %q", name))
	call.repeatable = true
	var params queues.QueueEditParams
	params.AccountID.Value = segment(account)
	params.Queue.QueueName.Value, params.Queue.QueueName.Present = name, true
	var options []option.RequestOption
	if settings != (QueueSettings{}) {
		options = append(options, option.WithJSONSet("settings", settings))
	}
	got, err := c.api().queues.Edit(ctx, segment(id), params, options...)
	if err != nil {
		return Queue{}, call.failed(err)
	}
	return queueOf(call, got.JSON.RawJSON())
}

// DeleteQueue removes a queue with its messages. If a Worker is bound to it, or a
// consumer has it as dead letter queue, Cloudflare refuses, and the error is
// [ErrConflict].
func (c *Client) DeleteQueue(ctx context.Context, account, id string) error {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("delete queue %q", id))
	var params queues.QueueDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().queues.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// QueueConsumers returns the consumers of the queue with the id.
func (c *Client) QueueConsumers(ctx context.Context, account, id string) ([]QueueConsumer, error) {
	var all []QueueConsumer
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIQueues, fmt.Sprintf("list consumers of queue %q", id))
		var params queues.ConsumerListParams
		params.AccountID.Value = segment(account)
		got, err := c.api().queues.Consumers.List(ctx, segment(id), params, pageOptions(page)...)
		if err != nil {
			return nil, call.failed(err)
		}
		var body []queueConsumerBody
		last, err := readPage(call, got.JSON.RawJSON(), &body)
		if err != nil {
			return nil, err
		}
		for _, consumer := range body {
			all = append(all, consumer.consumer())
		}
		if last || len(body) == 0 {
			return all, nil
		}
	}
}

// CreateQueueConsumer makes consumer the one of the queue with the id; its own ID is
// ignored. It is not repeated when the response is lost. If the queue has a consumer
// already, the error is [ErrConflict]. A dead letter queue that does not exist is made.
func (c *Client) CreateQueueConsumer(
	ctx context.Context, account, id string, consumer QueueConsumer,
) (QueueConsumer, error) {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("create consumer of queue %q", id))
	var body queues.ConsumerNewParamsBody
	body.Type.Value, body.Type.Present = queues.ConsumerNewParamsBodyType(consumer.Type), true
	body.ScriptName.Value, body.ScriptName.Present = consumer.Script, consumer.Script != ""
	body.DeadLetterQueue.Value, body.DeadLetterQueue.Present = consumer.DeadLetterQueue, consumer.DeadLetterQueue != ""
	params := queues.ConsumerNewParams{Body: body}
	params.AccountID.Value = segment(account)
	got, err := c.api().queues.Consumers.New(ctx, segment(id), params, withSettings(consumer)...)
	if err != nil {
		return QueueConsumer{}, call.failed(err)
	}
	return queueConsumerOf(call, got.JSON.RawJSON())
}

// UpdateQueueConsumer replaces the consumer consumer.ID of the queue with the id. Without
// a MaxConcurrency, a Worker gets as many batches at the same time as it takes.
func (c *Client) UpdateQueueConsumer(
	ctx context.Context, account, id string, consumer QueueConsumer,
) (QueueConsumer, error) {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("update consumer of queue %q", id))
	var body queues.ConsumerUpdateParamsBody
	body.Type.Value, body.Type.Present = queues.ConsumerUpdateParamsBodyType(consumer.Type), true
	body.ScriptName.Value, body.ScriptName.Present = consumer.Script, consumer.Script != ""
	body.DeadLetterQueue.Value, body.DeadLetterQueue.Present = consumer.DeadLetterQueue, consumer.DeadLetterQueue != ""
	params := queues.ConsumerUpdateParams{Body: body}
	params.AccountID.Value = segment(account)
	options := withSettings(consumer)
	if consumer.Type == QueueConsumerWorker { // null opts in to it: cloudflare-go, queues.ConsumerUpdateParamsBody
		options = append(options, option.WithJSONSet("settings.max_concurrency", consumer.Settings.MaxConcurrency))
	}
	got, err := c.api().queues.Consumers.Update(ctx, segment(id), segment(consumer.ID), params, options...)
	if err != nil {
		return QueueConsumer{}, call.failed(err)
	}
	return queueConsumerOf(call, got.JSON.RawJSON())
}

// DeleteQueueConsumer removes a consumer from the queue with the id. The messages stay.
func (c *Client) DeleteQueueConsumer(ctx context.Context, account, id, consumer string) error {
	ctx, call := begin(ctx, APIQueues, fmt.Sprintf("delete consumer of queue %q", id))
	var params queues.ConsumerDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().queues.Consumers.Delete(ctx, segment(id), segment(consumer), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// withSettings adds the settings of a consumer to a request.
func withSettings(consumer QueueConsumer) []option.RequestOption {
	return []option.RequestOption{option.WithJSONSet("settings", consumer.Settings)}
}

// pageOptions ask for a page of a list whose pages cloudflare-go does not know.
func pageOptions(page int) []option.RequestOption {
	return []option.RequestOption{
		option.WithQuery("page", strconv.Itoa(page)), option.WithQuery("per_page", strconv.Itoa(pageSize)),
	}
}

// readPage reads the result of a list, which is a slice, and whether it is the last page.
func readPage[T any](call *call, raw string, result *[]T) (last bool, err error) {
	body := struct {
		Result *[]T `json:"result"`
		Info   struct {
			PerPage int64 `json:"per_page"`
		} `json:"result_info"`
	}{Result: result}
	if err := json.Unmarshal([]byte(raw), &body); err != nil {
		return false, call.failed(err)
	}
	return lastPage(len(*result), body.Info.PerPage), nil
}

func queueOf(call *call, raw string) (Queue, error) {
	var body queueBody
	if err := json.Unmarshal([]byte(raw), &body); err != nil {
		return Queue{}, call.failed(err)
	}
	if body.ID == "" {
		return Queue{}, call.incomplete("queue id")
	}
	return body.queue(), nil
}

func queueConsumerOf(call *call, raw string) (QueueConsumer, error) {
	var body queueConsumerBody
	if err := json.Unmarshal([]byte(raw), &body); err != nil {
		return QueueConsumer{}, call.failed(err)
	}
	if body.ID == "" {
		return QueueConsumer{}, call.incomplete("consumer id")
	}
	return body.consumer(), nil
}

func (b queueConsumerBody) consumer() QueueConsumer {
	consumer := QueueConsumer{ID: b.ID, Type: b.Type, DeadLetterQueue: b.DeadLetterQueue, Settings: b.Settings}
	for _, name := range []string{b.ScriptName, b.Script, b.Service} {
		if consumer.Script == "" {
			consumer.Script = name
		}
	}
	return consumer
}
