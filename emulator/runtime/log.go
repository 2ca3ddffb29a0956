// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bytes"
	"sync"
)

// lineWriter passes what is written to it on, line by line. It is safe for concurrent use.
type lineWriter struct {
	line func(string)

	mu   sync.Mutex
	rest []byte
}

// longestLine is how much of a line is held back until it ends.
const longestLine = 64 << 10

// Write passes complete lines on. It never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			break
		}
		w.line(string(w.rest[:i]))
		w.rest = w.rest[i+1:]
	}
	if len(w.rest) > longestLine {
		w.line(string(w.rest))
		w.rest = nil
	}
	return len(p), nil
}
