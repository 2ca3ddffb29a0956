// SPDX-License-Identifier: Apache-2.0

package queue_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
)

// ask sends a request to the binding of the queue q, with headers as names and values in turn.
func (b *bench) ask(delay, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	binding := queue.Binding{Broker: b.Broker, Account: "acc", Queue: "q", Delay: delay}
	r := httptest.NewRequest(method, "https://fake-host"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	binding.ServeHTTP(w, r)
	return w
}

func TestBindingsSendMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(func(q *queue.Queue) { q.Delay = time.Second }))
	w := b.ask("", http.MethodPost, "/message", "one", "X-Msg-Fmt", "text")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.JSONEq(t, `{"metadata":{"metrics":{"backlogCount":1,"backlogBytes":3,"oldestMessageTimestamp":`+
		strconv.FormatInt(begin.UnixMilli(), 10)+`}}}`, w.Body.String())
	b.ask("7", http.MethodPost, "/message", "two")
	b.ask("7", http.MethodPost, "/message", `"three"`, "X-Msg-Fmt", "json", "X-Msg-Delay-Secs", "0")
	w = b.ask("", http.MethodPost, "/batch", `{"messages":[{"body":"Zm91cg==","contentType":"bytes","delaySecs":60},
		{"body":"Zml2ZQ=="}]}`, "X-Msg-Delay-Secs", "9")
	assert.Equal(t, http.StatusOK, w.Code, w.Body)
	var got []string
	for _, m := range b.Messages("acc", "q") {
		got = append(got, m.ContentType+" "+string(m.Body)+" "+m.Due.Sub(begin).String())
		assert.Len(t, m.ID, 32)
	}
	assert.Equal(t, []string{"text one 1s", "v8 two 7s", `json "three" 0s`, "bytes four 1m0s", "v8 five 9s"}, got)
	w = b.ask("", http.MethodGet, "/metrics", "")
	assert.Contains(t, w.Body.String(), `{"backlogCount":5,"backlogBytes":21,`)
	require.NoError(t, b.Purge("acc", "q"))
	assert.JSONEq(t, `{"backlogCount":0,"backlogBytes":0,"oldestMessageTimestamp":0}`,
		b.ask("", http.MethodGet, "/metrics", "").Body.String())
}

func TestBindingsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t, q(nil))
	for name, test := range map[string]struct {
		w            *httptest.ResponseRecorder
		status, code int
		says         string
	}{
		"large":   {b.ask("", http.MethodPost, "/message", strings.Repeat("x", 128_001)), 413, 10204, "128001"},
		"format":  {b.ask("", http.MethodPost, "/message", "x", "X-Msg-Fmt", "xml"), 400, 10203, "xml"},
		"delay":   {b.ask("", http.MethodPost, "/message", "x", "X-Msg-Delay-Secs", "soon"), 400, 10202, "soon"},
		"delays":  {b.ask("", http.MethodPost, "/batch", `{"messages":[]}`, "X-Msg-Delay-Secs", "-"), 400, 10202, "-"},
		"batch":   {b.ask("", http.MethodPost, "/batch", "{"), 400, 10207, "batch"},
		"none":    {b.ask("", http.MethodPost, "/batch", `{"messages":[]}`), 413, 10206, "0 messages"},
		"path":    {b.ask("", http.MethodPost, "/other", ""), 400, 10207, "/other"},
		"too far": {b.ask("86401", http.MethodPost, "/message", "x"), 400, 10203, "delay"},
	} {
		assert.Equal(t, test.status, test.w.Code, name)
		assert.Equal(t, strconv.Itoa(test.code), test.w.Header().Get("Cf-Queues-Error-Code"), name)
		assert.Contains(t, test.w.Header().Get("Cf-Queues-Error-Cause"), test.says, name)
	}
	assert.Empty(t, b.left("q"))
	require.NoError(t, b.Apply(nil))
	w := b.ask("", http.MethodPost, "/message", "x")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Header().Get("Cf-Queues-Error-Cause"), "does not exist")
	assert.Equal(t, "10104", w.Header().Get("Cf-Queues-Error-Code"))
	assert.Equal(t, http.StatusNotFound, b.ask("", http.MethodGet, "/metrics", "").Code)
}
