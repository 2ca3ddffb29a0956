// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// logged writes a line for each request.
func logged(log *slog.Logger, door string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		args := []any{"status", seen.status, "ms", time.Since(start).Milliseconds()}
		if door == "http" {
			args = append(args, "host", r.Host)
		}
		log.Info(door+" "+r.Method+" "+r.URL.Path, args...)
	})
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusWriter) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(data)
}

// Unwrap lets [http.ResponseController] reach the connection, which WebSockets need.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// lineWriter logs what the Workers and the runtime print, line by line.
type lineWriter struct {
	log *slog.Logger

	mu   sync.Mutex
	rest []byte
}

// Write implements [io.Writer].
func (w *lineWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, data...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		w.log.Info("worker", "output", string(line))
		w.rest = rest
	}
}
