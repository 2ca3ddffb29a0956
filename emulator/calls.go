// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// callLog remembers the requests that arrived.
type callLog struct {
	mu    sync.Mutex
	total int
	lines []string
}

// add remembers a request and returns its number, from 1.
func (l *callLog) add(line string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.lines = append(l.lines, line)
	return l.total
}

// Calls returns the requests since the last call of Calls, as "GET /accounts?page=1" for the API and as
// "S3 GET /bucket/key" for R2's S3 endpoint, in the order in which they arrived.
func (s *Server) Calls() []string {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	lines := s.calls.lines
	s.calls.lines = nil
	return slices.Clone(lines)
}

// observe logs a request and lets the hooks have their say around next. Refused writes the answer for a status that
// Before chose.
func (s *Server) observe(
	w http.ResponseWriter, r *http.Request, kind string, next http.HandlerFunc,
	refused func(w http.ResponseWriter, status int),
) {
	n := s.calls.add(kind + r.Method + " " + r.URL.RequestURI())
	if s.Before != nil {
		if status := s.Before(n, r); status != 0 {
			refused(w, status)
			return
		}
	}
	if s.After == nil {
		next(w, r)
		return
	}
	held := &heldResponse{header: http.Header{}}
	next(held, r)
	if !s.After(n, r) {
		held.release(w)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the response was to be lost, but the connection cannot be closed: "+err.Error(), http.StatusBadGateway)
		return
	}
	// The client is to see a broken connection; how the close itself went does not matter.
	_ = conn.Close()
}

// heldResponse keeps a response back.
type heldResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (h *heldResponse) Header() http.Header { return h.header }

// WriteHeader implements [http.ResponseWriter].
func (h *heldResponse) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write implements [http.ResponseWriter].
func (h *heldResponse) Write(data []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(data)
}

func (h *heldResponse) release(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	// A client that went away cannot be told.
	_, _ = w.Write(h.body.Bytes())
}

// refuseStatus answers an API request with a status that Before chose, in the form that the API has for it.
func refuseStatus(w http.ResponseWriter, status int) {
	code, text := 10013, "An unknown error has occurred"
	switch {
	case status == http.StatusTooManyRequests:
		code, text = 971, "Please wait and consider throttling your request speed"
		w.Header().Set("Retry-After", "0")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code, text = 10000, "Authentication error"
	case status < http.StatusInternalServerError:
		code, text = 10000, http.StatusText(status)
	}
	respond(w, nil, refuse(status, code, "%s", text))
}
