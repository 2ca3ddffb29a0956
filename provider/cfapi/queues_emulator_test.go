// SPDX-License-Identifier: Apache-2.0

package cfapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func TestTheLifeOfAQueue(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c, ctx := connect(t, server), t.Context()
	q, err := c.CreateQueue(ctx, account, "orders", cfapi.QueueSettings{DeliveryDelay: new(5)})
	require.NoError(t, err)
	want := cfapi.Queue{ID: q.ID, Name: "orders", Settings: cfapi.QueueSettings{
		DeliveryDelay: new(5), DeliveryPaused: new(false), MessageRetentionPeriod: new(345600),
	}}
	assert.False(t, q.CreatedOn.IsZero())
	want.CreatedOn = q.CreatedOn
	assert.Equal(t, want, q)
	_, err = c.CreateQueue(ctx, account, "orders", cfapi.QueueSettings{})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	_, err = c.CreateQueue(ctx, account, "not a name", cfapi.QueueSettings{})
	require.ErrorIs(t, err, cfapi.ErrInvalid)

	want.Settings.DeliveryPaused = new(true)
	updated, err := c.UpdateQueue(ctx, account, q.ID, "orders", cfapi.QueueSettings{DeliveryPaused: new(true)})
	require.NoError(t, err)
	assert.Equal(t, want, updated)
	read, err := c.Queue(ctx, account, q.ID)
	require.NoError(t, err)
	assert.Equal(t, want, read)
	for i := range 100 {
		_, err := c.CreateQueue(ctx, account, fmt.Sprintf("q%d", i), cfapi.QueueSettings{})
		require.NoError(t, err)
	}
	all, err := c.Queues(ctx, account)
	require.NoError(t, err)
	require.Len(t, all, 101)
	assert.Contains(t, all, want)

	_, err = c.PutScript(ctx, account, "clerk", worker(source))
	require.NoError(t, err)
	made, err := c.CreateQueueConsumer(ctx, account, q.ID, cfapi.QueueConsumer{
		Type: cfapi.QueueConsumerWorker, Script: "clerk", DeadLetterQueue: "dead",
		Settings: cfapi.QueueConsumerSettings{BatchSize: new(1), MaxRetries: new(0)},
	})
	require.NoError(t, err)
	consumer := cfapi.QueueConsumer{
		ID: made.ID, Type: "worker", Script: "clerk", DeadLetterQueue: "dead", Settings: cfapi.QueueConsumerSettings{
			BatchSize: new(1), MaxRetries: new(0), MaxWaitTimeMS: new(5000), RetryDelay: new(0),
		},
	}
	assert.Equal(t, consumer, made)
	_, err = c.CreateQueueConsumer(ctx, account, q.ID, made)
	require.ErrorIs(t, err, cfapi.ErrConflict)
	require.ErrorIs(t, c.DeleteScript(ctx, account, "clerk", true), cfapi.ErrInvalid)
	consumer.Settings.MaxConcurrency = new(2)
	changed, err := c.UpdateQueueConsumer(ctx, account, q.ID, consumer)
	require.NoError(t, err)
	assert.Equal(t, consumer, changed)
	consumers, err := c.QueueConsumers(ctx, account, q.ID)
	require.NoError(t, err)
	assert.Equal(t, []cfapi.QueueConsumer{consumer}, consumers)
	require.NoError(t, c.DeleteQueueConsumer(ctx, account, q.ID, consumer.ID))
	require.ErrorIs(t, c.DeleteQueueConsumer(ctx, account, q.ID, consumer.ID), cfapi.ErrNotFound)

	require.NoError(t, c.DeleteQueue(ctx, account, q.ID))
	require.ErrorIs(t, c.DeleteQueue(ctx, account, q.ID), cfapi.ErrNotFound)
	_, err = c.Queue(ctx, account, q.ID)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	_, err = c.QueueConsumers(ctx, account, q.ID)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
}

func TestAQueueInUseCannotBeDeleted(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	q, err := c.CreateQueue(ctx, account, "orders", cfapi.QueueSettings{})
	require.NoError(t, err)
	_, err = c.PutScript(ctx, account, "shop", worker(source, cfapi.Binding{
		Type: "queue", Name: "QUEUE", Raw: []byte(`{"type":"queue","name":"QUEUE","queue_name":"orders"}`),
	}))
	require.NoError(t, err)
	require.ErrorIs(t, c.DeleteQueue(ctx, account, q.ID), cfapi.ErrConflict)
}

func TestTheSchedulesOfAWorkerAreReplaced(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	_, err := c.Schedules(ctx, account, "api")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	_, err = c.PutScript(ctx, account, "api", worker(source))
	require.NoError(t, err)
	for _, crons := range [][]string{{"*/5 * * * *", "0 0 L * *"}, {"0 0 L * *"}, {}} {
		require.NoError(t, c.SetSchedules(ctx, account, "api", crons))
		got, err := c.Schedules(ctx, account, "api")
		require.NoError(t, err)
		assert.Equal(t, crons, got)
	}
	err = c.SetSchedules(ctx, account, "api", []string{"daily"})
	require.ErrorIs(t, err, cfapi.ErrInvalid)
	require.ErrorContains(t, err, "daily")
}

func TestLostCreatesOfQueuesAreReported(t *testing.T) {
	t.Parallel()
	lose := false
	server := &emulator.Server{After: func(int, *http.Request) bool {
		now := lose
		lose = false
		return now
	}}
	c, ctx := connect(t, server), t.Context()
	q, err := c.CreateQueue(ctx, account, "orders", cfapi.QueueSettings{})
	require.NoError(t, err)
	_, err = c.PutScript(ctx, account, "clerk", worker(source))
	require.NoError(t, err)
	consumer := cfapi.QueueConsumer{Type: cfapi.QueueConsumerWorker, Script: "clerk"}
	server.Calls()
	for name, create := range map[string]func() error{
		"queue": func() error {
			_, err := c.CreateQueue(ctx, account, "new", cfapi.QueueSettings{})
			return err
		},
		"consumer": func() error {
			_, err := c.CreateQueueConsumer(ctx, account, q.ID, consumer)
			return err
		},
	} {
		lose = true
		err := create()
		require.ErrorIs(t, err, cfapi.ErrUnavailable, name)
		assert.True(t, cfapi.LostResponse(err), name)
		assert.Len(t, server.Calls(), 1, name)
		require.ErrorIs(t, create(), cfapi.ErrConflict, "%s: it was made", name)
		server.Calls()
	}
	for name, repeat := range map[string]func() error{
		"update": func() error {
			_, err := c.UpdateQueue(ctx, account, q.ID, "orders", cfapi.QueueSettings{DeliveryDelay: new(1)})
			return err
		},
		"schedules": func() error { return c.SetSchedules(ctx, account, "clerk", []string{"* * * * *"}) },
	} {
		lose = true
		require.NoError(t, repeat(), name)
		assert.Len(t, server.Calls(), 2, "%s is sent again", name)
	}
}
