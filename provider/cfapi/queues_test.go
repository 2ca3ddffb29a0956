// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	queueAnswer = `{"queue_id":"q1","queue_name":"orders","created_on":"2026-11-21T01:02:03.4Z","producers":[],
		"settings":{"delivery_delay":0,"delivery_paused":true,"message_retention_period":345600}}`
	consumerAnswer = `{"consumer_id":"c1","type":"worker","script_name":"clerk","queue_name":"orders",
		"dead_letter_queue":"dead","settings":{"batch_size":5,"max_retries":3,"max_wait_time_ms":5000,"retry_delay":0}}`
)

var (
	someQueue = Queue{
		ID: "q1", Name: "orders",
		Settings:  QueueSettings{DeliveryDelay: new(0), DeliveryPaused: new(true), MessageRetentionPeriod: new(345600)},
		CreatedOn: time.Date(2026, 11, 21, 1, 2, 3, 400_000_000, time.UTC),
	}
	someConsumer = QueueConsumer{
		ID: "c1", Type: QueueConsumerWorker, Script: "clerk", DeadLetterQueue: "dead",
		Settings: QueueConsumerSettings{
			BatchSize: new(5), MaxRetries: new(3), MaxWaitTimeMS: new(5000), RetryDelay: new(0),
		},
	}
)

// queueRequests are the methods for queues and Cron Triggers.
var queueRequests = []request{
	{
		name: "CreateQueue", answer: queueAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateQueue(ctx, testAccount, "orders", QueueSettings{})
		},
		want: someQueue,
	},
	{
		name: "CreateQueue, with settings", answer: queueAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateQueue(ctx, testAccount, "orders", QueueSettings{
				DeliveryDelay: new(0), MessageRetentionPeriod: new(60),
			})
		},
		want: someQueue,
	},
	{
		name: "Queue", answer: queueAnswer,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Queue(ctx, testAccount, "q1") },
		want: someQueue,
	},
	{
		name: "Queues", answer: `[` + queueAnswer + `,{"queue_id":"q2","queue_name":"other"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Queues(ctx, testAccount) },
		want: []Queue{someQueue, {ID: "q2", Name: "other"}},
	},
	{
		name: "UpdateQueue", answer: queueAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.UpdateQueue(ctx, testAccount, "q1", "orders", QueueSettings{DeliveryPaused: new(false)})
		},
		want: someQueue,
	},
	{
		name: "DeleteQueue", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteQueue(ctx, testAccount, "q1")
		},
	},
	{
		name: "QueueConsumers", answer: `[` + consumerAnswer + `,{"consumer_id":"c2","type":"worker","script":"a"},
			{"consumer_id":"c3","type":"worker","service":"b"},
			{"consumer_id":"c4","type":"http_pull","settings":{"visibility_timeout_ms":30000,"max_concurrency":null}}]`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.QueueConsumers(ctx, testAccount, "q1") },
		want: []QueueConsumer{
			someConsumer,
			{ID: "c2", Type: "worker", Script: "a"},
			{ID: "c3", Type: "worker", Script: "b"},
			{ID: "c4", Type: "http_pull", Settings: QueueConsumerSettings{VisibilityTimeoutMS: new(30000)}},
		},
	},
	{
		name: "CreateQueueConsumer", answer: consumerAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateQueueConsumer(ctx, testAccount, "q1", someConsumer)
		},
		want: someConsumer,
	},
	{
		name: "CreateQueueConsumer, that pulls", answer: `{"consumer_id":"c1","type":"http_pull"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateQueueConsumer(ctx, testAccount, "q1", QueueConsumer{Type: QueueConsumerHTTPPull})
		},
		want: QueueConsumer{ID: "c1", Type: "http_pull"},
	},
	{
		name: "UpdateQueueConsumer", answer: consumerAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.UpdateQueueConsumer(ctx, testAccount, "q1", someConsumer)
		},
		want: someConsumer,
	},
	{
		name: "DeleteQueueConsumer", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteQueueConsumer(ctx, testAccount, "q1", "c1")
		},
	},
	{
		name: "Schedules", answer: `{"schedules":[{"cron":"*/5 * * * *","created_on":"x"},{"cron":"0 0 * * *"}]}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Schedules(ctx, testAccount, "api") },
		want: []string{"*/5 * * * *", "0 0 * * *"},
	},
	{
		name: "SetSchedules", answer: `{"schedules":[]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetSchedules(ctx, testAccount, "api", []string{"*/5 * * * *", "0 0 * * *"})
		},
	},
	{
		name: "SetSchedules, to none", answer: `{"schedules":[]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetSchedules(ctx, testAccount, "api", nil)
		},
	},
}

func TestEveryMethodForQueuesSendsExactlyThis(t *testing.T) {
	t.Parallel()
	sendExactly(t, queueRequests, "requests-queues.txt")
}

func TestQueuesAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	for perPage, want := range map[int][]string{ // what the server says that a full page holds
		0:   {"page=1&per_page=100", "page=2&per_page=100", "page=3&per_page=100"},
		100: {"page=1&per_page=100", "page=2&per_page=100", "page=3&per_page=100"},
		1:   {"page=1&per_page=100", "page=2&per_page=100", "page=3&per_page=100", "page=4&per_page=100"},
	} {
		var queries []string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			queries = append(queries, r.URL.RawQuery)
			n := map[string]int{"1": 100, "2": 100, "3": 1}[r.URL.Query().Get("page")]
			one := strings.Join(slices.Repeat([]string{`{"queue_id":"q","queue_name":"x","consumer_id":"c"}`}, n), ",")
			_, _ = fmt.Fprintf(w, `{"success":true,"result":[%s],"result_info":{"per_page":%d}}`, one, perPage)
		})
		all, err := c.Queues(t.Context(), testAccount)
		require.NoError(t, err)
		assert.Len(t, all, 201)
		assert.Equal(t, want, queries, "%d", perPage)
		consumers, err := c.QueueConsumers(t.Context(), testAccount, "q")
		require.NoError(t, err)
		assert.Len(t, consumers, 201)
	}
}

func TestAnswersWithoutAnIDAreNoQueues(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, `{"queue_name":"orders"}`) })
	_, err := c.CreateQueue(t.Context(), testAccount, "orders", QueueSettings{})
	require.ErrorIs(t, err, ErrUnknown)
	require.ErrorContains(t, err, "queue id")
	assert.True(t, LostResponse(err))
	_, err = c.CreateQueueConsumer(t.Context(), testAccount, "q1", someConsumer)
	require.ErrorContains(t, err, "consumer id")
	assert.True(t, LostResponse(err))
}

func TestCodesOfQueuesHaveKinds(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]error{
		11000: ErrNotFound, 11001: ErrInvalid, 11003: ErrInvalid, 11004: ErrConflict, 11005: ErrConflict,
		11009: ErrConflict, 100127: ErrInvalid, 100128: ErrInvalid,
	} {
		codes := []Code{{Code: code}}
		assert.Equal(t, want, kindOf(APIQueues, http.StatusBadRequest, codes), "%d", code)
		assert.Equal(t, ErrInvalid, kindOf(APIKV, http.StatusBadRequest, codes), "codes repeat across APIs")
	}
}
