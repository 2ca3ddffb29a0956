// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"fmt"
	"net/http"
)

// Codes of errors. Source: https://developers.cloudflare.com/queues/reference/error-codes/.
const (
	codeNoQueue     = 10104
	codeBatchDelay  = 10202
	codeMetadata    = 10203 // content type or delay of a message
	codeMessageSize = 10204
	codeBatchSize   = 10205
	codeCount       = 10206
	codeSchema      = 10207 // the body is not what it should be
	codeUnknown     = 15000
)

// Error is a refusal of what was sent.
type Error struct {
	Code int // Cloudflare's
	text string
}

// ErrNoQueue is returned for a queue that does not exist.
var ErrNoQueue error = &Error{Code: codeNoQueue, text: "the queue does not exist"}

// Error says what is wrong.
func (e *Error) Error() string { return e.text }

// Status is the HTTP status that goes with the error.
func (e *Error) Status() int {
	switch e.Code {
	case codeNoQueue:
		return http.StatusNotFound
	case codeMessageSize, codeBatchSize, codeCount:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func failf(code int, format string, args ...any) error {
	return &Error{Code: code, text: fmt.Sprintf(format, args...)}
}
