// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// eventHeader tells the entry Worker that a request is for another handler than fetch: "queue", "scheduled", "email",
// or a "workflow".
const eventHeader = "Emulator-Event"

// eventTimeout is how long a queue or scheduled handler may take: 15 minutes as on Cloudflare. Source:
// https://developers.cloudflare.com/workers/platform/limits/#duration.
const eventTimeout = 15 * time.Minute

// outcomeOK is the outcome of an invocation that did not throw. Others are those of workerd, such as "exception".
const outcomeOK = "ok"

// QueueBatch is what a queue handler is called with.
type QueueBatch struct {
	Queue    string         `json:"queue"` // the queue's name
	Messages []QueueMessage `json:"messages"`
}

// QueueMessage is a message in a [QueueBatch].
type QueueMessage struct {
	ID          string `json:"id"`
	TimestampMS int64  `json:"timestamp"`   // when it was sent, milliseconds since the epoch
	Attempts    int    `json:"attempts"`    // deliveries, this one included
	ContentType string `json:"contentType"` // text, json, bytes or v8
	Body        []byte `json:"body"`        // as the producer's runtime serialised it
}

// QueueResult is what a queue handler made of a batch. Source: workerd, src/workerd/api/http.h, Fetcher::QueueResult.
type QueueResult struct {
	Outcome    string `json:"outcome"` // "ok", or how the handler failed
	AckAll     bool   `json:"ackAll"`
	RetryBatch struct {
		Retry        bool `json:"retry"`
		DelaySeconds *int `json:"delaySeconds"`
	} `json:"retryBatch"`
	ExplicitAcks  []string `json:"explicitAcks"` // ids
	RetryMessages []struct {
		ID           string `json:"msgId"`
		DelaySeconds *int   `json:"delaySeconds"`
	} `json:"retryMessages"`
}

// Queue calls the queue handler of a Worker, in the version that the split of its traffic picks, and waits until that
// is done, waitUntil included. An error says that it is not known what became of the batch, or that nothing runs the
// Worker; a handler that throws is an outcome.
func (r *Runtime) Queue(ctx context.Context, account, worker string, batch QueueBatch) (QueueResult, error) {
	var result QueueResult
	err := r.dispatch(ctx, account, worker, "queue", batch, &result)
	return result, err
}

// Scheduled calls the scheduled handler of a Worker, as [Runtime.Queue] does its queue handler. It returns the outcome:
// "ok", or how the handler failed.
func (r *Runtime) Scheduled(
	ctx context.Context, account, worker, cron string, at time.Time,
) (outcome string, err error) {
	result, err := r.scheduled(ctx, workerRoute(account, worker), cron, at)
	return result.Outcome, err
}

// scheduledResult is what a scheduled handler made of its event. Source: workerd, src/workerd/api/http.h,
// Fetcher::ScheduledResult.
type scheduledResult struct {
	Outcome string `json:"outcome"`
	NoRetry bool   `json:"noRetry"`
}

// scheduled calls the scheduled handler of the Worker that route picks.
func (r *Runtime) scheduled(
	ctx context.Context, route func(*table) (scriptKey, error), cron string, at time.Time,
) (scheduledResult, error) {
	event := map[string]any{"cron": cron, "scheduledTime": at.UnixMilli()}
	var result scheduledResult
	err := r.dispatchTo(ctx, route, "scheduled", event, &result)
	return result, err
}

// dispatch calls a handler of a Worker.
func (r *Runtime) dispatch(ctx context.Context, account, worker, handler string, event, result any) error {
	return r.dispatchTo(ctx, workerRoute(account, worker), handler, event, result)
}

// workerRoute picks a Worker by name.
func workerRoute(account, worker string) func(*table) (scriptKey, error) {
	return func(t *table) (scriptKey, error) {
		if t == nil {
			return scriptKey{}, &pageError{page: nothingDeployed}
		}
		to := t.worker(workerKey{account, worker}, nil)
		if to.script == nil {
			return scriptKey{}, &pageError{page: to.page}
		}
		return to.script.key(), nil
	}
}

// dispatchTo calls a handler of the Worker that route picks, through the entry Worker.
func (r *Runtime) dispatchTo(
	ctx context.Context, route func(*table) (scriptKey, error), handler string, event, result any,
) error {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("%s event: %w", handler, err)
	}
	// Without a ray: the entry Worker answers when the handler and its waitUntil are done, so nothing remains.
	l, err := r.acquire(ctx, "", route)
	if err != nil {
		return fmt.Errorf("%s handler: %w", handler, err)
	}
	defer l.release()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.generation.proc.address+"/",
		bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s handler: %w", handler, err)
	}
	request.Header.Set(serviceHeader, l.service)
	request.Header.Set(eventHeader, handler)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%s handler: %w", handler, err)
	}
	defer func() { _ = response.Body.Close() }() // only read from: nothing to lose
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s handler: %w", handler, err)
	}
	if exception := response.Header.Get(exceptionHeader); exception != "" {
		text, err := url.PathUnescape(exception)
		if err != nil {
			text = exception
		}
		return fmt.Errorf("%s handler: %s", handler, text)
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("result of %s handler: %w", handler, err)
	}
	return nil
}

// scheduledPaths are where a Worker's address lets a user call its scheduled handler, as that of wrangler dev does.
// Cloudflare keeps /cdn-cgi/ to itself, so no Worker misses them. Sources: the documentation
// (https://developers.cloudflare.com/workers/configuration/cron-triggers/#test-cron-triggers-locally) and workers-sdk,
// packages/miniflare/src/workers/core/constants.ts.
var scheduledPaths = map[string]bool{"/cdn-cgi/handler/scheduled": true, "/cdn-cgi/local/scheduled": true}

// serveScheduled calls the scheduled handler of the Worker that a request's address belongs to. Query parameters and
// answers are those of workers-sdk, packages/miniflare/src/workers/core/scheduled.ts.
func (d *door) serveScheduled(w http.ResponseWriter, q *http.Request, v *visit) {
	query := q.URL.Query()
	at := time.Now()
	if text := query.Get("time"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			http.Error(w, "time must be milliseconds since the epoch", http.StatusBadRequest)
			return
		}
		at = time.UnixMilli(ms)
	}
	host, target := v.target(q)
	result, err := d.runtime.scheduled(q.Context(), func(t *table) (scriptKey, error) {
		to := t.lookup(v.scheme, host, target, q.Header)
		if to.script == nil {
			return scriptKey{}, &pageError{page: to.page}
		}
		return to.script.key(), nil
	}, query.Get("cron"), at)
	var known *pageError
	switch {
	case errors.As(err, &known):
		known.page.serve(w, q, v.ray)
		return
	case err != nil:
		unavailable(err).serve(w, q, v.ray)
		return
	}
	status := http.StatusOK
	if result.Outcome != outcomeOK {
		status = http.StatusInternalServerError
	}
	body, contentType := []byte(result.Outcome), "text/plain; charset=UTF-8"
	if query.Get("format") == "json" {
		if body, err = json.Marshal(result); err != nil {
			body = nil // two plain fields always marshal
		}
		contentType = "application/json"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Print writes a line about events to the log.
func (r *Runtime) Print(text string) { r.logLine("events", text) }
