// SPDX-License-Identifier: Apache-2.0

// Package queue holds the messages of Cloudflare Queues and hands them to consumers.
//
// A [Broker] is told which queues there are ([Broker.Apply]), is given messages ([Broker.Send], or [Binding], which is
// what a Worker's queue binding talks to) and says which deliveries are due ([Broker.Due]); it starts none by itself
// and looks at no clock but its own. A message is delivered at least once: it is forgotten only when a consumer has
// acknowledged it, when it has failed too often, or when it is too old. So nothing is lost when what runs the
// consumers is replaced, or dies, in the middle of a delivery.
//
// Batches, retries, delays and dead letter queues follow
// https://developers.cloudflare.com/queues/configuration/batching-retries/ and
// https://developers.cloudflare.com/queues/configuration/dead-letter-queues/.
//
// # Where it differs
//
//   - Order is that of sending, as long as nothing is delayed or retried. Cloudflare promises none.
//   - A consumer without max_concurrency gets at most [DefaultConcurrency] batches at a time; on Cloudflare it scales
//     from 1 to 250 with the backlog.
//   - A delivery that says nothing about its batch, since nothing runs the consumer, is repeated after a second, and
//     then after longer and longer, up to a minute. It does not count as an attempt.
//   - Pull consumers cannot pull. R2 event notifications and event subscriptions send nothing.
package queue
