// SPDX-License-Identifier: Apache-2.0

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
)

// bench is a broker with a clock and consumers in the hands of a test.
type bench struct {
	*queue.Broker

	t       *testing.T
	now     time.Time
	mu      sync.Mutex
	batches []string // what was delivered: "<Worker> <queue>: <body>#<attempt> …"
	decide  func(batch []queue.Message) (queue.Result, error)
	log     []string
}

var begin = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newBench(t *testing.T, queues ...queue.Queue) *bench {
	t.Helper()
	b := &bench{t: t, now: begin}
	b.Broker = b.broker("")
	require.NoError(t, b.Apply(queues))
	return b
}

// broker returns a broker that keeps its messages in dir.
func (b *bench) broker(dir string) *queue.Broker {
	return &queue.Broker{
		Dir: dir, Now: func() time.Time { return b.now }, Deliver: b.deliver,
		Log: func(text string) { b.log = append(b.log, text) },
	}
}

func (b *bench) deliver(_ context.Context, q queue.Queue, batch []queue.Message) (queue.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	words := []string{q.Consumer.Worker, q.Name + ":"}
	for _, m := range batch {
		words = append(words, fmt.Sprintf("%s#%d", m.Body, m.Attempts))
	}
	b.batches = append(b.batches, strings.Join(words, " "))
	if b.decide == nil {
		return queue.Result{OK: true}, nil
	}
	return b.decide(batch)
}

// at moves the clock to a time after the beginning, does all that is due, and returns the batches that were delivered.
func (b *bench) at(after time.Duration) []string {
	b.t.Helper()
	b.now = begin.Add(after)
	b.batches = nil
	for {
		deliveries, next := b.Due()
		for _, deliver := range deliveries {
			deliver(b.t.Context())
		}
		if len(deliveries) == 0 {
			assert.True(b.t, next.IsZero() || next.After(b.now), "what is due is not put off")
			return b.batches
		}
	}
}

// next returns how long after the beginning something is due next; -1: never.
func (b *bench) next() time.Duration {
	_, next := b.Due()
	if next.IsZero() {
		return -1
	}
	return next.Sub(begin)
}

// send sends a text to the queue q.
func (b *bench) send(bodies ...string) {
	b.t.Helper()
	for _, body := range bodies {
		require.NoError(b.t, b.Send("acc", "q", queue.NewMessage{ContentType: queue.Text, Body: []byte(body)}))
	}
}

// left returns the bodies of what a queue holds.
func (b *bench) left(name string) string {
	var bodies []string
	for _, m := range b.Messages("acc", name) {
		bodies = append(bodies, string(m.Body))
	}
	return strings.Join(bodies, " ")
}

// q is a queue with a consumer, changed by f.
func q(f func(*queue.Queue)) queue.Queue {
	q := queue.Queue{
		Account: "acc", ID: "id", Name: "q", Retention: queue.DefaultRetention,
		Consumer: queue.Consumer{
			Worker: "worker", BatchSize: 3, MaxWait: 5 * time.Second, MaxRetries: 2, RetryDelay: 10 * time.Second,
		},
	}
	if f != nil {
		f(&q)
	}
	return q
}

// dlq is a queue without a consumer.
func dlq() queue.Queue {
	return queue.Queue{Account: "acc", ID: "dead", Name: "dlq", Retention: time.Hour}
}

func TestABatchIsDeliveredWhenItIsFullOrHasWaited(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(nil))
	b.send("a", "b")
	assert.Empty(t, b.at(4999*time.Millisecond))
	assert.Equal(t, 5*time.Second, b.next())
	b.send("c", "d")
	assert.Equal(t, []string{"worker q: a#1 b#1 c#1"}, b.at(4999*time.Millisecond), "full")
	assert.Equal(t, 9999*time.Millisecond, b.next())
	assert.Equal(t, []string{"worker q: d#1"}, b.at(10*time.Second), "waited")
	assert.Equal(t, time.Duration(-1), b.next())
	assert.Empty(t, b.left("q"))
	b.send("e", "f", "g", "h", "i", "j", "k")
	assert.Equal(t, []string{"worker q: e#1 f#1 g#1", "worker q: h#1 i#1 j#1"}, b.at(10*time.Second))
}

func TestDelaysAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Delay, q.Consumer.MaxWait = 3*time.Second, 0 }))
	b.send("standard")
	require.NoError(t, b.Send("acc", "q",
		queue.NewMessage{ContentType: queue.Text, Body: []byte("late"), Delay: new(time.Minute)},
		queue.NewMessage{ContentType: queue.Text, Body: []byte("now"), Delay: new(time.Duration(0))}))
	assert.Equal(t, []string{"worker q: now#1"}, b.at(0))
	assert.Equal(t, 3*time.Second, b.next())
	assert.Empty(t, b.at(2999*time.Millisecond))
	assert.Equal(t, []string{"worker q: standard#1"}, b.at(3*time.Second))
	assert.Equal(t, []string{"worker q: late#1"}, b.at(time.Minute))
}

func TestADelayedMessageWaitsForOthersFromThenOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Delay = time.Minute }))
	b.send("late")
	assert.Empty(t, b.at(65*time.Second-1))
	assert.Equal(t, []string{"worker q: late#1"}, b.at(65*time.Second))
}

func TestOnlyWhatFailedIsRetried(t *testing.T) {
	t.Parallel()
	minute := time.Minute
	retry := func(ids string, delay *time.Duration) (all []queue.Retry) {
		for id := range strings.FieldsSeq(ids) {
			all = append(all, queue.Retry{ID: id, Delay: delay})
		}
		return all
	}
	for name, test := range map[string]struct {
		result queue.Result
		now    string // retried after the consumer's delay
		later  string // retried after a minute
	}{
		"success acknowledges":                 {result: queue.Result{OK: true}},
		"an exception retries":                 {now: "a b c"},
		"what was acknowledged stays so":       {result: queue.Result{Acks: []string{"b"}}, now: "a c"},
		"one message":                          {result: queue.Result{OK: true, Retries: retry("b", nil)}, now: "b"},
		"one message, later":                   {result: queue.Result{OK: true, Retries: retry("b", &minute)}, later: "b"},
		"acknowledging all, then an exception": {result: queue.Result{AckAll: true}},
		"acknowledging all but one": {
			result: queue.Result{OK: true, AckAll: true, Retries: retry("c", nil)}, now: "c",
		},
		"retrying all":        {result: queue.Result{OK: true, RetryAll: true}, now: "a b c"},
		"retrying all, later": {result: queue.Result{OK: true, RetryAll: true, RetryDelay: &minute}, later: "a b c"},
		"retrying all but one": {
			result: queue.Result{OK: true, RetryAll: true, Acks: []string{"a"}}, now: "b c",
		},
		"retrying all later, but one": {
			result: queue.Result{OK: true, RetryAll: true, RetryDelay: &minute, Retries: retry("a", nil)},
			now:    "a", later: "b c",
		},
		"the first word counts": {
			result: queue.Result{Acks: []string{"a"}, Retries: retry("a", nil)}, now: "b c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, q(func(q *queue.Queue) { q.Consumer.MaxWait = 0 }))
			b.send("a", "b", "c")
			b.decide = func(batch []queue.Message) (queue.Result, error) {
				ids := map[string]string{}
				for _, m := range batch {
					ids[string(m.Body)] = m.ID
				}
				result := test.result
				result.Acks, result.Retries = nil, nil
				for _, body := range test.result.Acks {
					result.Acks = append(result.Acks, ids[body])
				}
				for _, retry := range test.result.Retries {
					result.Retries = append(result.Retries, queue.Retry{ID: ids[retry.ID], Delay: retry.Delay})
				}
				return result, nil
			}
			assert.Equal(t, []string{"worker q: a#1 b#1 c#1"}, b.at(0))
			b.decide = nil
			again := func(bodies string) []string {
				if bodies == "" {
					return nil
				}
				return []string{"worker q: " + strings.ReplaceAll(bodies, " ", "#2 ") + "#2"}
			}
			assert.Empty(t, b.at(9999*time.Millisecond))
			assert.Equal(t, again(test.now), b.at(10*time.Second))
			assert.Empty(t, b.at(59*time.Second))
			assert.Equal(t, again(test.later), b.at(time.Minute))
			assert.Empty(t, b.left("q"))
		})
	}
}

func TestWhatFailsTooOftenIsBuried(t *testing.T) {
	t.Parallel()
	for _, dead := range []string{"dlq", "", "gone"} {
		b := newBench(t, q(func(q *queue.Queue) {
			q.Consumer.DeadLetterQueue, q.Consumer.MaxWait, q.Consumer.RetryDelay = dead, 0, 0
		}), dlq())
		b.decide = func([]queue.Message) (queue.Result, error) { return queue.Result{}, nil }
		b.send("bad")
		sent := b.Messages("acc", "q")[0]
		assert.Equal(t, []string{"worker q: bad#1", "worker q: bad#2", "worker q: bad#3"}, b.at(time.Minute), "%q", dead)
		assert.Empty(t, b.left("q"))
		assert.Len(t, b.log, 1)
		if dead != "dlq" {
			assert.Empty(t, b.left("dlq"))
			continue
		}
		moved := b.Messages("acc", "dlq")
		require.Len(t, moved, 1)
		assert.Equal(t, "bad", string(moved[0].Body))
		assert.Equal(t, sent.ID, moved[0].ID)
		assert.Equal(t, sent.Sent, moved[0].Sent)
		assert.Zero(t, moved[0].Attempts)
		assert.Equal(t, begin.Add(time.Minute), moved[0].Kept)
	}
}

func TestNothingIsLostWhenADeliveryBreaksOff(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Consumer.MaxRetries, q.Consumer.MaxWait = 0, 0 }))
	b.decide = func([]queue.Message) (queue.Result, error) { return queue.Result{}, errors.New("no runtime") }
	b.send("a")
	assert.Equal(t, []string{"worker q: a#1"}, b.at(0))
	for _, after := range []int{1, 3, 7, 15, 31, 63, 123, 183} { // each after twice the time, up to a minute
		wait := time.Duration(after) * time.Second
		assert.Equal(t, wait, b.next())
		assert.Equal(t, []string{"worker q: a#1"}, b.at(wait), "it is no attempt")
	}
	assert.Contains(t, b.log[0], "no runtime")
	b.decide = nil
	assert.Equal(t, []string{"worker q: a#1"}, b.at(time.Hour))
	b.decide = func([]queue.Message) (queue.Result, error) { return queue.Result{}, context.Canceled }
	b.log = nil
	b.send("b")
	assert.Equal(t, []string{"worker q: b#1"}, b.at(time.Hour))
	assert.Equal(t, time.Hour+time.Second, b.next(), "a success ends the waiting")
	assert.Equal(t, "b", b.left("q"))
	assert.Empty(t, b.log, "ending is no failure")
}

func TestOnlySoManyBatchesAreDeliveredAtATime(t *testing.T) {
	t.Parallel()
	for concurrency, want := range map[int]int{0: queue.DefaultConcurrency, 2: 2} {
		b := newBench(t, q(func(q *queue.Queue) { q.Consumer.BatchSize, q.Consumer.MaxConcurrency = 1, concurrency }))
		for range 12 {
			b.send("m")
		}
		deliveries, _ := b.Due()
		require.Len(t, deliveries, want)
		metrics, err := b.Metrics("acc", "q")
		require.NoError(t, err)
		assert.Equal(t, queue.Metrics{Count: 12, Bytes: 12, Oldest: begin}, metrics, "what is under way is not done")
		none, _ := b.Due()
		assert.Empty(t, none)
		deliveries[0](t.Context())
		more, _ := b.Due()
		assert.Len(t, more, 1)
	}
}

func TestAPausedQueueKeepsItsMessages(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*queue.Queue){
		"paused":           func(q *queue.Queue) { q.Paused = true },
		"without consumer": func(q *queue.Queue) { q.Consumer = queue.Consumer{} },
	} {
		b := newBench(t, q(change))
		b.send("a")
		assert.Empty(t, b.at(time.Hour), name)
		assert.Equal(t, queue.DefaultRetention, b.next())
		require.NoError(t, b.Apply([]queue.Queue{q(nil)}))
		assert.Equal(t, []string{"worker q: a#1"}, b.at(time.Hour), name)
	}
}

func TestMessagesAreKeptForTheirRetentionOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Paused, q.Retention = true, time.Hour }))
	b.send("old")
	b.at(time.Minute)
	b.send("new")
	b.at(time.Hour - 1)
	assert.Equal(t, "old new", b.left("q"))
	b.at(time.Hour)
	assert.Equal(t, "new", b.left("q"))
	assert.Len(t, b.log, 1)
}

func TestPurgingForgetsAlsoWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Consumer.MaxWait, q.Consumer.BatchSize = 0, 1 }))
	b.decide = func([]queue.Message) (queue.Result, error) { return queue.Result{}, nil }
	b.send("a")
	deliveries, _ := b.Due()
	b.send("b")
	require.NoError(t, b.Purge("acc", "q"))
	deliveries[0](t.Context())
	assert.Empty(t, b.left("q"))
	b.send("c")
	assert.Equal(t, "c", b.left("q"))
}

func TestAQueueThatIsGoneTakesItsMessagesAlong(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Consumer.MaxWait = 0 }))
	b.send("a")
	deliveries, _ := b.Due()
	require.NoError(t, b.Apply(nil))
	require.ErrorIs(t, b.Send("acc", "q"), queue.ErrNoQueue)
	require.ErrorIs(t, b.Purge("acc", "q"), queue.ErrNoQueue)
	_, err := b.Metrics("acc", "q")
	require.ErrorIs(t, err, queue.ErrNoQueue)
	deliveries[0](t.Context())
	again := q(nil)
	again.ID = "other"
	require.NoError(t, b.Apply([]queue.Queue{again}))
	assert.Empty(t, b.left("q"))
	require.ErrorIs(t, b.Send("other account", "q"), queue.ErrNoQueue)
}

func TestMessagesSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t)
	b.Broker = b.broker(dir)
	queues := []queue.Queue{q(func(q *queue.Queue) {
		q.Consumer.MaxWait, q.Consumer.BatchSize, q.Consumer.DeadLetterQueue, q.Consumer.MaxRetries = 0, 2, "dlq", 1
	}), dlq()}
	restart := func() {
		b.Broker = b.broker(dir)
		require.NoError(t, b.Apply(queues))
	}
	require.NoError(t, b.Apply(queues))
	b.send("a", "b", "c", "d", "e")
	restart()
	assert.Equal(t, "a b c d e", b.left("q"))
	deliveries, _ := b.Due() // dies in the middle of it
	require.NotEmpty(t, deliveries)
	restart()
	b.decide = func(batch []queue.Message) (queue.Result, error) {
		return queue.Result{OK: true, Retries: []queue.Retry{{ID: batch[0].ID}}}, nil
	}
	assert.Equal(t, []string{"worker q: a#1 b#1", "worker q: c#1 d#1", "worker q: e#1"}, b.at(0))
	restart()
	assert.Equal(t, "a c e", b.left("q"), "what was acknowledged is gone")
	assert.Empty(t, b.at(9*time.Second), "delays are kept too")
	assert.Equal(t, []string{"worker q: a#2 c#2", "worker q: e#2"}, b.at(10*time.Second), "and attempts")
	restart()
	assert.Equal(t, "a e", b.left("dlq"))
	assert.Empty(t, b.left("q"))
	b.send("f", "g")
	restart()
	b.send("h")
	assert.Equal(t, "f g h", b.left("q"), "order is kept too")
	require.NoError(t, b.Purge("acc", "q"))
	require.NoError(t, b.Apply(queues[:1]))
	restart()
	assert.Empty(t, b.left("q")+b.left("dlq"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestFilesOfQueuesThatAreGoneAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t)
	b.Broker = b.broker(dir)
	require.NoError(t, b.Apply([]queue.Queue{q(nil)}))
	b.send("a")
	b.Broker = b.broker(dir)
	require.NoError(t, b.Apply(nil))
	assert.NoDirExists(t, filepath.Join(dir, "id"))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "id"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "id", "m.json"), []byte("{"), 0o600))
	assert.ErrorContains(t, b.broker(dir).Apply(nil), "m.json")
}

func TestWhatCannotBeSentIsRefusedWhole(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(nil))
	fine := queue.NewMessage{ContentType: queue.Text, Body: []byte("fine")}
	refused := func(code int, messages ...queue.NewMessage) {
		t.Helper()
		var refusal *queue.Error
		require.ErrorAs(t, b.Send("acc", "q", messages...), &refusal)
		assert.Equal(t, code, refusal.Code)
	}
	large := queue.NewMessage{ContentType: queue.Bytes, Body: make([]byte, queue.MaxMessage)}
	require.NoError(t, b.Send("acc", "q", large))
	require.NoError(t, b.Purge("acc", "q"))
	refused(10205, large, large, fine)
	large.Body = append(large.Body, 0)
	refused(10204, fine, large)
	refused(10206, make([]queue.NewMessage, 101)...)
	refused(10206)
	for _, wrong := range []queue.NewMessage{
		{ContentType: "xml"},
		{ContentType: queue.JSON, Body: []byte("{")},
		{ContentType: queue.Text, Delay: new(-time.Second)},
		{ContentType: queue.Text, Delay: new(24*time.Hour + 1)},
	} {
		refused(10203, fine, wrong)
	}
	assert.Empty(t, b.left("q"))
}

func TestWhatMayBeDueIsTold(t *testing.T) {
	t.Parallel()
	told := 0
	b := newBench(t)
	b.Changed = func() { told++ }
	since := func() int {
		n := told
		told = 0
		return n
	}
	require.NoError(t, b.Apply([]queue.Queue{q(func(q *queue.Queue) { q.Consumer.MaxWait = 0 })}))
	assert.Equal(t, 1, since())
	b.send("a")
	assert.Equal(t, 1, since())
	b.at(0)
	assert.Equal(t, 1, since(), "the end of a delivery")
}
