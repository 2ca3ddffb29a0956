// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Defaults of what a [Queue] and a [Consumer] may leave out. Sources:
// https://developers.cloudflare.com/queues/configuration/configure-queues/ and
// https://developers.cloudflare.com/queues/platform/limits/.
const (
	DefaultRetention   = 4 * 24 * time.Hour
	DefaultBatchSize   = 10
	DefaultMaxWait     = 5 * time.Second
	DefaultMaxRetries  = 3
	DefaultConcurrency = 10 // ours
)

// Queue is a queue as it is set up.
type Queue struct {
	Account   string
	ID        string
	Name      string        // unique in the account
	Delay     time.Duration // of messages that are sent without one
	Retention time.Duration // how long a message is kept
	Paused    bool          // whether nothing is delivered
	Consumer  Consumer      // a Worker of the empty name: none
}

// Consumer is a Worker to which a queue's messages are delivered.
type Consumer struct {
	Worker          string
	BatchSize       int           // messages in a batch, at most
	MaxWait         time.Duration // how long a message waits for others
	MaxRetries      int           // deliveries after the first
	RetryDelay      time.Duration // of a retry that says none
	MaxConcurrency  int           // batches at a time; 0: DefaultConcurrency
	DeadLetterQueue string        // name of the queue for messages that fail too often; empty: they are dropped
}

// Deliver hands a batch to a Worker and waits for what it makes of it. An error says that this is not known.
type Deliver func(ctx context.Context, q Queue, batch []Message) (Result, error)

// Broker holds the messages of all queues. Exported fields must not be changed after the first call of a method.
// Methods are safe for concurrent use.
type Broker struct {
	// Dir keeps the messages across restarts, each in a file. Empty: memory only.
	Dir string
	// Now tells the time. Nil: [time.Now].
	Now func() time.Time
	// Deliver hands batches to consumers. Nil: nothing is delivered.
	Deliver Deliver
	// Changed, if non-nil, is called when something may be due earlier than [Broker.Due] said last.
	Changed func()
	// Log, if non-nil, is told of messages that are dropped or moved, and of deliveries that failed.
	Log func(text string)

	mu     sync.Mutex
	queues map[string]*backlog // by id
	last   uint64              // the number of the newest message
	opened bool
	loaded map[string][]*Message // from Dir, of queues that Apply has not named yet
}

// backlog is a queue with its messages.
type backlog struct {
	Queue

	waiting  []*Message        // in the order in which they are due
	leased   map[*Message]bool // being delivered
	batches  int               // being delivered
	failures int               // deliveries in a row of which nothing is known
	resume   time.Time         // no delivery before, after such a one
}

// open reads Dir, once. b.mu must be held.
func (b *Broker) open() error {
	if b.opened {
		return nil
	}
	b.queues = map[string]*backlog{}
	var err error
	if b.loaded, b.last, err = disk(b.Dir).load(); err != nil {
		return err
	}
	b.opened = true
	return nil
}

// Apply makes queues the ones that there are. Messages of those that are gone are forgotten.
func (b *Broker) Apply(queues []Queue) error {
	b.mu.Lock()
	defer b.changed()
	defer b.mu.Unlock()
	if err := b.open(); err != nil {
		return err
	}
	named := map[string]bool{}
	for _, q := range queues {
		named[q.ID] = true
		log := b.queues[q.ID]
		if log == nil {
			log = &backlog{leased: map[*Message]bool{}, waiting: b.loaded[q.ID]}
			delete(b.loaded, q.ID)
			b.queues[q.ID] = log
		}
		log.Queue = q
	}
	var errs []error
	for id := range b.queues {
		if !named[id] {
			delete(b.queues, id)
			errs = append(errs, disk(b.Dir).drop(id))
		}
	}
	for id := range b.loaded {
		delete(b.loaded, id)
		errs = append(errs, disk(b.Dir).drop(id))
	}
	return errors.Join(errs...)
}

// changed tells that something may be due.
func (b *Broker) changed() {
	if b.Changed != nil {
		b.Changed()
	}
}

func (b *Broker) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

func (b *Broker) log(format string, args ...any) {
	if b.Log != nil {
		b.Log(fmt.Sprintf(format, args...))
	}
}

// named returns the queue of a name, or nil. b.mu must be held.
func (b *Broker) named(account, name string) *backlog {
	for _, log := range b.queues {
		if log.Account == account && log.Name == name {
			return log
		}
	}
	return nil
}

// Send adds messages to the queue of a name: all of them or, with an error, none. A message without a delay gets that
// of the queue. What is left out of a message is its identity and its history.
func (b *Broker) Send(account, name string, messages ...NewMessage) error {
	b.mu.Lock()
	defer b.changed()
	defer b.mu.Unlock()
	log := b.named(account, name)
	if log == nil {
		return fmt.Errorf("%w: %q", ErrNoQueue, name)
	}
	if err := check(messages); err != nil {
		return err
	}
	now := b.now()
	var added []*Message
	for _, sent := range messages {
		delay := log.Delay
		if sent.Delay != nil {
			delay = *sent.Delay
		}
		b.last++
		m := &Message{
			ID: newID(), Number: b.last, Sent: now, Kept: now, Due: now.Add(delay), ContentType: sent.ContentType,
			Body: slices.Clone(sent.Body),
		}
		if err := disk(b.Dir).save(log.ID, m); err != nil {
			return errors.Join(err, b.removeAll(log.ID, added))
		}
		added = append(added, m)
	}
	for _, m := range added {
		log.insert(m)
	}
	return nil
}

func (b *Broker) removeAll(id string, messages []*Message) error {
	var errs []error
	for _, m := range messages {
		errs = append(errs, disk(b.Dir).remove(id, m))
	}
	return errors.Join(errs...)
}

// insert puts a message where it is due.
func (l *backlog) insert(m *Message) {
	at, _ := slices.BinarySearchFunc(l.waiting, m, inOrder)
	l.waiting = slices.Insert(l.waiting, at, m)
}

// inOrder compares messages by when they are due.
func inOrder(a, b *Message) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Number, b.Number)) }

// Metrics are what a queue holds, messages that are being delivered included.
type Metrics struct {
	Count  int
	Bytes  int
	Oldest time.Time // when the oldest one was sent; zero: there is none
}

// Metrics tells what the queue of a name holds.
func (b *Broker) Metrics(account, name string) (Metrics, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.named(account, name)
	if log == nil {
		return Metrics{}, fmt.Errorf("%w: %q", ErrNoQueue, name)
	}
	var all Metrics
	for _, m := range log.all() {
		all.Count++
		all.Bytes += len(m.Body)
		if all.Oldest.IsZero() || m.Sent.Before(all.Oldest) {
			all.Oldest = m.Sent
		}
	}
	return all, nil
}

// Messages returns the messages of the queue of a name, in the order of sending.
func (b *Broker) Messages(account, name string) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.named(account, name)
	if log == nil {
		return nil
	}
	var messages []Message
	for _, m := range log.all() {
		messages = append(messages, *m)
	}
	slices.SortFunc(messages, func(a, b Message) int { return cmp.Compare(a.Number, b.Number) })
	return messages
}

// all returns all messages, in no order.
func (l *backlog) all() []*Message {
	all := slices.Clone(l.waiting)
	for m := range l.leased {
		all = append(all, m)
	}
	return all
}

// Purge forgets all messages of a queue, also those that are being delivered.
func (b *Broker) Purge(account, name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.named(account, name)
	if log == nil {
		return fmt.Errorf("%w: %q", ErrNoQueue, name)
	}
	log.waiting = nil
	clear(log.leased)
	return disk(b.Dir).drop(log.ID)
}
