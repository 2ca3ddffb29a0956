// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// longestWait is how long the server sleeps at most before it looks at the clock again, which may have been set, or
// stood still while the machine slept.
const longestWait = time.Minute

// events calls the handlers that no request calls: queued messages are delivered and cron triggers fire.
type events struct {
	crons cronClock
	wake  chan struct{} // something may be due earlier
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

// newBroker returns the broker of the server's queues.
func (s *Server) newBroker() *queue.Broker {
	b := &queue.Broker{Now: s.clock, Changed: s.wakeUp}
	if s.DataDir != "" {
		b.Dir = filepath.Join(s.DataDir, "queues")
	}
	if s.Runtime != nil {
		b.Deliver, b.Log = s.deliver, s.Runtime.Print
	}
	return b
}

// wakeUp makes the server look what is due.
func (s *Server) wakeUp() {
	select {
	case s.events.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// applyEvents makes the broker and the crons follow the state.
func (s *Server) applyEvents() error {
	var queues []queue.Queue
	crons := map[cronTrigger]bool{}
	for _, a := range sorted(s.state.Accounts) {
		for _, q := range sorted(a.Queues) {
			queues = append(queues, q.running(a))
		}
		for _, w := range sorted(a.Workers) {
			for _, schedule := range w.Schedules {
				crons[cronTrigger{account: a.ID, script: w.Name, cron: schedule.Cron}] = true
			}
		}
		for _, f := range sorted(a.Workflows) {
			for _, schedule := range f.Schedules {
				crons[cronTrigger{account: a.ID, workflow: f.Name, cron: schedule.Cron}] = true
			}
		}
	}
	s.events.crons.apply(crons, s.clock())
	return s.broker.Apply(queues)
}

// running is the queue as the broker takes it.
func (q *messageQueue) running(a *account) queue.Queue {
	running := queue.Queue{
		Account: a.ID, ID: q.ID, Name: q.Name, Paused: q.Settings.Paused,
		Delay:     time.Duration(q.Settings.Delay) * time.Second,
		Retention: time.Duration(q.Settings.Retention) * time.Second,
	}
	for _, c := range q.Consumers {
		if c.Type != workerConsumer {
			continue
		}
		running.Consumer = queue.Consumer{
			Worker: c.Script, BatchSize: c.Settings.BatchSize, MaxRetries: c.Settings.MaxRetries,
			RetryDelay: time.Duration(c.Settings.RetryDelay) * time.Second, DeadLetterQueue: c.DeadLetterQueue,
		}
		if ms := c.Settings.MaxWaitTimeMS; ms != nil {
			running.Consumer.MaxWait = time.Duration(*ms) * time.Millisecond
		}
		if n := c.Settings.MaxConcurrency; n != nil {
			running.Consumer.MaxConcurrency = *n
		}
	}
	return running
}

// deliver hands a batch to the Worker that consumes the queue.
func (s *Server) deliver(ctx context.Context, q queue.Queue, messages []queue.Message) (queue.Result, error) {
	batch := runtime.QueueBatch{Queue: q.Name}
	for _, m := range messages {
		batch.Messages = append(batch.Messages, runtime.QueueMessage{
			ID: m.ID, TimestampMS: m.Sent.UnixMilli(), Attempts: m.Attempts, ContentType: m.ContentType, Body: m.Body,
		})
	}
	got, err := s.Runtime.Queue(ctx, q.Account, q.Consumer.Worker, batch)
	if err != nil {
		return queue.Result{}, err
	}
	result := queue.Result{
		OK: got.Outcome == "ok", AckAll: got.AckAll, RetryAll: got.RetryBatch.Retry,
		RetryDelay: secondsOf(got.RetryBatch.DelaySeconds), Acks: got.ExplicitAcks,
	}
	for _, retry := range got.RetryMessages {
		result.Retries = append(result.Retries, queue.Retry{ID: retry.ID, Delay: secondsOf(retry.DelaySeconds)})
	}
	return result, nil
}

// secondsOf is a number of seconds, or nil, as a duration, or nil.
func secondsOf(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	return new(time.Duration(*n) * time.Second)
}

// startEvents begins to do what is due as time goes by.
func (s *Server) startEvents() {
	// The server's own context: it ends with Close.
	ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // there is no caller to take one from
	s.events.stop = stop
	s.events.tasks.Go(func() {
		for {
			due, next := s.due()
			_ = s.R2.ApplyLifecycle() // what failed is tried again in the next turn
			for _, do := range due {
				s.events.tasks.Go(func() { do(ctx) })
			}
			wait := longestWait
			if !next.IsZero() {
				wait = min(wait, max(0, next.Sub(s.clock())))
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-s.events.wake:
			case <-ctx.Done():
			}
			timer.Stop()
			if ctx.Err() != nil {
				return
			}
		}
	})
}

// stopEvents ends what [Server.startEvents] began. What is cut off is delivered again later.
func (s *Server) stopEvents() {
	if s.events.stop != nil {
		s.events.stop()
		s.events.tasks.Wait()
	}
}

// due returns what is due now, to be called, and when something is due next; the zero time if nothing is known of.
func (s *Server) due() (due []func(context.Context), next time.Time) {
	due, next = s.broker.Due()
	if s.Runtime == nil {
		return due, next
	}
	fired, soonest := s.events.crons.due(s.clock())
	for _, f := range fired {
		due = append(due, func(ctx context.Context) { s.fire(ctx, f) })
	}
	if next.IsZero() || !soonest.IsZero() && soonest.Before(next) {
		next = soonest
	}
	return due, next
}

// fire calls the scheduled handler of a Worker, or starts an instance of a Workflow.
func (s *Server) fire(ctx context.Context, f firing) {
	if f.workflow != "" {
		s.startInstance(ctx, f)
		return
	}
	outcome, err := s.Runtime.Scheduled(ctx, f.account, f.script, f.cron, f.at)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.Runtime.Print(fmt.Sprintf("cron %q of Worker %q: %v", f.cron, f.script, err))
	case outcome != "ok":
		s.Runtime.Print(fmt.Sprintf("cron %q of Worker %q ended with outcome %q", f.cron, f.script, outcome))
	}
}

// Tick does what is due by Now, waits until it is done, and goes on until nothing is due any more: it applies the
// lifecycle rules of R2's buckets, delivers messages and fires cron triggers. A server whose Now is nil does so by
// itself and needs no Tick.
func (s *Server) Tick(ctx context.Context) error {
	if err := s.Open(); err != nil {
		return err
	}
	if err := s.R2.ApplyLifecycle(); err != nil {
		return err
	}
	for {
		due, _ := s.due()
		if len(due) == 0 {
			return context.Cause(ctx)
		}
		var tasks sync.WaitGroup
		for _, do := range due {
			tasks.Go(func() { do(ctx) })
		}
		tasks.Wait()
	}
}
