// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Limits of messages. Source: https://developers.cloudflare.com/queues/platform/limits/; that a KB has 1000 bytes:
// workers-sdk, packages/miniflare/src/workers/queues/broker.worker.ts.
const (
	MaxMessage  = 128_000        // bytes of a message
	MaxMessages = 100            // messages sent at a time
	MaxBatch    = 256_000        // bytes of them
	MaxDelay    = 24 * time.Hour // of a message
)

// The content types of messages: what the producer's runtime made of the value that was sent.
const (
	Text  = "text"
	JSON  = "json"
	Bytes = "bytes"
	V8    = "v8"
)

// NewMessage is a message to be sent.
type NewMessage struct {
	ContentType string // Text, JSON, Bytes or V8
	Body        []byte
	Delay       *time.Duration // nil: the queue's
}

// Message is a message in a queue.
type Message struct {
	ID          string    `json:"id"`
	Number      uint64    `json:"number"` // in the order of sending
	Sent        time.Time `json:"sent"`
	Kept        time.Time `json:"kept"`     // when it came to this queue
	Due         time.Time `json:"due"`      // not delivered before
	Attempts    int       `json:"attempts"` // deliveries that were made
	ContentType string    `json:"contentType"`
	Body        []byte    `json:"body"`
}

// check refuses messages that cannot be sent together.
func check(messages []NewMessage) error {
	if n := len(messages); n == 0 || n > MaxMessages {
		return failf(codeCount, "a batch of %d messages was sent; send 1 to %d", n, MaxMessages)
	}
	size := 0
	for _, m := range messages {
		size += len(m.Body)
		switch m.ContentType {
		case Text, Bytes, V8:
		case JSON:
			if !json.Valid(m.Body) {
				return failf(codeMetadata, "a message of content type json is not JSON")
			}
		default:
			return failf(codeMetadata, "message content type %q is invalid; give text, json, bytes or v8", m.ContentType)
		}
		if n := len(m.Body); n > MaxMessage {
			return failf(codeMessageSize, "message length of %d bytes exceeds limit of %d", n, MaxMessage)
		}
		if m.Delay != nil && (*m.Delay < 0 || *m.Delay > MaxDelay) {
			return failf(codeMetadata, "message delay %v is invalid; give 0 to %v", *m.Delay, MaxDelay)
		}
	}
	if size > MaxBatch {
		return failf(codeBatchSize, "batch size of %d bytes exceeds limit of %d", size, MaxBatch)
	}
	return nil
}

// newID returns a message id: 32 hex digits.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
