// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Result is what a consumer made of a batch.
type Result struct {
	OK         bool           // the handler returned
	AckAll     bool           // it acknowledged what it did not name
	RetryAll   bool           // it asked to retry what it did not name
	RetryDelay *time.Duration // for these; nil: the consumer's
	Acks       []string       // ids that it acknowledged
	Retries    []Retry        // messages that it asked to retry
}

// Retry is a message to be delivered again.
type Retry struct {
	ID    string
	Delay *time.Duration // nil: the consumer's
}

// retry reports whether a message is to be delivered again, and after which delay. What was said about the message
// itself goes before what was said about the batch, and that before how the handler ended. Source:
// https://developers.cloudflare.com/queues/configuration/batching-retries/#explicit-acknowledgement-and-retries.
func (r Result) retry(id string, standard time.Duration) (time.Duration, bool) {
	or := func(delay *time.Duration) time.Duration {
		if delay != nil {
			return min(max(0, *delay), MaxDelay)
		}
		return standard
	}
	if slices.Contains(r.Acks, id) {
		return 0, false
	}
	for _, retry := range r.Retries {
		if retry.ID == id {
			return or(retry.Delay), true
		}
	}
	switch {
	case r.AckAll:
		return 0, false
	case r.RetryAll:
		return or(r.RetryDelay), true
	}
	return standard, !r.OK
}

// Due returns the deliveries that are due now, to be run by the caller, each in its own time; until then their messages
// are nobody else's. Next is when something will be due next, apart from what the end of a delivery brings; zero: not
// before the next call of a method.
func (b *Broker) Due() (deliveries []func(context.Context), next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	at := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, log := range b.queues {
		b.expire(log, now, at)
		if b.Deliver == nil || log.Paused || log.Consumer.Worker == "" {
			continue
		}
		if log.resume.After(now) {
			at(log.resume)
			continue
		}
		for log.batches < log.concurrency() {
			batch := log.batch(now, at)
			if batch == nil {
				break
			}
			q := log.Queue
			deliveries = append(deliveries, func(ctx context.Context) { b.deliver(ctx, q, batch) })
		}
	}
	return deliveries, next
}

// expire forgets what is too old.
func (b *Broker) expire(log *backlog, now time.Time, at func(time.Time)) {
	log.waiting = slices.DeleteFunc(log.waiting, func(m *Message) bool {
		end := m.Kept.Add(log.Retention)
		if end.After(now) {
			at(end)
			return false
		}
		b.log("queue %s: message %s was dropped after %v", log.Name, m.ID, log.Retention)
		b.forget(log, m)
		return true
	})
}

// forget removes a message's file. It is no harm if it stays: the message is delivered once more.
func (b *Broker) forget(log *backlog, m *Message) {
	if err := disk(b.Dir).remove(log.ID, m); err != nil {
		b.log("queue %s: %v", log.Name, err)
	}
}

func (l *backlog) concurrency() int {
	if l.Consumer.MaxConcurrency == 0 {
		return DefaultConcurrency
	}
	return l.Consumer.MaxConcurrency
}

// batch takes the messages of the next batch: when they fill one, or the first has waited long enough. Nil: not yet.
func (l *backlog) batch(now time.Time, at func(time.Time)) []*Message {
	ready := 0
	for ready < len(l.waiting) && ready < l.Consumer.BatchSize && !l.waiting[ready].Due.After(now) {
		ready++
	}
	if ready < l.Consumer.BatchSize {
		if ready < len(l.waiting) {
			at(l.waiting[ready].Due)
		}
		if ready == 0 {
			return nil
		}
		if end := l.waiting[0].Due.Add(l.Consumer.MaxWait); end.After(now) {
			at(end)
			return nil
		}
	}
	batch := slices.Clone(l.waiting[:ready])
	l.waiting = slices.Delete(l.waiting, 0, ready)
	for _, m := range batch {
		l.leased[m] = true
	}
	l.batches++
	return batch
}

// deliver hands a batch to its consumer and does what that decides.
func (b *Broker) deliver(ctx context.Context, q Queue, batch []*Message) {
	messages := make([]Message, len(batch))
	for i, m := range batch {
		messages[i] = *m
		messages[i].Attempts++
	}
	result, err := b.Deliver(ctx, q, messages)
	b.mu.Lock()
	defer b.changed()
	defer b.mu.Unlock()
	log := b.queues[q.ID]
	if log == nil {
		return // deleted meanwhile, with its messages
	}
	log.batches--
	now := b.now()
	if err != nil {
		log.failures++
		log.resume = now.Add(backoff(log.failures))
		if !errors.Is(err, context.Canceled) {
			b.log("queue %s: not delivered: %v", log.Name, err)
		}
	} else {
		log.failures, log.resume = 0, time.Time{}
	}
	for _, m := range batch {
		if !log.leased[m] {
			continue // purged meanwhile
		}
		delete(log.leased, m)
		if err != nil {
			log.insert(m)
			continue
		}
		b.settle(log, m, result, now)
	}
}

// backoff returns how long to wait after deliveries in a row that failed.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures-1, 10), time.Minute)
}

// settle forgets, repeats or moves a message that was delivered.
func (b *Broker) settle(log *backlog, m *Message, result Result, now time.Time) {
	delay, again := result.retry(m.ID, log.Consumer.RetryDelay)
	m.Attempts++
	switch {
	case !again:
		b.forget(log, m)
	case m.Attempts <= log.Consumer.MaxRetries:
		m.Due = now.Add(delay)
		b.keep(log, m)
	default:
		b.bury(log, m, now)
	}
}

// keep puts a message into a queue.
func (b *Broker) keep(log *backlog, m *Message) {
	if err := disk(b.Dir).save(log.ID, m); err != nil {
		b.log("queue %s: %v", log.Name, err) // a restart will see an older state of it
	}
	log.insert(m)
}

// bury moves a message that failed too often to the dead letter queue. It keeps its id and the time of its sending, as
// in workers-sdk, packages/miniflare/src/workers/queues/broker.worker.ts.
func (b *Broker) bury(log *backlog, m *Message, now time.Time) {
	name := log.Consumer.DeadLetterQueue
	dead := b.named(log.Account, name)
	if name == "" || dead == nil {
		b.log("queue %s: message %s was dropped after %d failed attempts", log.Name, m.ID, m.Attempts)
		b.forget(log, m)
		return
	}
	b.log("queue %s: message %s was moved to %s after %d failed attempts", log.Name, m.ID, dead.Name, m.Attempts)
	b.last++
	moved := *m
	moved.Number, moved.Attempts, moved.Kept, moved.Due = b.last, 0, now, now
	b.keep(dead, &moved) // before it is forgotten: it is nowhere at no time
	b.forget(log, m)
}
