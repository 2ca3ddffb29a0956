// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Binding is what a Worker's queue binding talks to. It speaks the protocol of workerd's queue bindings: workerd,
// src/workerd/api/queue.c++, and workers-sdk, packages/miniflare/src/workers/queues/broker.worker.ts.
type Binding struct {
	Broker  *Broker
	Account string
	Queue   string // the queue's name
	Delay   string // the binding's delivery_delay in seconds; empty: the queue's
}

// metricsView is what bindings get to know of a queue.
type metricsView struct {
	Count  int   `json:"backlogCount"`
	Bytes  int   `json:"backlogBytes"`
	Oldest int64 `json:"oldestMessageTimestamp"` // milliseconds since the epoch; 0: there is none
}

// ServeHTTP answers POST /message and /batch, and GET /metrics.
func (b Binding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	metrics, err := b.serve(r)
	if err != nil {
		fail(w, err)
		return
	}
	view := metricsView{Count: metrics.Count, Bytes: metrics.Bytes}
	if !metrics.Oldest.IsZero() {
		view.Oldest = metrics.Oldest.UnixMilli()
	}
	var answer any = view
	if r.Method != http.MethodGet {
		answer = map[string]any{"metadata": map[string]any{"metrics": view}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a Worker that went away cannot be told
}

// fail answers with an error. workerd tells the Worker what is in the headers.
func fail(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, codeUnknown
	if refusal, ok := errors.AsType[*Error](err); ok {
		status, code = refusal.Status(), refusal.Code
	}
	w.Header().Set("Cf-Queues-Error-Code", strconv.Itoa(code))
	w.Header().Set("Cf-Queues-Error-Cause", err.Error())
	http.Error(w, err.Error(), status)
}

// serve does what a request asks for and returns what the queue holds then.
func (b Binding) serve(r *http.Request) (Metrics, error) {
	var messages []NewMessage
	var err error
	switch r.Method + " " + r.URL.Path {
	case "POST /message":
		messages, err = b.message(r)
	case "POST /batch":
		messages, err = b.batch(r)
	case "GET /metrics":
		return b.Broker.Metrics(b.Account, b.Queue)
	default:
		return Metrics{}, failf(codeSchema, "queues have no %s %s", r.Method, r.URL.Path)
	}
	if err != nil {
		return Metrics{}, err
	}
	if err := b.Broker.Send(b.Account, b.Queue, messages...); err != nil {
		return Metrics{}, err
	}
	return b.Broker.Metrics(b.Account, b.Queue)
}

// message reads a message, which is the body of a request.
func (b Binding) message(r *http.Request) ([]NewMessage, error) {
	delay, err := b.delay(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, failf(codeSchema, "message cannot be read: %v", err)
	}
	return []NewMessage{{ContentType: orV8(r.Header.Get("X-Msg-Fmt")), Body: body, Delay: delay}}, nil
}

// batch reads a list of messages.
func (b Binding) batch(r *http.Request) ([]NewMessage, error) {
	standard, err := b.delay(r)
	if err != nil {
		return nil, err
	}
	var sent struct {
		Messages []struct {
			Body        []byte   `json:"body"`
			ContentType string   `json:"contentType"`
			Delay       *float64 `json:"delaySecs"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, failf(codeSchema, "batch cannot be read: %v", err)
	}
	var messages []NewMessage
	for _, m := range sent.Messages {
		delay := standard
		if m.Delay != nil {
			delay = new(Seconds(*m.Delay))
		}
		messages = append(messages, NewMessage{ContentType: orV8(m.ContentType), Body: m.Body, Delay: delay})
	}
	return messages, nil
}

// delay returns the delay of a request, or else the binding's; nil: neither has one.
func (b Binding) delay(r *http.Request) (*time.Duration, error) {
	text := r.Header.Get("X-Msg-Delay-Secs")
	if text == "" {
		text = b.Delay
	}
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, failf(codeBatchDelay, "delay %q is not a number of seconds", text)
	}
	return new(Seconds(n)), nil
}

// Seconds returns a number of seconds as a duration.
func Seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// orV8 is the format of a message that names none.
func orV8(format string) string {
	if format == "" {
		return V8
	}
	return format
}
