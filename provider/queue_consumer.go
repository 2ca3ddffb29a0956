// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// QueueConsumer says how a Worker consumes a queue. Its words are those of wrangler:
// packages/workers-utils, src/config/environment.ts.
type QueueConsumer struct {
	MaxBatchSize    *int     `pulumi:"maxBatchSize,optional"`
	MaxBatchTimeout *float64 `pulumi:"maxBatchTimeout,optional"`
	MaxRetries      *int     `pulumi:"maxRetries,optional"`
	RetryDelay      *int     `pulumi:"retryDelay,optional"`
	DeadLetterQueue string   `pulumi:"deadLetterQueue,optional"`
	MaxConcurrency  *int     `pulumi:"maxConcurrency,optional"`
}

// QueueConsumerID is what Cloudflare calls a consumer and its queue.
type QueueConsumerID struct {
	QueueID    string `pulumi:"queueId"`
	ConsumerID string `pulumi:"consumerId"`
}

// Cloudflare's limits: https://developers.cloudflare.com/queues/platform/limits/
const (
	maxBatchSize    = 100
	maxBatchTimeout = 60 // seconds
	maxQueueRetries = 100
	maxConcurrency  = 250
)

// Annotate describes the consumer.
func (q *QueueConsumer) Annotate(a infer.Annotator) {
	a.Describe(&q, "How a Worker consumes a queue. What is left out has Cloudflare's default.")
	a.Describe(&q.MaxBatchSize, "How many messages the `queue` handler gets at a time, at most: 1 to 100. Default: 10.")
	a.Describe(&q.MaxBatchTimeout, "Seconds that a batch waits to be full, 0 to 60. Default: 5.")
	a.Describe(&q.MaxRetries, "How often a message is delivered again when the handler failed, 0 to 100. Default: 3.")
	a.Describe(&q.RetryDelay, "Seconds before a message is delivered again, 0 to 86400. Default: 0.")
	a.Describe(&q.DeadLetterQueue, "Name of the queue for messages that failed too often. Cloudflare makes it if it does "+
		"not exist. Default: none; they are lost.")
	a.Describe(&q.MaxConcurrency, "How many batches the Worker gets at the same time, at most: 1 to 250. Default: as "+
		"many as it takes.")
}

// Annotate describes the type.
func (q *QueueConsumerID) Annotate(a infer.Annotator) {
	a.Describe(&q, "Cloudflare's ids of a consumer and of its queue.")
	a.Describe(&q.QueueID, "Id of the queue.")
	a.Describe(&q.ConsumerID, "Id of the consumer.")
}

// effective is q with everything said:
// https://developers.cloudflare.com/queues/configuration/configure-queues/#consumer-worker-configuration
func (q QueueConsumer) effective() QueueConsumer {
	q.MaxBatchSize = cmp.Or(q.MaxBatchSize, new(10))
	q.MaxBatchTimeout = cmp.Or(q.MaxBatchTimeout, new(5.0))
	q.MaxRetries = cmp.Or(q.MaxRetries, new(3))
	q.RetryDelay = cmp.Or(q.RetryDelay, new(0))
	return q
}

func sameConsumer(a, b QueueConsumer) bool { return reflect.DeepEqual(a.effective(), b.effective()) }

// toAPI returns q as it is sent, for the Worker script.
func (q QueueConsumer) toAPI(script string) cfapi.QueueConsumer {
	consumer := cfapi.QueueConsumer{
		Type: cfapi.QueueConsumerWorker, Script: script, DeadLetterQueue: q.DeadLetterQueue,
		Settings: cfapi.QueueConsumerSettings{
			BatchSize: q.MaxBatchSize, MaxRetries: q.MaxRetries, MaxConcurrency: q.MaxConcurrency, RetryDelay: q.RetryDelay,
		},
	}
	if q.MaxBatchTimeout != nil {
		consumer.Settings.MaxWaitTimeMS = new(int(math.Round(*q.MaxBatchTimeout * 1000)))
	}
	return consumer
}

// consumerFromAPI is the inverse of toAPI.
func consumerFromAPI(c cfapi.QueueConsumer) QueueConsumer {
	q := QueueConsumer{
		MaxBatchSize: c.Settings.BatchSize, MaxRetries: c.Settings.MaxRetries, RetryDelay: c.Settings.RetryDelay,
		DeadLetterQueue: c.DeadLetterQueue, MaxConcurrency: c.Settings.MaxConcurrency,
	}
	if ms := c.Settings.MaxWaitTimeMS; ms != nil {
		q.MaxBatchTimeout = new(float64(*ms) / 1000)
	}
	return q
}

// as returns q in the words of was: each member that says the same is written, or left
// out, as there.
func (q QueueConsumer) as(was QueueConsumer) QueueConsumer {
	is, now := q.effective(), was.effective()
	return QueueConsumer{
		MaxBatchSize:    reworded(was.MaxBatchSize, now.MaxBatchSize, is.MaxBatchSize),
		MaxBatchTimeout: reworded(was.MaxBatchTimeout, now.MaxBatchTimeout, is.MaxBatchTimeout),
		MaxRetries:      reworded(was.MaxRetries, now.MaxRetries, is.MaxRetries),
		RetryDelay:      reworded(was.RetryDelay, now.RetryDelay, is.RetryDelay),
		DeadLetterQueue: is.DeadLetterQueue,
		MaxConcurrency:  reworded(was.MaxConcurrency, now.MaxConcurrency, is.MaxConcurrency),
	}
}

// reworded returns was, which means now, or is, if that is another value.
func reworded[T comparable](was, now, is *T) *T {
	if now == nil && is == nil || now != nil && is != nil && *now == *is {
		return was
	}
	return is
}

// queueConsumers checks the consumers.
func (c *checker) queueConsumers(args CloudflareWorkerArgs) {
	for _, queue := range slices.Sorted(maps.Keys(args.QueueConsumers)) {
		q, path := args.QueueConsumers[queue], []string{"queueConsumers", queue}
		at := func(member string) []string { return append(slices.Clone(path), member) }
		between := func(member string, value *int, least, most int) {
			c.fail(value != nil && (*value < least || *value > most), at(member), "must be %d to %d", least, most)
		}
		c.fail(!queueName.MatchString(queue), path, "%q is not a queue's name: 1 to %d lower-case letters, digits and "+
			"\"-\", not at either end", queue, maxQueueName)
		between("maxBatchSize", q.MaxBatchSize, 1, maxBatchSize)
		timeout := orZero(q.MaxBatchTimeout)
		c.fail(timeout < 0 || timeout > maxBatchTimeout, at("maxBatchTimeout"), "must be 0 to %d seconds", maxBatchTimeout)
		between("maxRetries", q.MaxRetries, 0, maxQueueRetries)
		between("retryDelay", q.RetryDelay, 0, maxQueueDelay)
		between("maxConcurrency", q.MaxConcurrency, 1, maxConcurrency)
		c.fail(q.DeadLetterQueue == queue, at("deadLetterQueue"), "a queue cannot be its own dead letter queue: name "+
			"another one")
		c.fail(q.DeadLetterQueue != "" && !queueName.MatchString(q.DeadLetterQueue), at("deadLetterQueue"),
			"%q is not a queue's name", q.DeadLetterQueue)
	}
}

type (
	// findQueues looks which queues there are, and that nobody else consumes them.
	findQueues struct{ names []string }
	// connectQueue makes the Worker the consumer of a queue that findQueues found.
	connectQueue struct {
		queue string
		wish  QueueConsumer
	}
	// changeConsumer changes the settings of the Worker's consumer of a queue.
	changeConsumer struct {
		queue string
		wish  QueueConsumer
	}
	// disconnectQueue ends that the Worker consumes a queue. Messages stay in it.
	disconnectQueue struct {
		queue string
		id    QueueConsumerID
	}
)

func (findQueues) String() string     { return "look for the queues" }
func (s connectQueue) String() string { return fmt.Sprintf("consume queue %q", s.queue) }
func (s changeConsumer) String() string {
	return fmt.Sprintf("change the consumer of queue %q", s.queue)
}
func (s disconnectQueue) String() string { return fmt.Sprintf("stop consuming queue %q", s.queue) }

// planConsumers lists the calls for what the Worker consumes: those that look, before
// anything is deployed, that end the consumption of a queue, which a version without a
// queue handler has to wait for, and that begin one, which needs the version.
func planConsumers(seen CloudflareWorkerState, want CloudflareWorkerArgs) (look, ended, begun []step) {
	var names []string
	for _, queue := range slices.Sorted(maps.Keys(want.QueueConsumers)) {
		wish, id := want.QueueConsumers[queue], seen.QueueConsumerIDs[queue]
		switch {
		case id.ConsumerID == "" || id.ConsumerID == unknownID:
			names = append(names, queue)
			begun = append(begun, connectQueue{queue, wish})
		case !sameConsumer(seen.QueueConsumers[queue], wish):
			begun = append(begun, changeConsumer{queue, wish})
		}
	}
	if len(names) > 0 {
		look = append(look, findQueues{names})
	}
	for _, queue := range slices.Sorted(maps.Keys(seen.QueueConsumerIDs)) {
		if _, wanted := want.QueueConsumers[queue]; !wanted {
			ended = append(ended, disconnectQueue{queue, seen.QueueConsumerIDs[queue]})
		}
	}
	return look, ended, begun
}

func (s findQueues) run(ctx context.Context, d deployer, _ *CloudflareWorkerState) error {
	list, err := d.api.Queues(ctx, d.account, s.names...)
	if err != nil {
		return err
	}
	for _, name := range s.names {
		at := slices.IndexFunc(list, func(q cfapi.Queue) bool { return q.Name == name })
		if at < 0 {
			return &noQueueError{account: d.account, queue: name}
		}
		if _, err := consumerOf(list[at], d.script); err != nil {
			return err
		}
		d.found.queues[name] = list[at]
	}
	return nil
}

// consumerOf returns the script's consumer of a queue; nil if the queue has none. The
// error is about a consumer of somebody else.
func consumerOf(q cfapi.Queue, script string) (*cfapi.QueueConsumer, error) {
	if len(q.Consumers) == 0 {
		return nil, nil //nolint:nilnil // there is none, and that is fine
	}
	c := q.Consumers[0]
	if c.Type != cfapi.QueueConsumerWorker || c.Script != script {
		return nil, &consumedError{queue: q.Name, consumer: c}
	}
	return &c, nil
}

// noQueueError says that a queue does not exist.
type noQueueError struct{ account, queue string }

func (e *noQueueError) Error() string {
	return fmt.Sprintf("queueConsumers: account %s has no queue %q", e.account, e.queue)
}

// consumedError refuses a queue that has another consumer: it can have only one.
type consumedError struct {
	queue    string
	consumer cfapi.QueueConsumer
}

func (e *consumedError) Error() string {
	if e.consumer.Type == cfapi.QueueConsumerWorker {
		return fmt.Sprintf("queue %q is consumed by the Worker %q (consumer id %s), and a queue has one consumer",
			e.queue, e.consumer.Script, e.consumer.ID)
	}
	return fmt.Sprintf("queue %q has a consumer of type %s (consumer id %s), and a queue has one consumer",
		e.queue, e.consumer.Type, e.consumer.ID)
}

func (s connectQueue) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	queue := d.found.queues[s.queue]
	is, err := consumerOf(queue, d.script)
	if err != nil {
		return err
	}
	if is == nil {
		made, err := d.api.CreateQueueConsumer(cfapi.AfterCreate(ctx), d.account, queue.ID, s.wish.toAPI(d.script))
		if cfapi.LostResponse(err) || errors.Is(err, cfapi.ErrConflict) {
			made, err = d.findConsumer(ctx, s.queue, err)
		}
		if err != nil {
			return err
		}
		is = &made
		if is.Settings == (cfapi.QueueConsumerSettings{}) { // an answer that does not repeat them
			*is = s.wish.toAPI(d.script)
			is.ID = made.ID
		}
	}
	if !sameConsumer(consumerFromAPI(*is), s.wish) {
		return s.change(ctx, d, facts, QueueConsumerID{QueueID: queue.ID, ConsumerID: is.ID})
	}
	s.done(facts, QueueConsumerID{QueueID: queue.ID, ConsumerID: is.ID})
	return nil
}

// findConsumer settles a create that failed with cause: the consumer may be there.
func (d deployer) findConsumer(ctx context.Context, queue string, cause error) (cfapi.QueueConsumer, error) {
	list, err := d.api.Queues(ctx, d.account, queue)
	if err != nil {
		return cfapi.QueueConsumer{}, errors.Join(cause, err)
	}
	for _, q := range list {
		is, err := consumerOf(q, d.script)
		if err != nil {
			return cfapi.QueueConsumer{}, err
		}
		if is != nil {
			return *is, nil
		}
	}
	return cfapi.QueueConsumer{}, cause
}

// replacement is q as it replaces the consumer with the id: what the program leaves out
// is said too, since it is not known whether Cloudflare would keep it.
func (q QueueConsumer) replacement(script, id string) cfapi.QueueConsumer {
	consumer := q.effective().toAPI(script)
	consumer.ID = id
	return consumer
}

// change replaces all settings of the consumer.
func (s connectQueue) change(
	ctx context.Context, d deployer, facts *CloudflareWorkerState, id QueueConsumerID,
) error {
	consumer := s.wish.replacement(d.script, id.ConsumerID)
	if _, err := d.api.UpdateQueueConsumer(ctx, d.account, id.QueueID, consumer); err != nil {
		return err
	}
	s.done(facts, id)
	return nil
}

func (s connectQueue) done(facts *CloudflareWorkerState, id QueueConsumerID) {
	facts.QueueConsumers = withEntry(facts.QueueConsumers, s.queue, s.wish)
	facts.QueueConsumerIDs[s.queue] = id
}

// withEntry returns m, or a new map if there is none, in which key has the value.
func withEntry[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// withoutEntry returns m without the key; none if nothing is left, as a program says it.
func withoutEntry[V any](m map[string]V, key string) map[string]V {
	delete(m, key)
	if len(m) == 0 {
		return nil
	}
	return m
}

func (s changeConsumer) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	connect := connectQueue(s)
	err := connect.change(ctx, d, facts, facts.QueueConsumerIDs[s.queue])
	if !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	if err := (findQueues{[]string{s.queue}}).run(ctx, d, facts); err != nil {
		return err
	}
	return connect.run(ctx, d, facts)
}

func (s disconnectQueue) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	id := s.id
	if id.ConsumerID == unknownID {
		list, err := d.api.Queues(ctx, d.account, s.queue)
		if err != nil {
			return err
		}
		id = QueueConsumerID{}
		for _, queue := range list {
			if is, err := consumerOf(queue, d.script); err == nil && is != nil {
				id = QueueConsumerID{QueueID: queue.ID, ConsumerID: is.ID}
			}
		}
	}
	if id.ConsumerID != "" { // else it was never made
		err := d.api.DeleteQueueConsumer(ctx, d.account, id.QueueID, id.ConsumerID)
		if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
			return err
		}
	}
	facts.QueueConsumers = withoutEntry(facts.QueueConsumers, s.queue)
	delete(facts.QueueConsumerIDs, s.queue)
	return nil
}

// consumers fills in which queues the Worker consumes: consumed are those that Cloudflare
// says it does. Without any, nothing is asked for.
func (r reader) consumers(ctx context.Context, consumed []string, state *CloudflareWorkerState) error {
	names := slices.Concat(consumed, slices.Collect(maps.Keys(state.QueueConsumerIDs)))
	slices.Sort(names)
	was := state.QueueConsumers
	state.QueueConsumers, state.QueueConsumerIDs = nil, map[string]QueueConsumerID{}
	if len(names) == 0 {
		return nil
	}
	list, err := r.api.Queues(ctx, r.account, slices.Compact(names)...)
	if err != nil {
		return err
	}
	for _, queue := range list {
		if is, err := consumerOf(queue, r.script); err == nil && is != nil {
			state.QueueConsumers = withEntry(state.QueueConsumers, queue.Name, consumerFromAPI(*is).as(was[queue.Name]))
			state.QueueConsumerIDs[queue.Name] = QueueConsumerID{QueueID: queue.ID, ConsumerID: is.ID}
		}
	}
	return nil
}
